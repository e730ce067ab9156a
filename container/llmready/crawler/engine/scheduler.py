"""Run a crawl: workers take pages from the frontier, visit them, and apply the outcomes.

Only the scheduler changes the frontier, the store and the reporter.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from llmready.crawler.browser.need import rendering_advised
from llmready.crawler.engine.candidate import Candidate
from llmready.crawler.engine.canonicals import CanonicalClaims
from llmready.crawler.engine.frontier import Frontier
from llmready.crawler.engine.judged_links import JudgedLinks
from llmready.crawler.engine.known_urls import SettledUrls
from llmready.crawler.engine.setbacks import RETRIED
from llmready.crawler.engine.short_names import short_name
from llmready.crawler.engine.visit import (
    LINK_PRIORITY,
    Copy,
    Fail,
    Frames,
    Outcome,
    Redirect,
    Skip,
    Store,
    Visit,
    internal_error,
    visit,
)
from llmready.crawler.failures import NO_PAGES, Code, Failure, first_error
from llmready.crawler.fetch.redirects import MAX_REDIRECTS, too_many_redirects
from llmready.crawler.fetch.site_client import NotDueError
from llmready.crawler.fetch.sitemaps import read_feeds, read_sitemaps
from llmready.crawler.fetch.throttle import LongWaitError, OutOfTimeError
from llmready.crawler.model import PageFailure, Truncation
from llmready.crawler.page.alternates import MarkdownAlternates
from llmready.crawler.page.html import HtmlPage
from llmready.crawler.page.media import is_page, is_page_path
from llmready.crawler.page.prepare import prepare_aside
from llmready.crawler.page.text import TextPage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.browser.browser import Browser
    from llmready.crawler.convert.node_child import Converter
    from llmready.crawler.engine.scope import Scope
    from llmready.crawler.engine.site import OpenedSite
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.fetch.site_client import SiteClient
    from llmready.crawler.fetch.sitemap_file import Entry
    from llmready.crawler.page.metadata import PageMetadata
    from llmready.crawler.report.reporter import Reporter
    from llmready.crawler.store.pages import PageStore
    from llmready.crawler.urls import Url

SECONDS_FOR_STRAGGLERS = 2.0
"""Seconds to wait for the last pages of a level before starting the next one."""

RETRY_SECONDS = 1.0
"""Seconds without requests after a failure that is retried."""

ENTRIES_WITHOUT_PAUSE = 200
"""Entries of a sitemap that are added to the frontier before other tasks run."""

_log = logging.getLogger(__name__)


class Scheduler:
    """Crawls the pages of one site.

    The site is open, the client obeys the throttle, and the converter was started. At most `workers` pages
    are processed at once. `browser` renders the pages that need it. Without a browser, it is None.
    """

    def __init__(
        self,
        *,
        site: OpenedSite,
        scope: Scope,
        client: SiteClient,
        frontier: Frontier,
        converter: Converter,
        store: PageStore,
        reporter: Reporter,
        workers: int,
        browser: Browser | None = None,
    ) -> None:
        self.failures: list[PageFailure] = []
        self.first_failure: Failure | None = None
        self.stopped_by: Failure | None = None
        self.notes: list[str] = []
        self.partial_sitemaps: list[Url] = []
        self.sitemaps_read = False
        self._site = site
        self._scope, self._client = scope, client
        self._frontier = frontier
        self._converter = converter
        self._store, self._reporter = store, reporter
        self._browser, self._workers = browser, workers
        self._alternates = MarkdownAlternates(client, scope.admit, negotiates=site.negotiates)
        self._canonicals = CanonicalClaims()
        self._feeds: list[Url] = []
        self._links = JudgedLinks(scope, frontier)
        # Most links of a page are also on the pages before it, and lead to pages that were already fetched.
        self._settled = SettledUrls()
        self._start_read = asyncio.Event()
        self._changed = asyncio.Event()
        self._last_change = monotonic()
        self._stopped = False

    def resume(self, failures: list[PageFailure], *, sitemaps_read: bool) -> None:
        """Let `run` continue with a frontier and a store that were restored from a checkpoint."""
        self.failures.extend(failures)
        for failure in failures:
            self._reporter.page_failed(failure)
        self.sitemaps_read = sitemaps_read
        self._start_read.set()

    @property
    def truncated_by(self) -> Truncation | None:
        """The limit that excluded known pages from a finished crawl, or None."""
        if not self._frontier.left:
            return None
        if self.stopped_by is None:
            return Truncation.MAX_PAGES
        if isinstance(self.stopped_by, OutOfTimeError):
            return Truncation.TIMEOUT
        return Truncation.SIZE if self.stopped_by.code == Code.BUDGET_EXCEEDED else None

    async def run(self) -> None:
        """Run until the frontier is empty or the task is cancelled. Raises: OSError when pages cannot be stored."""
        work = [self._work() for _ in range(self._workers)]
        if not self._start_read.is_set():
            work.append(self._begin())
        try:
            async with asyncio.TaskGroup() as group:
                sitemaps = None
                if not self.sitemaps_read:
                    self._frontier.sources_open += 1
                    sitemaps = group.create_task(self._read_sitemaps())
                # Tasks start in this order; the start page is the first that has something to do.
                await asyncio.wait([group.create_task(one) for one in reversed(work)])
                if sitemaps is not None:
                    sitemaps.cancel()
        except ExceptionGroup as failed:
            # All workers get the same error from a full disk, so the first one is enough.
            raise first_error(failed) from failed
        self.notes += self._canonicals.notes() + self._frontier.shares.variants.notes()

    async def _read_sitemaps(self) -> None:
        try:
            found = 0
            async for entries in read_sitemaps(
                self._client, self._scope.robots, self._scope.start, self.partial_sitemaps
            ):
                found += len(entries)
                await self._offer_entries(entries)
            if not found:
                await self._start_read.wait()
                async for entries in read_feeds(self._client, self._scope.robots, self._feeds):
                    await self._offer_entries(entries)
            self.sitemaps_read = True
        except OutOfTimeError as failure:
            self._stop(failure)
        finally:
            self._frontier.sources_open -= 1
            self._notify()

    async def _offer_entries(self, entries: list[Entry]) -> None:
        for number, entry in enumerate(entries):
            if is_page_path(entry.url.path):
                await self._offer([entry.url], depth=1, priority=entry.priority)
            if number % ENTRIES_WITHOUT_PAUSE == 0:
                await asyncio.sleep(0)
        self._notify()

    async def _work(self) -> None:
        while (candidate := await self._next()) is not None:
            with self._client.page():
                await self._process(candidate)

    async def _begin(self) -> None:
        async with self._client.read_page(self._site.response) as response:
            await self._process(self._frontier.begin(), response)

    async def _next(self) -> Candidate | None:
        while not (self._stopped or self._frontier.finished):
            candidate = self._frontier.take()
            if candidate is not None:
                return candidate
            remaining = self._last_change + SECONDS_FOR_STRAGGLERS - monotonic()
            if remaining <= 0:
                self._last_change = monotonic()
                self._frontier.open_level()
                continue
            try:
                async with asyncio.timeout(remaining):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return None

    async def _process(self, candidate: Candidate, response: Response | Failure | None = None) -> None:
        """Process a page; an error other than a disk error fails only this page."""
        try:
            await self._take_through(candidate, response)
        except OutOfTimeError as failure:
            self._frontier.skip(candidate)
            self.first_failure = self.first_failure or failure
            self._stop(failure)
        except NotDueError:
            self._frontier.put_last(candidate)
        except Failure as failure:
            self._fail(candidate, failure)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - it is logged with its traceback, and must not end the crawl
            _log.exception("%s caused an error in the crawler", candidate.url)
            self._fail(candidate, internal_error())
        finally:
            if candidate.depth == 0:
                self._start_read.set()
        self._notify()

    async def _take_through(self, candidate: Candidate, response: Response | Failure | None) -> None:
        """Fetch, visit and store a page. Repeat this while the page redirects to another form of its URL."""
        while True:
            cookie_changes = self._client.cookie_changes
            if response is None:
                missing = self._browser is not None
                response = await self._client.get_page(
                    candidate.url,
                    wants_body=is_page,
                    missing=missing,
                    is_due=lambda: self._frontier.is_due(candidate),
                )
            if isinstance(response, Failure):
                raise response
            self._frontier.shares.setbacks.answered(candidate, response)
            found = await visit(response, candidate, self._scope, self._converter, self._browser)
            await self._follow(found, candidate)
            if isinstance(found.outcome, Redirect):
                self._client.keep_cookies(response)
                # Another page may have set a cookie after this one was requested.
                candidate.has_cookies |= self._client.cookie_changes != cookie_changes
                candidate.has_reloaded |= response.status < 300 and found.outcome.url.key == candidate.url.key
            if not await self._apply(found.outcome, candidate):
                return
            response = None

    async def _follow(self, found: Visit, candidate: Candidate) -> None:
        if candidate.depth == 0:
            self._feeds = found.feeds
        if found.menus is not None:
            written, page, base, is_whole = found.menus
            self._store.navigation.add(written, page, base, is_whole=is_whole)
        for links in found.links:
            await self._offer(links.urls, candidate.depth + 1, links.priority, short_name(candidate.url.key))
        # Many long links need more memory than the page, which may wait for its Markdown file.
        found.links.clear()

    async def _apply(self, outcome: Outcome, candidate: Candidate) -> bool:
        """Apply the outcome of a visit. Returns: whether the candidate has to be fetched again at its new URL."""
        match outcome:
            case Store(content, ignores_canonical):
                self._canonicals.ignored += ignores_canonical
                await self._keep(candidate, content)
            case Copy(original, content):
                if not self._replaced_by(original, candidate, content.metadata):
                    await self._keep(candidate, content)
            case Redirect(url):
                return self._redirect(candidate, url)
            case Skip():
                self._frontier.shares.setbacks.skipped(candidate)
                self._frontier.skip(candidate)
            case Frames(title):
                self._frontier.skip(candidate)
                if candidate.depth == 0:
                    self._store.frameset_title = title
            case Fail(failure):
                raise failure
        return False

    async def _keep(self, candidate: Candidate, content: HtmlPage | TextPage) -> None:
        if candidate.is_alternate and isinstance(content, TextPage):
            self._frontier.skip(candidate)
            return
        alternate = None
        if isinstance(content, HtmlPage):
            alternate = await self._alternates.find(candidate.url, content.relations.markdown)
        with rendering_advised(is_on=self._browser is not None):
            prepared = await prepare_aside(content, candidate.url, candidate.depth, alternate)
        if alternate is not None:
            self._frontier.claim(alternate.url, candidate.url)
        self._take_back(self._canonicals.stored(candidate.url, prepared.page.heading))
        if self._store.add(*prepared):
            self._frontier.shares.setbacks.kept(candidate)
            self._frontier.succeed(candidate)
        else:
            self._frontier.shares.setbacks.wasted(candidate)
            self._frontier.skip(candidate)

    def _redirect(self, candidate: Candidate, target: Url) -> bool:
        """Follow a redirect. Returns: whether it leads to another form of the same URL, which is fetched at once."""
        hops = candidate.hops + 1
        if hops > MAX_REDIRECTS:
            raise too_many_redirects(candidate.url)
        url = self._scope.admit(target)
        if url is None or not is_page_path(url.path):
            self._frontier.skip(candidate)
        elif url.key == candidate.url.key:
            # For example with a slash at the end.
            candidate.url, candidate.hops = url, hops
            return True
        elif self._frontier.moves.make_circle(candidate.url, url):
            if candidate.has_cookies:
                self._frontier.repeat(candidate, url, hops)
                return False
            asked = candidate.asked or candidate.url
            raise Failure(Code.TOO_MANY_REDIRECTS, f"{asked} redirects in a loop.")
        else:
            self._store.navigation.note_copy(candidate.url, url)
            self._frontier.replace(candidate, url, hops)
        return False

    def _replaced_by(self, original: Url, candidate: Candidate, metadata: PageMetadata) -> bool:
        """Replace a copy by its canonical page, unless that page redirects back to the copy or failed."""
        if self._frontier.moves.make_circle(candidate.url, original) or self._frontier.has_failed(original):
            return False
        self._store.navigation.note_copy(candidate.url, original)
        self._frontier.shares.setbacks.wasted(candidate)
        self._frontier.replace(candidate, original, candidate.hops, is_copy=True)
        self._take_back(self._canonicals.claimed(original, candidate, metadata.heading))
        return True

    def _take_back(self, candidates: Iterable[Candidate]) -> None:
        """Fetch and keep pages that were wrongly treated as copies of another page."""
        for candidate in candidates:
            self._frontier.restore_copy(replace(candidate, copy_of=candidate.url))

    async def _offer(
        self, urls: Iterable[Url], depth: int, priority: float = LINK_PRIORITY, source: str = ""
    ) -> None:
        found = [(url, self._scope.own(url)) for url in urls if url not in self._settled]
        allowed, unwanted = await self._links.judge([url for _, url in found if url is not None])
        self._frontier.offer(allowed, depth, priority, unwanted=unwanted, source=source)
        self._settled.note(
            url for url, own_url in found if own_url is None or self._frontier.is_settled(own_url)
        )

    def _fail(self, candidate: Candidate, failure: Failure) -> None:
        is_start = candidate.depth == 0
        setbacks = self._frontier.shares.setbacks
        setbacks.failed(candidate, failure.code)
        may_retry = failure.code in RETRIED and not isinstance(failure, LongWaitError)
        others = self._frontier.unfinished(besides=candidate)
        is_over = setbacks.end_crawl(others, is_complete=not self._frontier.sources_open)
        if failure.code == Code.BUDGET_EXCEEDED or is_over:
            self._stop(failure)
        elif may_retry and not is_start and self._frontier.retry(candidate):
            if failure.code != Code.RATE_LIMITED:
                self._client.rest(RETRY_SECONDS)
            return
        if self.first_failure is None or is_start:
            self.first_failure = failure
        if failure.code in NO_PAGES:
            self._frontier.skip(candidate)
            return
        self._frontier.fail(candidate)
        if candidate.hops >= MAX_REDIRECTS:
            self._frontier.reopen(candidate)
        if candidate.copy_of is not None:
            self._frontier.restore_copy(candidate)
        missing = PageFailure(str(candidate.asked or candidate.url), failure.code, failure.detail)
        self.failures.append(missing)
        self._reporter.page_failed(missing)

    def _stop(self, failure: Failure) -> None:
        if not self._stopped:
            self._stopped = True
            self.stopped_by = failure
            self.notes.append(f"The crawl stopped early; pages may be missing. {failure.detail}")

    def _notify(self) -> None:
        """Report progress, and wake the workers that wait for a page."""
        self._reporter.progress(self._frontier.crawled, self._frontier.total, self._frontier.failed)
        self._last_change = monotonic()
        if self._stopped or self._frontier.finished or self._frontier.has_next:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
