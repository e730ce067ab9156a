"""Recognise endless paths, which arise if a site answers every path with the same page with relative links."""

from __future__ import annotations

import re

DEEPEST_FOLDER = 40
MOST_REPEATS = 5
"""Times that a folder's name may occur in a path, ignoring numbers after it (`next1`, `next2`). More are caused by a
relative link on a page that is served at every path."""

_NUMBER = re.compile(r"(?<=[^\d/])\d+$")


def leads_into_itself(path: str) -> bool:
    """Return whether a path is too deep, or repeats a folder too often, to be the path of a real page."""
    folders = [_NUMBER.sub("", name) for name in path.split("/")]
    if len(folders) > DEEPEST_FOLDER:
        return True
    return len(folders) > MOST_REPEATS and any(folders.count(name) > MOST_REPEATS for name in set(folders))
