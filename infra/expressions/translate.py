"""Translate regular expressions of Python to JavaScript, because the checker reads only those of JavaScript.

The translation keeps what decides about the time of a match: which characters can repeat where. Possessive
quantifiers and atomic groups become ordinary ones, which can only take longer.
"""

from __future__ import annotations

import re
from re import _constants as sre
from re import _parser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
_PLACES = {
    sre.AT_BEGINNING: "^",
    sre.AT_BEGINNING_STRING: r"(?<![\s\S])",
    sre.AT_END: "$",
    sre.AT_END_STRING: r"(?![\s\S])",
    sre.AT_BOUNDARY: r"\b",
    sre.AT_NON_BOUNDARY: r"\B",
}
_REPEATS = {sre.MAX_REPEAT: "", sre.MIN_REPEAT: "?", sre.POSSESSIVE_REPEAT: ""}
_ASSERTIONS = {
    (sre.ASSERT, 1): "?=",
    (sre.ASSERT_NOT, 1): "?!",
    (sre.ASSERT, -1): "?<=",
    (sre.ASSERT_NOT, -1): "?<!",
}
_LARGEST = 0xFFFF  # other characters have the same meaning for the time


def translated(pattern: str | bytes, flags: int) -> tuple[str, str]:
    """Return the source and the flags of a regular expression of JavaScript.

    Args:
        pattern: A regular expression of Python.
        flags: Its flags.
    """
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    tree = _parser.parse(text, flags & ~re.UNICODE & ~re.LOCALE)
    found = tree.state.flags
    names = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
    return _sequence(tree), "".join(name for flag, name in names.items() if found & flag)


def _sequence(items: Any) -> str:
    return "".join(_item(kind, value) for kind, value in items)


def _item(kind: Any, value: Any) -> str:
    if kind in _REPEATS:
        least, most, inner = value
        return f"(?:{_sequence(inner)}){_bounds(least, most)}{_REPEATS[kind]}"
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return f"({_ASSERTIONS[kind, value[0]]}{_sequence(value[1])})"
    if kind not in _WRITERS:
        raise ValueError(f"{kind} cannot be translated")
    return _WRITERS[kind](value)


def _group(value: Any) -> str:
    # Flags for a part of a pattern do not decide about the time.
    number, _, _, inner = value
    return f"({_sequence(inner)})" if number is not None else f"(?:{_sequence(inner)})"


def _bounds(least: int, most: Any) -> str:
    if most is sre.MAXREPEAT:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return "?" if (least, most) == (0, 1) else f"{{{least},{most}}}"


def _set(parts: Any) -> str:
    found = []
    for kind, value in parts:
        match kind:
            case sre.NEGATE:
                found.append("^")
            case sre.LITERAL:
                found.append(_character(value))
            case sre.RANGE:
                found.append(f"{_character(value[0])}-{_character(value[1])}")
            case sre.CATEGORY:
                found.append(_CATEGORIES[value])
            case _:
                raise ValueError(f"{kind} cannot be translated")
    return f"[{''.join(found)}]"


def _character(code: int) -> str:
    return f"\\u{min(code, _LARGEST):04x}"


_WRITERS: dict[Any, Callable[[Any], str]] = {
    sre.LITERAL: _character,
    sre.NOT_LITERAL: lambda value: f"[^{_character(value)}]",
    sre.ANY: lambda _: ".",
    sre.IN: _set,
    sre.BRANCH: lambda value: f"(?:{'|'.join(map(_sequence, value[1]))})",
    sre.SUBPATTERN: _group,
    sre.ATOMIC_GROUP: lambda value: f"(?:{_sequence(value)})",
    sre.AT: lambda value: _PLACES[value],
    sre.GROUPREF: lambda value: f"(?:\\{value})",
}
