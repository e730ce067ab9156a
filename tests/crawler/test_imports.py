"""Modules and packages of the crawler import each other in one direction only."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import llmready.crawler

PACKAGE = "llmready.crawler"
ROOT = Path(llmready.crawler.__file__).parent
MODULES = {
    ".".join((PACKAGE, *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in ROOT.rglob("*.py")
}


def imports() -> dict[str, set[str]]:
    """Return the modules that each module imports, also within functions and under TYPE_CHECKING."""
    found: dict[str, set[str]] = {name: set() for name in MODULES}
    for name, file in MODULES.items():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & set(MODULES)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                names = {f"{module}.{alias.name}" for alias in node.names} & set(MODULES)
                found[name] |= names or ({module} & set(MODULES))
    return found


def rooms() -> dict[str, set[str]]:
    """Return the packages (folders, and modules at the root) that each package imports."""
    found: dict[str, set[str]] = {}
    for name, imported in imports().items():
        found.setdefault(_room(name), set()).update(_room(other) for other in imported)
    return {room: others - {room} for room, others in found.items()}


def _room(module: str) -> str:
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_have_no_import_cycles() -> None:
    graph = imports()
    assert sum(map(len, graph.values())) > 150, "the imports were not read"
    assert circle(graph) == []


def test_packages_have_no_import_cycles() -> None:
    assert circle(rooms()) == []


def test_packages_import_each_other_in_one_direction() -> None:
    graph = rooms()
    for earlier, later in (("fetch", "page"), ("convert", "page"), ("page", "store"), ("store", "pack")):
        assert earlier in _reachable(graph, later), (earlier, later)
    assert "engine" not in set().union(
        *(graph[room] for room in ("fetch", "convert", "page", "store", "pack"))
    )


def test_only_the_scheduler_changes_frontier_store_and_reporter() -> None:
    visit = imports()[f"{PACKAGE}.engine.visit"]
    assert not visit & {f"{PACKAGE}.store.pages", f"{PACKAGE}.report.reporter", f"{PACKAGE}.engine.scheduler"}


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found
