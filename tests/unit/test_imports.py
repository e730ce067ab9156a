"""Imports point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OURS = {"infra", "functions", "cli", "llmready", "crawler", "worker", "tests", "bench"}
AWS = {"boto3", "botocore", "aws_lambda_powertools", "aws_cdk", "aws_xray_sdk", "s3transfer"}
ROOMS = {
    "layers/core/python/llmready": {"llmready"},
    "container/crawler": {"crawler"},
    "container/worker": {"worker", "llmready"},
    "functions": {"llmready"},
    "cli": {"cli", "llmready", "crawler"},
    "infra": {"infra", "llmready", "functions"},
}


def imports(file: Path) -> set[str]:
    """Return the top names of what a file imports, wherever in it that stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            found.add(node.module or "")
    return found


def tops(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(file)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = [file for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts]
    assert files
    for file in files:
        assert tops(file) & OURS <= ROOMS[room], file


def test_the_crawler_knows_no_aws() -> None:
    for file in (ROOT / "container/crawler").rglob("*.py"):
        assert not tops(file) & AWS, file


@pytest.mark.parametrize("room", ["domain", "usecases"])
def test_rules_know_no_aws_and_no_adapters(room: str) -> None:
    for file in (ROOT / "layers/core/python/llmready" / room).rglob("*.py"):
        assert not tops(file) & AWS, file
        for name in imports(file):
            assert not name.startswith(("llmready.adapters", "llmready.http", "llmready.bootstrap")), file


def test_the_environment_is_read_in_one_place() -> None:
    """Settings come from settings.py; only observability, which comes before it, looks for itself."""
    core = ROOT / "layers/core/python/llmready"
    readers = {
        file.relative_to(core).as_posix() for file in core.rglob("*.py") if "os.environ" in file.read_text()
    }
    assert readers == {"settings.py", "observability.py"}
