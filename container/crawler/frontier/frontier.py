"""The frontier: what is known of a site, what is being fetched, what comes next.

Pages come level by level (a level is the number of links from the start page), the most important of a
level first, so that a limit keeps the same pages whichever answered first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from crawler.frontier.patterns import Patterns
from crawler.frontier.urls import Url

MAX_KNOWN = 50_000
"""Pages remembered of one site; more belong to no site that a crawl of this size could serve."""

MAX_DEPTH = 100
MAX_ATTEMPTS = 3


@dataclass(slots=True)
class Candidate:
    """A page that may be fetched: how far from the start page, how often tried, how much it matters."""

    url: Url
    depth: int
    priority: float = 0.5
    links_in: int = 1
    hops: int = 0
    attempts: int = 0


class Frontier:
    """Decides which page comes next; holds no clock, no network and no file, and can be written as JSON.

    Parameters: `start`, the page where the crawl begins; `patterns`, which pages are wanted; `max_pages`,
    the greatest number of pages of the result.
    """

    def __init__(self, start: Url, patterns: Patterns, max_pages: int) -> None:
        self.start = start
        self.max_pages = max_pages
        self.crawled = 0
        self.failed = 0
        self.sources_open = 0
        self._patterns = patterns
        self._total = 0
        self._left_out = 0
        self._seen: set[str] = set()
        self._ready: deque[Candidate] = deque()
        self._next_level: dict[str, Candidate] = {}
        self._flying: dict[str, Candidate] = {}

    def begin(self) -> Candidate:
        """Return the start page as a candidate that is being fetched."""
        candidate = Candidate(self.start, depth=0)
        self._seen.add(self.start.key)
        self._flying[self.start.key] = candidate
        return candidate

    def wanted(self, url: Url) -> bool:
        """Say whether the patterns want the page."""
        return self._patterns.wants(url.target)

    def known(self, url: Url) -> bool:
        """Say whether the page was seen before, under this or an equal URL."""
        return url.key in self._seen

    def offer(self, urls: Iterable[Url], depth: int, priority: float = 0.5) -> list[Url]:
        """Take note of links; return those that are new and wanted, which the caller may still `drop`."""
        fresh: list[Url] = []
        if depth > MAX_DEPTH:
            return fresh
        for url in urls:
            key = url.key
            if key in self._seen:
                waiting = self._next_level.get(key)
                if waiting is not None:
                    waiting.links_in += 1
                    waiting.priority = max(waiting.priority, priority)
                continue
            if len(self._seen) >= MAX_KNOWN:
                break
            self._seen.add(key)
            if self.wanted(url):
                self._next_level[key] = Candidate(url, depth, priority)
                fresh.append(url)
        return fresh

    def drop(self, url: Url) -> None:
        """Take a page back that `offer` returned (robots.txt forbids it, for example)."""
        self._next_level.pop(url.key, None)

    def take(self) -> Candidate | None:
        """Return the next page to fetch, or None when there is none at this moment."""
        if self.crawled + len(self._flying) >= self.max_pages:
            return None
        if not self._ready and not self._flying and not self.sources_open:
            self.open_level()
        if not self._ready:
            return None
        candidate = self._ready.popleft()
        self._flying[candidate.url.key] = candidate
        return candidate

    def open_level(self) -> None:
        """Let the next level begin.

        `take` does so when a level is done; a caller that has waited too long for the last page of a level
        may do so earlier.
        """
        self._ready.extend(sorted(self._next_level.values(), key=self._rank))
        self._next_level.clear()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to fetch and nothing is being fetched."""
        if self._flying:
            return False
        if self.crawled >= self.max_pages:
            return True
        return not (self._ready or self._next_level or self.sources_open)

    @property
    def total(self) -> int:
        """Pages that the crawl will have looked at, as far as is known; never falls."""
        waiting = len(self._ready) + len(self._next_level) + len(self._flying)
        done = self.crawled + self.failed
        self._total = max(self._total, done, min(self.max_pages, done + waiting))
        return self._total

    def page(self, candidate: Candidate) -> None:
        """The candidate became a page of the result."""
        self._flying.pop(candidate.url.key, None)
        self.crawled += 1

    def fail(self, candidate: Candidate) -> None:
        """The candidate failed for good."""
        self._flying.pop(candidate.url.key, None)
        self.failed += 1

    def leave_out(self, candidate: Candidate) -> None:
        """The candidate is no page of the result, and no failure either."""
        self._flying.pop(candidate.url.key, None)
        self._left_out += 1

    def retry(self, candidate: Candidate) -> bool:
        """Put the candidate back to try again; False when it was tried often enough."""
        if candidate.attempts + 1 >= MAX_ATTEMPTS:
            return False
        self._flying.pop(candidate.url.key, None)
        candidate.attempts += 1
        self._ready.append(candidate)
        return True

    def replace(self, candidate: Candidate, url: Url, hops: int) -> bool:
        """The candidate says that it is another page; that one takes its place unless it is known.

        Returns: whether the other page is new and will be fetched.
        """
        self.leave_out(candidate)
        known = self._next_level.pop(url.key, None)
        if known is None and (url.key in self._seen or not self.wanted(url)):
            return False
        self._seen.add(url.key)
        self._ready.appendleft(Candidate(url, candidate.depth, candidate.priority, hops=hops))
        return True

    def _rank(self, candidate: Candidate) -> tuple[bool, int, bool, float, int, int, str]:
        url = candidate.url
        return (
            not url.path.startswith(self.start.directory),
            candidate.depth,
            bool(url.query),
            -candidate.priority,
            -candidate.links_in,
            url.path.count("/"),
            url.target,
        )

    def state(self) -> dict[str, Any]:
        """Return all there is to know as JSON-able data; pages being fetched count as not yet fetched."""
        return {
            "start": list(self.start),
            "max_pages": self.max_pages,
            "crawled": self.crawled,
            "failed": self.failed,
            "total": self._total,
            "left_out": self._left_out,
            "seen": sorted(self._seen),
            "ready": [asdict(one) for one in (*self._flying.values(), *self._ready)],
            "next_level": [asdict(one) for one in self._next_level.values()],
        }

    @classmethod
    def restored(cls, state: dict[str, Any], patterns: Patterns) -> Frontier:
        """Make the frontier that `state` described."""
        frontier = cls(Url(*state["start"]), patterns, state["max_pages"])
        frontier.crawled, frontier.failed = state["crawled"], state["failed"]
        frontier._total, frontier._left_out = state["total"], state["left_out"]
        frontier._seen = set(state["seen"])
        frontier._ready = deque(_candidate(one) for one in state["ready"])
        waiting = (_candidate(one) for one in state["next_level"])
        frontier._next_level = {one.url.key: one for one in waiting}
        return frontier


def _candidate(state: dict[str, Any]) -> Candidate:
    return Candidate(**{**state, "url": Url(*state["url"])})
