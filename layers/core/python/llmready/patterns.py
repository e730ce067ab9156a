"""Include and exclude patterns: path globs or plain words.

The crawler and the API's preview share this module; it imports nothing of ours.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

Matcher = Callable[[str], bool]


class Patterns:
    """Decides which pages of a site are wanted.

    Parameters: `include` and `exclude`, lists of patterns. `/docs/*` is a glob on the path (`*` matches slashes,
    too), `/docs` matches a path and everything below it, `https://example.com/docs/*` the same with an origin, and
    `blog` or any other word matches a part of the path without regard to case.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_matcher(pattern) for pattern in include if pattern.strip()]
        self._exclude = [_matcher(pattern) for pattern in exclude if pattern.strip()]

    def wants(self, target: str) -> bool:
        """Tell whether the page at this path (with its query) is wanted."""
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
    # fnmatch translates to atomic groups, so no pattern takes more than linear time.
    matches = re.compile(fnmatch.translate(re.sub(r"\*+", "*", pattern))).match
    return lambda path: bool(matches(path) or matches(path.partition("?")[0]))
