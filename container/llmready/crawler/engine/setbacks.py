"""Setbacks among the URLs that one page names, so that no page can spend the limits of the whole crawl."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.short_names import short_name
from llmready.crawler.failures import Code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.engine.candidate import Candidate
    from llmready.crawler.fetch.response import Response

MOST_WASTED = 10_000_000
"""Bytes of copies and skipped pages among the URLs that one page names, more than those of its good pages.

Then its other URLs come last. Many servers send the same page for each query or each end of a path.
"""

MOST_IN_A_ROW = 25
"""Requests in a row that are refused or get no response, after which the site counts as overloaded or unreachable."""

MOST_FAILURES = 100
"""Failed requests for URLs that one page names, more than its good ones, after which its other URLs come last.

It is larger than what fails while a server restarts.
"""

MOST_SOURCES = 2
"""Pages whose URLs may fail in a row while URLs of other pages wait."""

RETRIED = frozenset({Code.CONNECTION_FAILED, Code.SERVER_ERROR, Code.RATE_LIMITED})
_COUNTED = RETRIED | {Code.TIMEOUT, Code.DNS_FAILURE}


class Setbacks:
    """Counts setbacks by the page that named the URL (`Candidate.source`).

    `has_recovered` is set when the URLs of a page need not come last any more. A caller that reads it may unset it.
    """

    def __init__(self) -> None:
        self.has_recovered = False
        self._wasted: Counter[str] = Counter()
        self._skipped: dict[str, tuple[str, int]] = {}
        self._failed: Counter[str] = Counter()
        self._in_a_row = 0
        self._sources: set[str] = set()

    def failed(self, candidate: Candidate, code: Code) -> None:
        """Count a failure."""
        if code in _COUNTED:
            self._in_a_row += 1
            self._sources.add(candidate.source)
        # Dead links need a request, too.
        self._failed[candidate.source] += code != Code.RATE_LIMITED

    def answered(self, candidate: Candidate, response: Response) -> None:
        """Count a response, and note its size."""
        candidate.size = len(response.body)
        if response.status == 200:
            self._in_a_row = 0
            self._sources.clear()

    def kept(self, candidate: Candidate) -> None:
        """Count a page of the result. A skipped page that leads to it was not wasted."""
        if self._failed[candidate.source] > 0:
            self.has_recovered |= self._failed[candidate.source] == MOST_FAILURES
            self._failed[candidate.source] -= 1
        self._give_back(candidate.source, candidate.size)
        if candidate.source in self._skipped:
            self._give_back(*self._skipped.pop(candidate.source))

    def _give_back(self, source: str, size: int) -> None:
        self.has_recovered |= self._wasted[source] >= MOST_WASTED > self._wasted[source] - size
        self._wasted[source] -= size
        if self._wasted[source] <= 0:
            del self._wasted[source]

    def wasted(self, candidate: Candidate) -> None:
        """Count a copy of another page."""
        self._wasted[candidate.source] += candidate.size

    def skipped(self, candidate: Candidate) -> None:
        """Count a page that is not stored, such as a further page of a list."""
        self.wasted(candidate)
        self._skipped[short_name(candidate.url.key)] = (candidate.source, candidate.size)

    def number(self, candidate: Candidate) -> int:
        """Return the bytes that were wasted on the URLs that the same page names."""
        return self._wasted[candidate.source]

    def puts_last(self, candidate: Candidate) -> bool:
        """Return whether the page is fetched only when nothing else is left.

        This is never a page of a sitemap, which the owner of the site writes, nor one that a further page of
        the result links to.
        """
        if candidate.is_confirmed or not candidate.source:
            return False
        source = candidate.source
        return self._wasted[source] >= MOST_WASTED or self._failed[source] >= MOST_FAILURES

    def end_crawl(self, others: Iterable[Candidate], *, is_complete: bool) -> bool:
        """Return whether the site is unreachable or overloaded.

        Failures of URLs that a few pages name do not show this while `others` contains URLs of other pages.
        `is_complete`: no sitemap is being read, which may add further URLs.
        """
        if self._in_a_row < MOST_IN_A_ROW:
            return False
        if len(self._sources) > MOST_SOURCES:
            return True
        return is_complete and not any(one.is_confirmed or one.source not in self._sources for one in others)

    def state(self) -> dict[str, Any]:
        """Return the counts as data for JSON."""
        return {"wasted": dict(self._wasted), "skipped": self._skipped}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Setbacks:
        """Return the counts that `state` describes."""
        setbacks = cls()
        setbacks._wasted = Counter(state["wasted"])
        # A checkpoint of an earlier version has no skipped pages.
        setbacks._skipped = {name: (one[0], one[1]) for name, one in state.get("skipped", {}).items()}
        return setbacks
