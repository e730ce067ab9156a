"""Recognise endless paths, which arise if a site answers every path with the same page with relative links."""

from __future__ import annotations

DEEPEST_FOLDER = 40
MOST_REPEATS = 5
"""Times that a folder's name may occur in a path, ignoring numbers after it (`next1`, `next2`). More are caused by a
relative link on a page that is served at every path."""

_DIGITS = "0123456789"


def leads_into_itself(path: str) -> bool:
    """Return whether a path is too deep, or repeats a folder too often, to be the path of a real page."""
    folders = [name.rstrip(_DIGITS) or name for name in path.split("/")]
    if len(folders) > DEEPEST_FOLDER:
        return True
    return len(folders) > MOST_REPEATS and any(folders.count(name) > MOST_REPEATS for name in set(folders))
