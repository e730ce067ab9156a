"""Include and exclude patterns: path globs or plain words.

The crawler and the API's preview share this module. It imports no other module of LLMReady.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

Matcher = Callable[[str], bool]


class Patterns:
    """Select the pages of a site by include and exclude patterns.

    A pattern has one of these forms:

    - `/docs/*` is a glob on the path. `*` also matches slashes.
    - `/docs` matches a path and everything below it.
    - `https://example.com/docs/*` also matches the origin.
    - Any other word, such as `blog`, matches a part of the path. Upper and lower case are equal.

    Args:
        include: Patterns of the wanted pages. Empty for all pages.
        exclude: Patterns of the pages that are left out.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_matcher(pattern) for pattern in include if pattern.strip()]
        self._exclude = [_matcher(pattern) for pattern in exclude if pattern.strip()]

    def wants(self, target: str) -> bool:
        """Return whether the patterns select the page at this path (with its query)."""
        path = unquote(target)
        if any(matches(path) for matches in self._exclude):
            return False
        return not self._include or any(matches(path) for matches in self._include)


def split_list(text: str) -> list[str]:
    """Split a comma-separated list of patterns, dropping empty ones."""
    return [part for part in (part.strip() for part in text.split(",")) if part]


def _matcher(pattern: str) -> Matcher:
    pattern = unquote(pattern.strip())
    if "://" in pattern:
        pattern = "/" + pattern.partition("://")[2].partition("/")[2]
    if "*" in pattern or "?" in pattern:
        return _glob(pattern)
    if pattern.startswith("/"):
        root = pattern.rstrip("/")
        return lambda path: path.partition("?")[0] == root or path.startswith((f"{root}/", f"{root}?"))
    word = pattern.casefold()
    return lambda path: word in path.casefold()


def _glob(pattern: str) -> Matcher:
    if not pattern.startswith(("/", "*")):
        pattern = f"*/{pattern}"
    glob = _Glob(pattern)
    return lambda path: glob.matches(path) or ("?" in path and glob.matches(path.partition("?")[0]))


_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
"""A class such as `[a-z]`, or one character."""

Token = str | re.Pattern[str] | None
"""A character, a class of characters, or None for any character."""


class _Glob:
    """A glob that is matched in linear time, whatever the pattern and the path are.

    The parts between the stars are searched from left to right. The first match of each part is used. Parameters:
    `pattern`, with `*`, `?` and classes such as `[a-z]`.
    """

    def __init__(self, pattern: str) -> None:
        first, *others = [_tokens(part) for part in _split(pattern)]
        self._is_exact = not others
        self._first = _Part(first)
        self._inner = [_Part(part) for part in others[:-1] if part]
        self._last = _Part(others[-1] if others else [])

    def matches(self, path: str) -> bool:
        """Return whether the whole path matches."""
        if self._is_exact:
            return len(path) == self._first.length and self._first.is_at(path, 0)
        start, end = self._first.length, len(path) - self._last.length
        if start > end or not self._first.is_at(path, 0) or not self._last.is_at(path, end):
            return False
        for part in self._inner:
            start = part.end_of_first(path, start, end)
            if start < 0:
                return False
        return True


class _Part:
    """A part of a glob without stars."""

    def __init__(self, tokens: list[Token]) -> None:
        self.length = len(tokens)
        self._tokens = tokens
        self._literal = "".join(token for token in tokens if isinstance(token, str))
        self._is_literal = len(self._literal) == len(tokens)
        # For each character, a bit for each place of the part where it may stand (the Shift-And algorithm).
        self._places: dict[str, int] = {}

    def is_at(self, path: str, start: int) -> bool:
        """Return whether the part matches at a position of the path."""
        if self._is_literal:
            return path.startswith(self._literal, start)
        found = path[start : start + self.length]
        return len(found) == self.length and all(map(_fits, self._tokens, found))

    def end_of_first(self, path: str, start: int, end: int) -> int:
        """Return where the first occurrence between `start` and `end` ends, or -1."""
        if self._is_literal:
            found = path.find(self._literal, start, end)
            return found + self.length if found >= 0 else -1
        last, state = 1 << (self.length - 1), 0
        for index in range(start, end):
            state = (state << 1 | 1) & self._places_of(path[index])
            if state & last:
                return index + 1
        return -1

    def _places_of(self, character: str) -> int:
        places = self._places.get(character)
        if places is None:
            places = sum(1 << place for place, token in enumerate(self._tokens) if _fits(token, character))
            self._places[character] = places
        return places


def _split(pattern: str) -> list[str]:
    """Split a pattern at its stars; several in a row are one."""
    parts = [""]
    for piece in _TOKEN.findall(re.sub(r"\*+", "*", pattern)):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _tokens(part: str) -> list[Token]:
    return [_token(text) for text in _TOKEN.findall(part)]


def _token(text: str) -> Token:
    if text == "?":
        return None
    return re.compile(fnmatch.translate(text)) if len(text) > 1 else text


def _fits(token: Token, character: str) -> bool:
    if token is None or isinstance(token, str):
        return token is None or token == character
    return token.match(character) is not None
