"""The walk through one opened site: workers that take pages from the frontier until it is finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from crawler.convert.page import is_page_path
from crawler.failures import Code, Failure
from crawler.fetch.fetcher import MAX_REDIRECTS, Fetcher, Response, too_many_redirects
from crawler.fetch.pace import Pace
from crawler.fetch.sitemaps import read_sitemaps
from crawler.frontier.frontier import Candidate, Frontier
from crawler.frontier.site import adopt
from crawler.opening import OpenedSite, is_html, looks_like_html
from crawler.pack.archive import PageFailure
from crawler.reading import convert_page, read_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.convert.converter import Converter
    from crawler.convert.page import Page
    from crawler.frontier.urls import Url
    from crawler.pack.store import PageStore

SECONDS_FOR_STRAGGLERS = 2.0
"""So long the last pages of a level may hold up the next one; then order gives way to speed."""

MOST_SILENCES = 25
"""Failures to answer in a row after which a site counts as gone."""

RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)

_RETRIED = frozenset({Code.CONNECTION_FAILED, Code.SERVER_ERROR, Code.RATE_LIMITED})
_SILENCES = frozenset({*_RETRIED, Code.TIMEOUT, Code.DNS_FAILURE})

Progress = Callable[[int, int, int], None]


class Walk:
    """Visits the pages of a site.

    Parameters: `site`, opened; `fetcher`; `frontier`, which decides what comes next; `converter`, started;
    `store`, where pages are kept; `progress`, called with pages crawled, pages in all, pages failed;
    `connections`, the greatest number at once.
    """

    def __init__(
        self,
        *,
        site: OpenedSite,
        fetcher: Fetcher,
        frontier: Frontier,
        converter: Converter,
        store: PageStore,
        progress: Progress,
        connections: int,
    ) -> None:
        self.failures: list[PageFailure] = []
        self.first_failure: Failure | None = None
        self.notes: list[str] = []
        self._site = site
        self._fetcher = fetcher
        self._frontier = frontier
        self._converter = converter
        self._store = store
        self._progress = progress
        self._workers = connections * 3
        self._connections = asyncio.Semaphore(connections)
        self._pace = Pace(site.robots.delay)
        self._changed = asyncio.Event()
        self._silences = 0
        self._stopped = False

    async def run(self) -> None:
        """Walk until nothing is left, or until the caller's patience ends by cancelling.

        Raises: OSError when pages cannot be kept.
        """
        start = self._frontier.begin()
        self._frontier.sources_open += 1
        try:
            async with asyncio.TaskGroup() as group:
                sitemaps = group.create_task(self._read_sitemaps())
                # More workers than connections: a page that is being converted holds no connection.
                work = [self._work() for _ in range(self._workers)]
                await asyncio.wait(
                    [group.create_task(one) for one in (self._visit(start, self._site.answer), *work)]
                )
                sitemaps.cancel()
        except ExceptionGroup as failed:
            # All workers meet the same full disk; one of them tells it as well as twelve.
            raise _first(failed) from failed

    async def _read_sitemaps(self) -> None:
        try:
            async for entries in read_sitemaps(self._fetcher, self._site.robots, self._site.start):
                for number, entry in enumerate(entries):
                    if is_page_path(entry.url.path):
                        self._offer([entry.url], depth=1, priority=entry.priority)
                    if number % 200 == 0:
                        await asyncio.sleep(0)
                self._tell()
        finally:
            self._frontier.sources_open -= 1
            self._tell()

    async def _work(self) -> None:
        while (candidate := await self._next()) is not None:
            await self._visit(candidate)

    async def _next(self) -> Candidate | None:
        while not (self._stopped or self._frontier.finished):
            candidate = self._frontier.take()
            if candidate is not None:
                return candidate
            try:
                async with asyncio.timeout(SECONDS_FOR_STRAGGLERS):
                    await self._changed.wait()
            except TimeoutError:
                self._frontier.open_level()
        return None

    async def _visit(self, candidate: Candidate, answer: Response | Failure | None = None) -> None:
        try:
            if answer is None:
                await self._pace.turn()
                async with self._connections:
                    answer = await self._fetcher.get(candidate.url, wants_body=is_html)
            await self._settle(candidate, answer)
        except Failure as failure:
            self._failed(candidate, failure)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - it is logged whole, and kept to its page
            # A page that shows us a mistake of our own costs that page, not the crawl.
            _log.exception("%s broke the crawler", candidate.url)
            self._failed(
                candidate, Failure(Code.INTERNAL_ERROR, "The crawler met a fault of its own at this page.")
            )
        self._tell()

    async def _settle(self, candidate: Candidate, answer: Response | Failure) -> None:
        if isinstance(answer, Failure):
            raise answer
        if answer.redirect is not None:
            await self._redirected(candidate, answer.redirect)
            return
        answer.raise_for_status()
        self._silences = 0
        if not is_html(answer) or not looks_like_html(answer):
            raise Failure(
                Code.NOT_HTML,
                f"{answer.url} is no HTML page but {answer.content_type[:100] or 'something unnamed'}.",
            )
        facts = read_answer(answer)
        self._offer(facts.links, candidate.depth + 1)
        if facts.refresh is not None and facts.refresh.key != candidate.url.key:
            await self._redirected(candidate, facts.refresh)
        elif facts.noindex or not self._frontier.wanted(candidate.url):
            self._frontier.leave_out(candidate)
        elif not self._is_copy(candidate, facts):
            await self._keep(candidate, facts)

    async def _keep(self, candidate: Candidate, facts: Page) -> None:
        page, markdown = await convert_page(facts, candidate.url, candidate.depth, self._converter)
        if self._store.add(page, markdown):
            self._frontier.page(candidate)
        else:
            self._frontier.leave_out(candidate)

    async def _redirected(self, candidate: Candidate, target: Url) -> None:
        hops = candidate.hops + 1
        if hops > MAX_REDIRECTS:
            raise too_many_redirects(candidate.url)
        url = adopt(self._site.start, target)
        if url is None or not is_page_path(url.path) or not self._site.robots.allows(url):
            self._frontier.leave_out(candidate)
        elif url.key == candidate.url.key:
            # The same page in another form, such as with a slash at the end.
            candidate.url, candidate.hops = url, hops
            await self._visit(candidate)
        else:
            self._frontier.replace(candidate, url, hops)

    def _is_copy(self, candidate: Candidate, facts: Page) -> bool:
        """Follow `rel=canonical` to the page that this one is a copy of.

        One that names the front page is not followed: a common mistake that would lose the whole site.
        """
        url = facts.canonical and adopt(self._site.start, facts.canonical)
        if url is None or url.key == candidate.url.key or url.path == "/":
            return False
        if not (self._site.robots.allows(url) and self._frontier.wanted(url) and is_page_path(url.path)):
            return False
        self._frontier.replace(candidate, url, candidate.hops)
        return True

    def _offer(self, urls: Iterable[Url], depth: int, priority: float = 0.5) -> None:
        own = (adopt(self._site.start, url) for url in urls)
        for url in self._frontier.offer([url for url in own if url], depth, priority):
            if not self._site.robots.allows(url):
                self._frontier.drop(url)

    def _failed(self, candidate: Candidate, failure: Failure) -> None:
        is_start = candidate.depth == 0
        if failure.code in _SILENCES:
            self._silences += 1
        if failure.code == Code.BUDGET_EXCEEDED or self._silences >= MOST_SILENCES:
            self._stop(failure)
        elif failure.code in _RETRIED and not is_start and self._frontier.retry(candidate):
            self._pace.pause(failure.retry_after if failure.retry_after is not None else RETRY_SECONDS)
            return
        if self.first_failure is None or is_start:
            self.first_failure = failure
        if failure.code in (Code.NOT_HTML, Code.ROBOTS_DISALLOWED):
            self._frontier.leave_out(candidate)
            return
        self._frontier.fail(candidate)
        self.failures.append(PageFailure(str(candidate.url), failure.code, failure.detail))

    def _stop(self, failure: Failure) -> None:
        if not self._stopped:
            self._stopped = True
            self.notes.append(f"The crawl stopped early; pages may be missing. {failure.detail}")

    def _tell(self) -> None:
        """Wake who waits for work, and say how far we are."""
        self._progress(self._frontier.crawled, self._frontier.total, self._frontier.failed)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error
