"""The frontier: what is known of a site, what is being fetched, what comes next.

Pages come level by level (a level is the number of links from the start page), the most important of a
level first, so that a limit keeps the same pages whichever answered first.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from llmready.crawler.engine.patterns import Patterns
from llmready.crawler.urls import Url

MAX_KNOWN = 50_000
"""Pages remembered of one site; more belong to no site that a crawl of this size could serve."""

MAX_DEPTH = 100

SMALLEST_PART = 16
"""Pages of a level that are opened at once at least, where not all of it can be kept."""

MAX_ATTEMPTS = 3
MOST_VARIANTS = 1000
"""Queries of one path that are looked at; more are a filter's combinations, not pages."""

DEEPEST_FOLDER = 40
MOST_REPEATS = 5
"""Times that one folder's name may stand in a path, whatever number follows it (`next1`, `next2`); more is a
relative link that leads into itself."""

_NUMBER = re.compile(r"(?<=[^\d/])\d+$")


@dataclass(slots=True)
class Candidate:
    """A page that may be fetched: how far from the start page, how often tried, how much it matters."""

    url: Url
    depth: int
    priority: float = 0.5
    links_in: int = 1
    hops: int = 0
    attempts: int = 0
    asked: Url | None = None
    """The URL that the site links to, where redirects led to another one."""
    copy_of: Url | None = None
    """The page that called itself a copy of this one, and waits for whether this one is there."""
    stays: bool = False
    """Whether the page is kept whatever it says that it is a copy of."""


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
        self._level: dict[str, Candidate] = {}
        self._moved: dict[str, str] = {}
        self._failed: set[str] = set()
        self._variants: Counter[str] = Counter()
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

    def is_settled(self, url: Url) -> bool:
        """Say whether another link to the page would change nothing: it is known, and its turn has come."""
        key = url.key
        return key in self._seen and key not in self._next_level and key not in self._level

    def offer(self, urls: Iterable[Url], depth: int, priority: float = 0.5) -> list[Url]:
        """Take note of links; return those that are new and wanted, which the caller may still `drop`."""
        fresh: list[Url] = []
        if depth > MAX_DEPTH:
            return fresh
        for url in urls:
            key = url.key
            if key in self._seen:
                waiting = self._next_level.get(key) or self._level.get(key)
                if waiting is not None:
                    waiting.links_in += 1
                    waiting.depth = min(waiting.depth, depth)
                    waiting.priority = max(waiting.priority, priority)
                continue
            if len(self._seen) >= MAX_KNOWN:
                break
            if self._is_endless(url):
                continue
            self._seen.add(key)
            if self.wanted(url):
                self._next_level[key] = Candidate(url, depth, priority)
                fresh.append(url)
        return fresh

    def drop(self, url: Url) -> None:
        """Take a page back that `offer` returned (robots.txt forbids it, for example)."""
        self._next_level.pop(url.key, None)

    def _is_endless(self, url: Url) -> bool:
        """Say whether a URL is one more of a kind that has no end: calendars, filters, folders in themselves."""
        folders = [_NUMBER.sub("", name) for name in url.path.split("/")]
        if len(folders) > DEEPEST_FOLDER or (
            len(folders) > MOST_REPEATS and any(folders.count(name) > MOST_REPEATS for name in set(folders))
        ):
            return True
        if url.query:
            self._variants[url.path] += 1
            return self._variants[url.path] > MOST_VARIANTS
        return False

    def claim(self, url: Url) -> None:
        """Take note that a URL is a form of a page that is here already."""
        self._seen.add(url.key)
        self.drop(url)
        self._level.pop(url.key, None)

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

    @property
    def gives(self) -> bool:
        """Whether `take` would return a page at this moment."""
        if self.crawled + len(self._flying) >= self.max_pages:
            return False
        may_open = not self._flying and not self.sources_open
        return bool(self._ready or (may_open and (self._level or self._next_level)))

    def open_level(self) -> None:
        """Let the next level begin.

        `take` does so when a level is done; a caller that has waited too long for the last page of a level
        may do so earlier. A level that is larger than what may still be kept is opened in parts, the most
        important pages first: what links to the others is known better after each part.
        """
        if not self._level:
            self._level, self._next_level = self._next_level, {}
        ranked = sorted(self._level.values(), key=self._rank)
        room = self.max_pages - self.crawled - len(self._flying) - len(self._ready)
        if len(ranked) > room:
            ranked = ranked[: max(SMALLEST_PART, room // 8)]
        for candidate in ranked:
            del self._level[candidate.url.key]
        self._ready.extend(ranked)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to fetch and nothing is being fetched."""
        if self._flying:
            return False
        if self.crawled >= self.max_pages:
            return True
        return not (self._ready or self._level or self._next_level or self.sources_open)

    @property
    def total(self) -> int:
        """Pages that the crawl will have looked at, as far as is known; never falls."""
        waiting = len(self._ready) + len(self._level) + len(self._next_level) + len(self._flying)
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
        self._failed.add(candidate.url.key)
        self.failed += 1

    def has_failed(self, url: Url) -> bool:
        """Say whether a page failed for good."""
        return url.key in self._failed

    def bring_back(self, candidate: Candidate) -> None:
        """A page that others call themselves copies of failed: the copy is all there is."""
        if candidate.copy_of is not None:
            self._ready.appendleft(
                Candidate(candidate.copy_of, candidate.depth, candidate.priority, stays=True)
            )

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

    def replace(self, candidate: Candidate, url: Url, hops: int, *, is_copy: bool = False) -> bool:
        """The candidate says that it is another page; that one takes its place unless it is known.

        Parameters: `is_copy`, whether it is a page itself, to be kept should the other one fail.
        Returns: whether the other page is new and will be fetched.
        """
        self.leave_out(candidate)
        known = self._next_level.pop(url.key, None) or self._level.pop(url.key, None)
        if known is None and (url.key in self._seen or not self.wanted(url)):
            return False
        self._seen.add(url.key)
        asked = candidate.asked or candidate.url
        copy_of = candidate.url if is_copy else candidate.copy_of
        self._ready.appendleft(
            Candidate(url, candidate.depth, candidate.priority, hops=hops, asked=asked, copy_of=copy_of)
        )
        return True

    def circles(self, candidate: Candidate, url: Url) -> bool:
        """Take note that a page redirects to another; say whether that leads back to it."""
        own, key = candidate.url.key, url.key
        self._moved[own] = key
        for _ in range(len(self._moved)):
            if key == own:
                return True
            if key not in self._moved:
                return False
            key = self._moved[key]
        return False

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
            "level": [asdict(one) for one in self._level.values()],
            "next_level": [asdict(one) for one in self._next_level.values()],
            "moved": self._moved,
            "variants": dict(self._variants),
            "failed_pages": sorted(self._failed),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], patterns: Patterns) -> Frontier:
        """Make the frontier that `state` described."""
        frontier = cls(Url(*state["start"]), patterns, state["max_pages"])
        frontier.crawled, frontier.failed = state["crawled"], state["failed"]
        frontier._total, frontier._left_out = state["total"], state["left_out"]
        frontier._seen = set(state["seen"])
        frontier._ready = deque(_candidate(one) for one in state["ready"])
        frontier._level, frontier._next_level = (
            {one.url.key: one for one in map(_candidate, state[name])} for name in ("level", "next_level")
        )
        frontier._variants = Counter(state["variants"])
        frontier._moved, frontier._failed = dict(state["moved"]), set(state["failed_pages"])
        return frontier


def _candidate(state: dict[str, Any]) -> Candidate:
    urls = {name: state[name] and Url(*state[name]) for name in ("url", "asked", "copy_of")}
    return Candidate(**{**state, **urls})
