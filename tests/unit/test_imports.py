"""Imports point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOPS = {"infra", "functions", "tests", "bench", "testkit"}
AWS = {"boto3", "botocore", "aws_lambda_powertools", "aws_cdk", "aws_xray_sdk", "s3transfer"}
CORE = {"llmready"}
# What the rooms may import of ours. `llmready` alone is the core; its neighbours in the namespace are named in full.
ROOMS = {
    "layers/core/python/llmready": CORE,
    "container/llmready/crawler": {"llmready.crawler", "llmready.version"},
    "container/llmready/worker": {"llmready.worker", *CORE},
    "functions": CORE,
    "cli/llmready/cli": {"llmready.cli", "llmready.crawler", *CORE},
    "infra": {"infra", "functions", *CORE},
    "testkit": {
        "testkit",
        "infra",
        "functions",
        "llmready.crawler",
        "llmready.worker",
        "llmready.cli",
        *CORE,
    },
    "bench": {
        "bench",
        "testkit",
        "infra",
        "functions",
        "llmready.crawler",
        "llmready.worker",
        "llmready.cli",
        *CORE,
    },
}
NEIGHBOURS = {"llmready.crawler", "llmready.worker", "llmready.cli"}


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


def rooms(file: Path) -> set[str]:
    """Return which of our rooms a file imports from."""
    found: set[str] = set()
    for name in imports(file):
        top, _, rest = name.partition(".")
        neighbour = f"{top}.{rest.split('.')[0]}"
        if top == "llmready":
            found.add(neighbour if neighbour in NEIGHBOURS or neighbour == "llmready.version" else "llmready")
        elif top in TOPS:
            found.add(top)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = [file for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts]
    assert files
    for file in files:
        allowed = ROOMS[room] | ({"llmready.version"} if "llmready" in ROOMS[room] else set())
        assert rooms(file) <= allowed, file


def test_the_crawler_knows_no_aws() -> None:
    for file in (ROOT / "container/llmready/crawler").rglob("*.py"):
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
