"""Setbacks among the URLs that one page names, so that no page can spend the limits of the whole crawl."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from llmready.crawler.failures import Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.engine.candidate import Candidate

MOST_REFUSALS = 5
"""Refused requests for URLs that one page names, more than its good pages, after which its other URLs come last."""

MOST_WASTED = 10
"""Copies, and failures of URLs with a query, among the URLs that one page names, more than its good pages.

Then its other URLs come last. Many servers send the same page for each query or each end of a path.
"""

MOST_IN_A_ROW = 25
"""Requests without a response in a row after which the site counts as unreachable.

The same number of refused requests without a good page between them means that it is overloaded.
"""

MOST_SOURCES = 5
"""Pages whose URLs may be refused in a row while other URLs are left."""

RETRIED = frozenset({Code.CONNECTION_FAILED, Code.SERVER_ERROR, Code.RATE_LIMITED})
_SILENCES = frozenset({Code.CONNECTION_FAILED, Code.TIMEOUT, Code.DNS_FAILURE})


class Setbacks:
    """Counts setbacks by the page that named the URL (`Candidate.source`). A good page removes one setback."""

    def __init__(self) -> None:
        self._refused: Counter[str] = Counter()
        self._wasted: Counter[str] = Counter()
        self._silences = 0
        self._in_a_row = 0
        self._sources: set[str] = set()

    def failed(self, candidate: Candidate, code: Code) -> None:
        """Count a failure."""
        self._silences += code in _SILENCES
        if code in RETRIED | _SILENCES:
            self._refused[candidate.source] += 1
            self._in_a_row += 1
            self._sources.add(candidate.source)

    def answered(self, candidate: Candidate, status: int) -> None:
        """Count a response."""
        self._silences = 0
        if status == 200:
            self._in_a_row = 0
            self._sources.clear()
            _decrease(self._refused, candidate.source)

    def kept(self, candidate: Candidate) -> None:
        """Count a page of the result."""
        _decrease(self._wasted, candidate.source)

    def copied(self, candidate: Candidate) -> None:
        """Count a copy of another page."""
        self._wasted[candidate.source] += 1

    def lost(self, candidate: Candidate) -> None:
        """Count a page that finally failed. Links that no longer work are ordinary, unless they have queries."""
        if (candidate.asked or candidate.url).query:
            self._wasted[candidate.source] += 1

    def number(self, candidate: Candidate) -> int:
        """Return the number of setbacks among the URLs that the same page names."""
        return self._refused[candidate.source] + self._wasted[candidate.source]

    def puts_last(self, candidate: Candidate) -> bool:
        """Return whether the page is fetched only when nothing else is left.

        This is never a page of a sitemap, which the owner of the site writes, nor one that a further page of
        the result links to.
        """
        if candidate.is_confirmed or not candidate.source:
            return False
        return (
            self._refused[candidate.source] >= MOST_REFUSALS or self._wasted[candidate.source] >= MOST_WASTED
        )

    def end_crawl(self, has_only_last: Callable[[], bool]) -> bool:
        """Return whether the site is unreachable or overloaded.

        Refused requests for URLs that a few pages name show this only if all URLs that are left come last.
        """
        if self._silences >= MOST_IN_A_ROW:
            return True
        is_many = self._in_a_row >= MOST_IN_A_ROW
        return is_many and (len(self._sources) > MOST_SOURCES or has_only_last())

    def state(self) -> dict[str, Any]:
        """Return the counts as data for JSON."""
        return {"refused": dict(self._refused), "wasted": dict(self._wasted)}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Setbacks:
        """Return the counts that `state` describes."""
        setbacks = cls()
        setbacks._refused, setbacks._wasted = Counter(state["refused"]), Counter(state["wasted"])
        return setbacks


def _decrease(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]
