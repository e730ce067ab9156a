"""Write the reasons of a score, with points in proportion to the number of affected pages."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from llmready.crawler.model import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST_NAMED = 5
"""Maximum number of pages in a reason."""

LONGEST_NAMED = 500
"""Maximum characters of a URL in a reason, which bounds the size of a stored score."""


def reason(code: str, detail: str, points: int, remedy: str, pages: Iterable[object] = ()) -> Reason:
    """Return a reason that names the first of `pages` (URLs or their texts), each once."""
    urls = (url for url in dict.fromkeys(map(str, pages)) if len(url) <= LONGEST_NAMED)
    return Reason(code, detail, points, tuple(islice(urls, MOST_NAMED)), remedy)


def by_share(code: str, says: str, remedy: str, some: Collection[object], *, of: int, most: int) -> Reason:
    """Return a reason that costs points in proportion to the pages that it concerns.

    Args:
        code: Code of the reason.
        says: End of a sentence that begins with “3 of 9 pages have”.
        remedy: What the user can do.
        some: The affected pages.
        of: Number of all pages.
        most: Points if all pages are affected.
    """
    return reason(code, f"{have(len(some), of)} {says}", share(len(some), of, most), remedy, some)


def share(some: int, of: int, most: int) -> int:
    """Return the share of `some` in `of`, multiplied by `most`. If `some` is not 0, return at least 1."""
    return max(1, round(most * some / of)) if some else 0


def pages(some: int, of: int) -> str:
    """Return “3 of 9 pages”."""
    return f"{some:,} of {of:,} pages"


def have(some: int, of: int) -> str:
    """Return “3 of 9 pages have”."""
    return f"{pages(some, of)} {'has' if some == 1 else 'have'}"
