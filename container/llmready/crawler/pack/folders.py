"""The folders of a site: the order of pages by path, and the number of folders that all pages share."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llmready.crawler.kinds import Kind, kind_of
from llmready.crawler.pack.words import segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url


@lru_cache(maxsize=131072)
def natural(url: Url) -> tuple[object, ...]:
    """Return the sort key of a page's path. Numbers are compared as numbers: chapter 2 comes before chapter 10."""
    parts = "/".join(part for part in url.key.partition("?")[0].split("/") if part)
    pieces = [piece[:18] if piece.isdecimal() else piece for piece in re.split(r"([0-9]+)", parts) if piece]
    order = [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]
    return (order, url.query, url.path)


def kind_within(url: Url, title: str, shared: Sequence[str]) -> Kind:
    """Return the kind of a page. Folders that all content shares are ignored, unless the page is outside of them.

    Args:
        url: URL of the page.
        title: Title of the page.
        shared: Folders that contain all content.
    """
    is_below = segments(url)[: len(shared)] == list(shared)
    return kind_of(url, title, len(shared) if is_below else 0)


def shared_folders(pages: Sequence[StoredPage], home: StoredPage) -> list[str]:
    """Return the leading folders that all pages have in common. They do not divide the site.

    Lists and the front page are not considered, because they may be outside of the folder with all other pages.
    """
    paths = [segments(page.url) for page in pages if page is not home and kind_of(page.url) is Kind.CONTENT]
    if len(paths) < 2:
        paths = [segments(page.url) for page in pages]
    first, *rest = paths
    count = len(first)
    for parts in rest:
        count = min(count, len(parts))
        while parts[:count] != first[:count]:
            count -= 1
    return first[:count] if rest else first[: max(0, count - 1)]
