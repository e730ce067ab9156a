"""How many URLs that differ only in their query are fetched. Too many are combinations of filters, not pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.urls import Url

MOST_VARIANTS = 1000
"""Query strings of one path that are accepted."""


class Variants:
    """Counts the query strings of each path."""

    def __init__(self) -> None:
        self._accepted: Counter[str] = Counter()

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

    def state(self) -> dict[str, int]:
        """Return the counts as data for JSON."""
        return dict(self._accepted)

    @classmethod
    def restored(cls, state: dict[str, int]) -> Variants:
        """Return the counts that `state` describes."""
        variants = cls()
        variants._accepted = Counter(state)
        return variants
