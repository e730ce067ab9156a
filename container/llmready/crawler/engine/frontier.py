"""The frontier: which pages of a site are known, which are being fetched, and which comes next.

Pages are returned by their level, which is the number of links from the start page. The most important pages of a
level come first. Therefore the order of responses does not change which pages a limit keeps. Lists, notices, forms
(see `kinds`) and unwanted translations come last. They may link to more content, which then replaces them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from llmready.crawler.engine.candidate import Candidate
from llmready.crawler.engine.known_urls import SeenUrls
from llmready.crawler.engine.levels import Levels
from llmready.crawler.engine.moves import Moves
from llmready.crawler.engine.nested_paths import leads_into_itself
from llmready.crawler.engine.ready import Ready
from llmready.crawler.engine.shares import Shares
from llmready.crawler.engine.short_names import short_name
from llmready.crawler.kinds import Kind, gives_way, kind_of, order_of_lists
from llmready.crawler.languages import language_in
from llmready.crawler.page.alternates import is_beside
from llmready.crawler.urls import Url
from llmready.patterns import Patterns

MAX_DEPTH = 100
SMALLEST_PART = 16
"""Smallest part of a level that is started at once if the level does not fit into the limit."""

MAX_ATTEMPTS = 3


class Frontier:
    """Decides which page comes next. Uses no clock, network or file, and can be stored as JSON.

    `patterns` select the wanted pages, `max_pages` is the greatest number of pages in the result, and `languages`
    may be set to the wanted languages; empty for all languages.
    """

    def __init__(self, start: Url, patterns: Patterns, max_pages: int) -> None:
        self.start = start
        self.max_pages = max_pages
        self.languages: frozenset[str] = frozenset()
        self.failed = 0
        self.sources_open = 0
        self._patterns = patterns
        self._content = 0
        self._late = 0
        self._total = 0
        self._skipped = 0
        self._shared = start.directory.count("/") - 1
        self._seen = SeenUrls()
        self._ready = Ready()
        self._levels = Levels()
        self.shares = Shares()
        self.moves = Moves()
        self._failed: set[str] = set()
        self._in_flight: dict[str, Candidate] = {}

    def begin(self) -> Candidate:
        """Return the start page as a candidate in flight."""
        candidate = Candidate(self.start, depth=0)
        self._seen.see(self.start)
        self._in_flight[self.start.key] = candidate
        return candidate

    def wanted(self, url: Url) -> bool:
        """Return whether the patterns include the page."""
        return self._patterns.wants(url.target)

    def known(self, url: Url) -> bool:
        """Return whether the page was seen before, under this or an equal URL."""
        return url.key in self._seen and not self._seen.is_claimed(url.key)

    def is_settled(self, url: Url) -> bool:
        """Return whether further links to the page have no effect, because it was already taken."""
        return self.known(url) and self._waiting(url.key) is None

    def _waiting(self, key: str) -> Candidate | None:
        return self._ready.get(key) or self._levels.get(key)

    def offer(
        self,
        urls: Iterable[Url],
        depth: int,
        priority: float = 0.5,
        unwanted: Container[Url] | None = None,
        source: str = "",
    ) -> list[Url]:
        """Add links. Return the new links that are wanted.

        `depth` is in links from the start page, `priority` from 0 to 1. `unwanted`: what patterns exclude, if known.
        `source`: `short_name` of the key of the page that contains the links.
        """
        fresh: list[Url] = []
        if depth > MAX_DEPTH:
            return fresh
        for url in urls:
            key = url.key
            is_alternate = self._seen.release(key, source)
            if key in self._seen and not is_alternate:
                if waiting := self._waiting(key):
                    waiting.links_in += 1
                    waiting.depth = min(waiting.depth, depth)
                    waiting.priority = max(waiting.priority, priority)
                    waiting.is_shared |= waiting.source != source
                    self.shares.link_again(waiting, source)
                self._seen.link(Candidate(url, depth, priority, source=source))
                continue
            if self._seen.is_full:
                break
            if leads_into_itself(url.path):
                continue
            candidate = Candidate(url, depth, priority, source=source, is_alternate=is_alternate)
            is_wanted = self.wanted(url) if unwanted is None else url not in unwanted
            # URLs that the patterns exclude do not count towards the limit of queries.
            if is_wanted and not self.shares.place(candidate):
                continue
            self._seen.see(url)
            if is_wanted:
                candidate.is_late = gives_way(self.kind(url))
                self._levels.add(candidate)
                fresh.append(url)
        return fresh

    def kind(self, url: Url) -> Kind:
        """Return the kind of a page, by its path below the folder of the start page and the wanted languages."""
        if self.languages and (language := language_in(url)) and language not in self.languages:
            return Kind.TRANSLATION
        is_below = url.path.startswith(self.start.directory)
        return kind_of(url, shared=self._shared if is_below else 0)

    @property
    def found(self) -> list[str]:
        """Paths with queries of all page URLs that were seen, including those that the patterns exclude."""
        return self._seen.found

    @property
    def left(self) -> int:
        """Number of wanted pages that are known and not yet processed."""
        return len(self._ready) + len(self._in_flight) + len(self._levels) + self.surplus

    @property
    def left_by_kind(self) -> Counter[Kind]:
        """Wanted pages that are known and not yet processed, by kind."""
        return Counter(self.kind(candidate.url) for candidate in self.unfinished())

    @property
    def crawled(self) -> int:
        """Number of pages in the result."""
        return min(self.max_pages, self._content + self._late)

    @property
    def surplus(self) -> int:
        """Number of stored lists, notices and forms that content displaces."""
        return max(0, self._content + self._late - self.max_pages)

    def claim(self, url: Url, page: Url) -> None:
        """Mark a URL as an alternate of a page. It is then not fetched as a page, unless another page links to it.

        Files beside the page, such as `page.md`, are not fetched even then.
        """
        is_certain = is_beside(page, url)
        if url.key in self._seen and not is_certain:
            waiting = self._levels.get(url.key)
            if waiting is None:
                return
            if waiting.is_shared or waiting.source != short_name(page.key):
                waiting.is_alternate = True
                return
        self._seen.claim(url.key, "" if is_certain else short_name(page.key))
        self._levels.pop(url.key)

    def take(self) -> Candidate | None:
        """Return the next page to fetch, which is then in flight, or None if there is none at the moment."""
        while self._has_room:
            if not self._ready and not self._in_flight and not self.sources_open:
                self.open_level()
            if not self._ready:
                return None
            candidate = self._ready.pop_first()
            if self.is_due(candidate):
                self._in_flight[candidate.url.key] = candidate
                return candidate
            self.put_last(candidate)
        return None

    def is_due(self, candidate: Candidate) -> bool:
        """Return whether it is still the turn of a page that `take` returned."""
        return candidate.is_last or not self.shares.setbacks.puts_last(candidate)

    def put_last(self, candidate: Candidate) -> None:
        """Let a page wait until nothing else is left."""
        self._in_flight.pop(candidate.url.key, None)
        candidate.is_last = True
        self._levels.add(candidate)

    @property
    def has_next(self) -> bool:
        """Whether `take` would return a page at this moment."""
        if not self._has_room:
            return False
        may_open = not self._in_flight and not self.sources_open
        return bool(self._ready or (may_open and self._levels))

    @property
    def _has_room(self) -> bool:
        """Whether the limit of pages allows the next page. Content may replace lists that were already fetched."""
        is_late = self._ready.first.is_late if self._ready else self._levels.are_late
        return self._taken(is_late=is_late) < self.max_pages

    def _taken(self, *, is_late: bool) -> int:
        """Return the number of pages that count towards the limit for this page, including pages in flight.

        To find content, the crawl may fetch as many lists as pages. Most of these lists are dropped later.
        """
        flying = sum(is_late or not candidate.is_late for candidate in self._in_flight.values())
        return flying + (max(self._content, self._late) if is_late else self._content)

    def open_level(self) -> None:
        """Start the next level.

        `take` starts the next level when a level is finished. A caller that waited too long for the last
        pages of a level may start it earlier. A level with more pages than the limit allows is started in
        parts, the most important pages first, because their links show which of the others are important.
        Lists, notices and forms are started when no content is left, at most as many as the limit allows.
        """
        self.shares.arrange(self._levels)
        ranked = sorted(self._levels.current(), key=self._rank)
        is_late = bool(ranked) and ranked[0].is_late
        room = max(0, self.max_pages - self._taken(is_late=is_late) - len(self._ready))
        if len(ranked) > room:
            part = max(SMALLEST_PART, room // 8)
            ranked = ranked[: min(part, room) if is_late else part]
        for candidate in ranked:
            self._ready.add(candidate)
            self._levels.pop(candidate.url.key)

    @property
    def finished(self) -> bool:
        """Whether nothing is in flight and nothing is left to fetch."""
        if self._in_flight or self._content >= self.max_pages:
            return not self._in_flight
        is_at_the_end = not (self._ready or self._levels) or not self._has_room
        return is_at_the_end and not self.sources_open

    @property
    def total(self) -> int:
        """Number of pages that the crawl will have processed, as far as is known. It never decreases."""
        done = self.crawled + self.failed
        self._total = max(self._total, done, min(self.max_pages, done + self.left))
        return self._total

    def succeed(self, candidate: Candidate) -> None:
        """Count the candidate as a page of the result."""
        self._in_flight.pop(candidate.url.key, None)
        if candidate.is_late:
            self._late += 1
        else:
            self._content += 1
        self.shares.finish(short_name(candidate.url.key), self._levels, is_kept=True)

    def fail(self, candidate: Candidate) -> None:
        """Count the candidate as failed. It is not tried again."""
        self._in_flight.pop(candidate.url.key, None)
        self.shares.finish(short_name(candidate.url.key), self._levels, is_kept=False)
        self._failed.add(candidate.url.key)
        self.failed += 1

    def reopen(self, candidate: Candidate) -> None:
        """Let the targets of a chain of redirects that failed count as not seen. Queue those that pages link to."""
        for passed in self._seen.reopen(self.moves.chain((candidate.asked or candidate.url).key)):
            self._failed.discard(passed.url.key)
            if self.shares.place(passed):
                passed.is_late = gives_way(self.kind(passed.url))
                self._levels.add(passed)

    def has_failed(self, url: Url) -> bool:
        """Return whether a page failed."""
        return url.key in self._failed

    def restore_copy(self, candidate: Candidate) -> None:
        """Queue the copy of a failed page, which is kept instead of the failed page."""
        if candidate.copy_of is not None:
            self._ready.add_first(
                Candidate(
                    candidate.copy_of,
                    candidate.depth,
                    candidate.priority,
                    stays=True,
                    is_late=gives_way(self.kind(candidate.copy_of)),
                )
            )

    def skip(self, candidate: Candidate) -> None:
        """Drop the candidate: it is neither a page of the result nor a failure."""
        self._in_flight.pop(candidate.url.key, None)
        self.shares.finish(short_name(candidate.url.key), self._levels, is_kept=False)
        self._skipped += 1

    def unfinished(self, besides: Candidate | None = None) -> Iterator[Candidate]:
        """Return the pages that wait or are in flight, without `besides`."""
        known = chain(self._ready.values(), self._in_flight.values(), self._levels)
        return (one for one in known if one is not besides)

    def retry(self, candidate: Candidate) -> bool:
        """Queue the candidate again. Return False after the last attempt."""
        if candidate.attempts + 1 >= MAX_ATTEMPTS:
            return False
        self._in_flight.pop(candidate.url.key, None)
        candidate.attempts += 1
        self._ready.add(candidate)
        return True

    def replace(self, candidate: Candidate, url: Url, hops: int, *, is_copy: bool = False) -> bool:
        """Replace the candidate by another page, unless that page is already known.

        `hops` is the number of redirects so far. It starts again at a page that others link to. If `is_copy` is set
        and the other page fails, the candidate is kept.
        Returns whether the other page is new and will be fetched.
        """
        self.skip(candidate)
        known = self._levels.pop(url.key)
        if known is None and (url.key in self._seen or not self.wanted(url)):
            return False
        if known is None:
            self._seen.pass_by(url)
        asked = candidate.asked or candidate.url
        copy_of = candidate.url if is_copy else candidate.copy_of
        self._ready.add_first(
            Candidate(
                url,
                candidate.depth,
                candidate.priority,
                hops=hops if known is None else 0,
                asked=asked,
                copy_of=copy_of,
                has_cookies=candidate.has_cookies,
                is_late=gives_way(self.kind(url)),
                is_last=candidate.is_last,
                source=(known or candidate).source,
            )
        )
        return True

    def repeat(self, candidate: Candidate, url: Url, hops: int) -> None:
        """Fetch a page again that the candidate redirects back to, because it may now send another response."""
        self.skip(candidate)
        self._ready.add_first(replace(candidate, url=url, hops=hops))

    def _rank(self, candidate: Candidate) -> tuple[int, int, bool, int, bool, float, int, int, str]:
        url = candidate.url
        return (
            self.shares.setbacks.number(candidate) if candidate.is_last else 0,
            order_of_lists(self.kind(url)) if candidate.is_late else 0,
            not url.path.startswith(self.start.directory),
            candidate.depth,
            bool(url.query),
            -candidate.priority,
            -candidate.links_in,
            url.path.count("/"),
            url.target,
        )

    def state(self) -> dict[str, Any]:
        """Return the frontier as data for JSON."""
        return {
            "start": list(self.start),
            "max_pages": self.max_pages,
            "content": self._content,
            "late": self._late,
            "failed": self.failed,
            "total": self._total,
            "skipped": self._skipped,
            "seen": self._seen.state(),
            "ready": self._ready.state(self._in_flight.values()),
            "levels": self._levels.state(),
            "shares": self.shares.state(),
            "moved": self.moves.moved,
            "failed_pages": sorted(self._failed),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], patterns: Patterns) -> Frontier:
        """Return the frontier that `state` describes."""
        frontier = cls(Url(*state["start"]), patterns, state["max_pages"])
        frontier._content, frontier._late, frontier.failed = state["content"], state["late"], state["failed"]
        frontier._total, frontier._skipped = state["total"], state["skipped"]
        frontier._seen = SeenUrls.restored(state["seen"])
        frontier._ready = Ready.restored(state["ready"])
        frontier._levels = Levels.restored(state["levels"])
        frontier.shares = Shares.restored(state["shares"])
        frontier.moves, frontier._failed = Moves(state["moved"]), set(state["failed_pages"])
        return frontier
