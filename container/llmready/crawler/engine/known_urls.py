"""The URLs of a site that a crawl knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_KNOWN = 50_000
"""URLs of one site that are stored; further ones are ignored."""

MOST_CHARACTERS = 20_000_000
"""Characters of these URLs together. Each URL may have thousands, and is stored several times."""

LONGEST_SETTLED = 400
"""Characters of the path and the query of the longest settled URL that is stored."""


class KnownUrls(set[str]):
    """Keys of URLs, with their number of characters."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        super().__init__(keys)
        self._characters = sum(map(len, self))

    def add(self, key: str) -> None:
        """Add a key."""
        if key not in self:
            self._characters += len(key)
        super().add(key)

    @property
    def is_full(self) -> bool:
        """Whether no further URLs are stored."""
        return len(self) >= MAX_KNOWN or self._characters >= MOST_CHARACTERS


class SettledUrls(set[Url]):
    """URLs that are not examined again when a page links to them. They are a cache, so some may be missing."""

    def note(self, urls: Iterable[Url]) -> None:
        """Add URLs, as far as there is room."""
        if len(self) < MAX_KNOWN:
            self.update(url for url in urls if len(url.path) + len(url.query) <= LONGEST_SETTLED)
