"""The frontier: which pages of a site are known, which are being fetched, and which comes next.

Pages come level by level (a level is a number of links from the start page), the most important of a level first, so
that a limit keeps the same pages in whichever order the responses come.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from llmready.crawler.urls import Url
from llmready.patterns import Patterns

MAX_KNOWN = 50_000
"""URLs of one site that are remembered; further ones are ignored."""

MAX_DEPTH = 100

SMALLEST_PART = 16
"""Smallest number of pages that are taken at once from a level that does not fit into the limit."""

MAX_ATTEMPTS = 3
MOST_VARIANTS = 1000
"""Queries of one path that are accepted; more are combinations of filters, not pages."""

DEEPEST_FOLDER = 40
MOST_REPEATS = 5
"""Times that a folder's name may occur in a path, numbers after it ignored (`next1`, `next2`); more come from a
relative link that leads into itself."""

_NUMBER = re.compile(r"(?<=[^\d/])\d+$")


@dataclass(slots=True)
class Candidate:
    """A page that may be fetched: its distance from the start page, its attempts, its importance (0 to 1)."""

    url: Url
    depth: int
    priority: float = 0.5
    links_in: int = 1
    hops: int = 0
    attempts: int = 0
    asked: Url | None = None
    """The URL that the site links to, where a redirect led to this one."""
    copy_of: Url | None = None
    """The page that named this one as its canonical URL; it is fetched again if this one fails."""
    stays: bool = False
    """Whether the page is kept although it names another one as its canonical URL."""


class Frontier:
    """Decides which page comes next; uses no clock, network or file, and can be stored as JSON.

    Parameters: `start`, the start page; `patterns`, which pages are wanted; `max_pages`, greatest number of pages in
    the result.
    """

    def __init__(self, start: Url, patterns: Patterns, max_pages: int) -> None:
        self.start = start
        self.max_pages = max_pages
        self.crawled = 0
        self.failed = 0
        self.sources_open = 0
        self._patterns = patterns
        self._total = 0
        self._skipped = 0
        self._seen: set[str] = set()
        # A key lacks slashes at the end and index files; where it differs from the URL's target, that is kept too.
        self._targets: dict[str, str] = {}
        self._alternates: set[str] = set()
        self._ready: deque[Candidate] = deque()
        self._level: dict[str, Candidate] = {}
        self._moved: dict[str, str] = {}
        self._failed: set[str] = set()
        self._variants: Counter[str] = Counter()
        self._next_level: dict[str, Candidate] = {}
        self._in_flight: dict[str, Candidate] = {}

    def begin(self) -> Candidate:
        """Return the start page as a candidate in flight."""
        candidate = Candidate(self.start, depth=0)
        self._see(self.start)
        self._in_flight[self.start.key] = candidate
        return candidate

    def wanted(self, url: Url) -> bool:
        """Tell whether the patterns want the page."""
        return self._patterns.wants(url.target)

    def known(self, url: Url) -> bool:
        """Tell whether the page was seen before, under this or an equal URL."""
        return url.key in self._seen

    def is_settled(self, url: Url) -> bool:
        """Tell whether further links to the page change nothing, because it is known and was taken already."""
        key = url.key
        return key in self._seen and key not in self._next_level and key not in self._level

    def offer(self, urls: Iterable[Url], depth: int, priority: float = 0.5) -> list[Url]:
        """Add links; return those that are new and wanted.

        Parameters: `urls`; `depth`, links from the start page; `priority`, from 0 to 1.
        """
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
            self._see(url)
            if self.wanted(url):
                self._next_level[key] = Candidate(url, depth, priority)
                fresh.append(url)
        return fresh

    def _see(self, url: Url) -> None:
        key, target = url.key, url.target
        self._seen.add(key)
        if target != key:
            self._targets[key] = target

    @property
    def found(self) -> list[str]:
        """Paths with queries of all page URLs that were seen, including those that no pattern wants."""
        return sorted(self._targets.get(key, key) for key in self._seen - self._alternates)

    @property
    def left(self) -> int:
        """Number of wanted pages that are known and not yet processed."""
        return len(self._ready) + len(self._level) + len(self._next_level) + len(self._in_flight)

    def drop(self, url: Url) -> None:
        """Remove a page that `offer` added."""
        self._next_level.pop(url.key, None)

    def _is_endless(self, url: Url) -> bool:
        """Tell whether a URL belongs to an endless series: calendars, filters, folders within themselves."""
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
        """Mark a URL as an alternate of a page that is already there, so that it is not fetched as a page."""
        self._seen.add(url.key)
        self._alternates.add(url.key)
        self.drop(url)
        self._level.pop(url.key, None)

    def take(self) -> Candidate | None:
        """Return the next page to fetch, which is then in flight, or None when there is none at this moment."""
        if self.crawled + len(self._in_flight) >= self.max_pages:
            return None
        if not self._ready and not self._in_flight and not self.sources_open:
            self.open_level()
        if not self._ready:
            return None
        candidate = self._ready.popleft()
        self._in_flight[candidate.url.key] = candidate
        return candidate

    @property
    def has_next(self) -> bool:
        """Whether `take` would return a page at this moment."""
        if self.crawled + len(self._in_flight) >= self.max_pages:
            return False
        may_open = not self._in_flight and not self.sources_open
        return bool(self._ready or (may_open and (self._level or self._next_level)))

    def open_level(self) -> None:
        """Start the next level.

        `take` does so when a level is done; a caller that waited too long for the last pages of a level may do so
        earlier. A level with more pages than the limit leaves room for is started in parts, the most important
        pages first, because each part shows more links to the others.
        """
        if not self._level:
            self._level, self._next_level = self._next_level, {}
        ranked = sorted(self._level.values(), key=self._rank)
        room = self.max_pages - self.crawled - len(self._in_flight) - len(self._ready)
        if len(ranked) > room:
            ranked = ranked[: max(SMALLEST_PART, room // 8)]
        for candidate in ranked:
            del self._level[candidate.url.key]
        self._ready.extend(ranked)

    @property
    def finished(self) -> bool:
        """Whether nothing is in flight and nothing is left to fetch."""
        if self._in_flight:
            return False
        if self.crawled >= self.max_pages:
            return True
        return not (self._ready or self._level or self._next_level or self.sources_open)

    @property
    def total(self) -> int:
        """Number of pages that the crawl will have processed, as far as is known; it never decreases."""
        done = self.crawled + self.failed
        self._total = max(self._total, done, min(self.max_pages, done + self.left))
        return self._total

    def succeed(self, candidate: Candidate) -> None:
        """Count the candidate as a page of the result."""
        self._in_flight.pop(candidate.url.key, None)
        self.crawled += 1

    def fail(self, candidate: Candidate) -> None:
        """Count the candidate as failed; it is not tried again."""
        self._in_flight.pop(candidate.url.key, None)
        self._failed.add(candidate.url.key)
        self.failed += 1

    def has_failed(self, url: Url) -> bool:
        """Tell whether a page failed."""
        return url.key in self._failed

    def restore_copy(self, candidate: Candidate) -> None:
        """Queue the copy of a page that failed, to be kept in its place."""
        if candidate.copy_of is not None:
            self._ready.appendleft(
                Candidate(candidate.copy_of, candidate.depth, candidate.priority, stays=True)
            )

    def skip(self, candidate: Candidate) -> None:
        """Drop the candidate: it is neither a page of the result nor a failure."""
        self._in_flight.pop(candidate.url.key, None)
        self._skipped += 1

    def retry(self, candidate: Candidate) -> bool:
        """Queue the candidate again; return False after the last attempt."""
        if candidate.attempts + 1 >= MAX_ATTEMPTS:
            return False
        self._in_flight.pop(candidate.url.key, None)
        candidate.attempts += 1
        self._ready.append(candidate)
        return True

    def replace(self, candidate: Candidate, url: Url, hops: int, *, is_copy: bool = False) -> bool:
        """Let another page take the place of the candidate, unless that one is known already.

        Parameters: `url` of the other page; `hops`, redirects so far; `is_copy`, whether the candidate is a page
        itself and is kept if the other one fails.
        Returns: whether the other page is new and will be fetched.
        """
        self.skip(candidate)
        known = self._next_level.pop(url.key, None) or self._level.pop(url.key, None)
        if known is None and (url.key in self._seen or not self.wanted(url)):
            return False
        self._see(url)
        asked = candidate.asked or candidate.url
        copy_of = candidate.url if is_copy else candidate.copy_of
        self._ready.appendleft(
            Candidate(url, candidate.depth, candidate.priority, hops=hops, asked=asked, copy_of=copy_of)
        )
        return True

    def leads_in_circle(self, candidate: Candidate, url: Url) -> bool:
        """Record that a page leads to another; return whether that leads back to the page."""
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
        """Return the frontier as data for JSON; pages in flight count as not yet fetched."""
        return {
            "start": list(self.start),
            "max_pages": self.max_pages,
            "crawled": self.crawled,
            "failed": self.failed,
            "total": self._total,
            "skipped": self._skipped,
            "seen": sorted(self._seen),
            "targets": self._targets,
            "alternates": sorted(self._alternates),
            "ready": [asdict(one) for one in (*self._in_flight.values(), *self._ready)],
            "level": [asdict(one) for one in self._level.values()],
            "next_level": [asdict(one) for one in self._next_level.values()],
            "moved": self._moved,
            "variants": dict(self._variants),
            "failed_pages": sorted(self._failed),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], patterns: Patterns) -> Frontier:
        """Return the frontier that `state` describes."""
        frontier = cls(Url(*state["start"]), patterns, state["max_pages"])
        frontier.crawled, frontier.failed = state["crawled"], state["failed"]
        frontier._total, frontier._skipped = state["total"], state["skipped"]
        frontier._seen = set(state["seen"])
        frontier._targets, frontier._alternates = dict(state["targets"]), set(state["alternates"])
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
