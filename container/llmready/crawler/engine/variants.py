"""How many URLs that differ only in their query are fetched. Too many are combinations of filters, not pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.short_names import short_name

if TYPE_CHECKING:
    from llmready.crawler.urls import Url

MOST_VARIANTS = 1000
"""Query strings of one path that are accepted."""

MOST_OF_A_PAGE = 200
"""Query strings of one path that one page adds. Further ones come last, so that they do not replace other pages."""


class Variants:
    """Counts the query strings of each path."""

    def __init__(self) -> None:
        self._accepted: Counter[str] = Counter()
        self._named: Counter[str] = Counter()

    def are_too_many(self, url: Url, source: str) -> bool:
        """Count a link. Return whether the page `source` adds more than its share.

        Sitemaps (empty key) have no share, because the owner of the site writes them.
        """
        if not (url.query and source):
            return False
        name = short_name(f"{source} {url.path}")
        self._named[name] += 1
        return self._named[name] > MOST_OF_A_PAGE

    def accept(self, url: Url) -> bool:
        """Count a URL. Return False if the path already has too many."""
        if not url.query:
            return True
        self._accepted[url.path] += 1
        return self._accepted[url.path] <= MOST_VARIANTS

    def notes(self) -> list[str]:
        """Return a note if URLs were left out."""
        paths = sorted(path for path, number in self._accepted.items() if number > MOST_VARIANTS)
        if not paths:
            return []
        more = f" and {len(paths) - 1} more paths" if len(paths) > 1 else ""
        too_many = f"More than {MOST_VARIANTS} addresses of {paths[0]}{more} differ only in their query"
        return [f"{too_many}; the others were left out."]

    def state(self) -> list[dict[str, Any]]:
        """Return the counts as data for JSON."""
        return [dict(self._accepted), dict(self._named)]

    @classmethod
    def restored(cls, state: list[dict[str, Any]]) -> Variants:
        """Return the counts that `state` describes."""
        variants = cls()
        variants._accepted, variants._named = map(Counter, state)
        return variants
