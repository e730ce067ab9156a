"""Find the regular expressions of Python files, also those that are put together from constants."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Recorded = Mapping[tuple[str, int], list[tuple[str | bytes, int]]]

_FLAGS_AT = {
    "compile": 1,
    "search": 2,
    "match": 2,
    "fullmatch": 2,
    "findall": 2,
    "finditer": 2,
    "split": 3,
    "sub": 4,
    "subn": 4,
}
"""The functions of `re` that take a pattern, and the place of their argument `flags`."""

_AT_START = frozenset({"match", "fullmatch"})


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression of Python.

    Attributes:
        place: The file and the line.
        pattern: The regular expression. A part that is known only at run time is the letter x.
        flags: Its flags.
        uses: The functions that match it, such as `search`; `search` also if they are not known.
    """

    place: str
    pattern: str | bytes
    flags: int
    uses: frozenset[str]

    @property
    def is_anchored(self) -> bool:
        """Whether it is only matched at the start of texts."""
        return self.uses <= _AT_START

    @property
    def is_whole(self) -> bool:
        """Whether it only matches whole texts."""
        return self.uses == {"fullmatch"}


@contextmanager
def recording() -> Iterator[Recorded]:
    """Record the patterns that modules compile while they are imported, by file and line."""
    compile_, found = re.compile, defaultdict(list)

    def record(pattern: Any, flags: int = 0) -> Any:
        caller = sys._getframe(1)  # noqa: SLF001 - the only way to learn who calls
        if isinstance(pattern, str | bytes):
            found[caller.f_code.co_filename, caller.f_lineno].append((pattern, int(flags)))
        return compile_(pattern, flags)

    re.compile = record
    try:
        yield found
    finally:
        re.compile = compile_


def expressions(file: Path, module: str, recorded: Recorded) -> Iterator[Expression]:
    """Yield the regular expressions of a file.

    Args:
        file: The file.
        module: The name of its module, which is imported.
        recorded: What `recording` recorded while it was imported.

    Raises:
        ValueError: A pattern is not known.
    """
    names = vars(importlib.import_module(module))
    tree = ast.parse(file.read_text())
    uses = _uses(tree)
    named = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and (function := _function(call))):
            continue
        place = f"{file}:{call.lineno}"
        if function == "compile":
            found = uses.get(named.get(id(call), ""), frozenset({"search"}))
            known = _recorded_in(call, str(file), recorded)
        else:
            found, known = frozenset({function}), []
        for pattern, flags in known or [_evaluated(call, function, names, place)]:
            yield Expression(place, pattern, flags, found)


def _function(call: ast.Call) -> str:
    """Return the function of `re` that a call calls, or an empty text."""
    name = call.func
    is_re = isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id == "re"
    return name.attr if isinstance(name, ast.Attribute) and is_re and name.attr in _FLAGS_AT else ""


def _uses(tree: ast.Module) -> dict[str, frozenset[str]]:
    """Return how each name is used: the methods that are called on it; `search` for all other uses."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    called: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            # With a position, a text may be matched from each of its places.
            is_at_start = node.func.attr in _AT_START and len(node.args) == 1
            found[node.func.value.id].add(node.func.attr if is_at_start else "search")
            called.add(id(node.func.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            found[node.id].add("search")
    return {name: frozenset(uses) for name, uses in found.items()}


def _recorded_in(call: ast.Call, file: str, recorded: Recorded) -> list[tuple[str | bytes, int]]:
    lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
    found: Iterable[tuple[str | bytes, int]] = (
        one for line in lines for one in recorded.get((file, line), ())
    )
    return list(dict.fromkeys(found))


class _Names(dict[str, Any]):
    """The names of a module; names that are known only at run time are the letter x."""

    def __init__(self, names: Mapping[str, Any], unknown: str | bytes) -> None:
        super().__init__(names)
        self._unknown = unknown

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, self._unknown)


def _evaluated(
    call: ast.Call, function: str, names: Mapping[str, Any], place: str
) -> tuple[str | bytes, int]:
    """Return the pattern and the flags of a call. Raises: ValueError."""
    place_of_flags = _FLAGS_AT[function]
    given = call.args[place_of_flags] if len(call.args) > place_of_flags else None
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "flags"), given)
    if isinstance(call.args[0], ast.Name) and call.args[0].id not in names:
        raise ValueError(f"{place}: the pattern is known only at run time")
    for unknown in ("x", b"x"):
        try:
            pattern = _value(call.args[0], _Names(names, unknown))
        except TypeError:
            continue
        return pattern, int(_value(given, names)) if given is not None else 0
    raise ValueError(f"{place}: the pattern cannot be evaluated")


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    # The code is that of this repository.
    return eval(compile(ast.Expression(node), "pattern", "eval"), {}, names)  # noqa: S307
