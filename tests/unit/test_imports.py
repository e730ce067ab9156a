"""Imports between packages go in one direction only."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOPS = {"infra", "functions", "tests", "bench", "testkit"}
AWS = {"boto3", "botocore", "aws_lambda_powertools", "aws_cdk", "aws_xray_sdk", "s3transfer"}
CORE = {"llmready"}
# Modules of the core that import nothing of ours, so that the crawler may use them as well.
SHARED = {"llmready.version", "llmready.patterns", "llmready.addresses", "llmready.bounded_json"}
# What the rooms may import of ours. `llmready` alone is the core; its neighbours in the namespace are named in full.
ROOMS = {
    "layers/core/python/llmready": CORE,
    "container/llmready/crawler": {"llmready.crawler", *SHARED},
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
    """Return the top-level packages that a file imports, including imports within functions."""
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
    """Return the packages of this repository from which a file imports."""
    found: set[str] = set()
    for name in imports(file):
        top, _, rest = name.partition(".")
        neighbour = f"{top}.{rest.split('.')[0]}"
        if top == "llmready":
            found.add(neighbour if neighbour in NEIGHBOURS | SHARED else "llmready")
        elif top in TOPS:
            found.add(top)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_package_imports_only_allowed_packages(room: str) -> None:
    files = [file for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts]
    assert files
    for file in files:
        allowed = ROOMS[room] | (SHARED if "llmready" in ROOMS[room] else set())
        assert rooms(file) <= allowed, file


def test_crawler_imports_no_aws() -> None:
    for file in (ROOT / "container/llmready/crawler").rglob("*.py"):
        assert not tops(file) & AWS, file


CORE_SOURCES = ROOT / "layers/core/python"
# Modules that domain, ports and use cases must not import: all modules of the core that use AWS or HTTP.
OUTSIDE = ("llmready.adapters", "llmready.http", "llmready.bootstrap", "llmready.observability")


def source_of(name: str) -> Path | None:
    """Return the file of a module of the core, or None."""
    place = CORE_SOURCES.joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


@cache
def modules_in(file: Path) -> frozenset[str]:
    """Return the modules that a file imports; ``from a import b`` names the module ``a.b`` where there is one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = {name for name in names if source_of(name)}
            found |= inner or {node.module}
    return frozenset(found)


def reached_from(file: Path) -> dict[str, str]:
    """Return every module that a file imports directly or through modules of the core, with the chain of imports."""
    ways = {file: file.stem}
    reached: dict[str, str] = {}
    left = [file]
    while left:
        current = left.pop()
        for name in modules_in(current):
            reached.setdefault(name, f"{ways[current]} -> {name}")
            # Importing a module runs its packages, too.
            parts = name.split(".")
            for count in range(1, len(parts) + 1):
                source = source_of(".".join(parts[:count]))
                if source is not None and source not in ways:
                    ways[source] = reached[name]
                    left.append(source)
    return reached


@pytest.mark.parametrize("room", ["domain", "ports", "usecases"])
def test_domain_reaches_no_aws_and_no_adapters(room: str) -> None:
    files = list((CORE_SOURCES / "llmready" / room).rglob("*.py"))
    assert files
    for file in files:
        for name, way in reached_from(file).items():
            assert name.split(".")[0] not in AWS, way
            assert not name.startswith(OUTSIDE), way


def test_modules_of_the_core_have_no_import_cycles() -> None:
    graph = {
        file: {source for name in modules_in(file) if (source := source_of(name)) and source != file}
        for file in CORE_SOURCES.rglob("*.py")
    }
    TopologicalSorter(graph).prepare()  # raises CycleError with the cycle


def test_the_environment_is_read_in_one_place() -> None:
    """Settings are read in settings.py.

    Only observability, which is imported earlier, reads the environment itself.
    """
    core = ROOT / "layers/core/python/llmready"
    readers = {
        file.relative_to(core).as_posix() for file in core.rglob("*.py") if "os.environ" in file.read_text()
    }
    assert readers == {"settings.py", "observability.py"}
