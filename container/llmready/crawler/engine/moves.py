"""Which pages lead to which other page by a redirect or a canonical URL, to find loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmready.crawler.urls import Url


class Moves:
    """The moves between pages of one crawl. `moved` contains the keys of URLs."""

    def __init__(self, moved: Mapping[str, str] | None = None) -> None:
        self.moved = dict(moved or {})

    def chain(self, key: str) -> list[str]:
        """Return the keys of the URL `key` and of all URLs that it leads to."""
        passed: dict[str, None] = {}
        while key not in passed:
            passed[key] = None
            key = self.moved.get(key, key)
        return list(passed)

    def make_circle(self, source: Url, target: Url) -> bool:
        """Record that a page leads to another one. Return whether this makes a loop."""
        own, key = source.key, target.key
        self.moved[own] = key
        passed: set[str] = set()
        while key != own and key in self.moved and key not in passed:
            passed.add(key)
            key = self.moved[key]
        return key == own
