"""The walk through one opened site: workers that take pages from the frontier until it is finished."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

from llmready.crawler.browser.need import needs_browser
from llmready.crawler.engine.frontier import MAX_KNOWN, Candidate, Frontier
from llmready.crawler.engine.scope import adopt
from llmready.crawler.engine.site import OpenedSite
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.client import MAX_REDIRECTS, Response, too_many_redirects
from llmready.crawler.fetch.http_cache import all_of
from llmready.crawler.fetch.sitemaps import read_feeds, read_sitemaps
from llmready.crawler.fetch.throttle import OutOfTimeError
from llmready.crawler.pack.archive import PageFailure
from llmready.crawler.page.alternates import MarkdownForm
from llmready.crawler.page.html import kept_page, read_answer, read_rendered
from llmready.crawler.page.media import Media, is_page, media_of
from llmready.crawler.page.metadata import header_rules, is_page_path
from llmready.crawler.page.navigation import read_crumbs, read_signs
from llmready.crawler.page.relations import Relations, read_relations
from llmready.crawler.page.text import read_text, text_links
from llmready.crawler.store.pages import StoredPage, variant_digest
from llmready.crawler.urls import continues

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.browser.browser import Browser
    from llmready.crawler.convert.node_child import Converter
    from llmready.crawler.fetch.site_client import PoliteFetcher
    from llmready.crawler.fetch.sitemaps import Entry
    from llmready.crawler.page.metadata import Page
    from llmready.crawler.report.events import Reporter
    from llmready.crawler.store.pages import PageStore
    from llmready.crawler.urls import Url

SECONDS_FOR_STRAGGLERS = 2.0
"""So long the last pages of a level may hold up the next one; then order gives way to speed."""

MOST_SILENCES = 25
"""Failures to answer in a row after which a site counts as gone."""

RETRY_SECONDS = 1.0
"""A site where something broke is asked for nothing for so long."""

SECONDS_WITHOUT_PAUSE = 0.05
"""So long robots.txt may be asked about links before others get their turn."""

TRANSLATION_PRIORITY = 0.1
"""Other languages of a page come after the pages of the language that the crawl began with."""

_log = logging.getLogger(__name__)

_RETRIED = frozenset({Code.CONNECTION_FAILED, Code.SERVER_ERROR, Code.RATE_LIMITED})
_SILENCES = frozenset({*_RETRIED, Code.TIMEOUT, Code.DNS_FAILURE})


class Walk:
    """Visits the pages of a site.

    Parameters: `site`, opened; `getter`, which asks politely; `frontier`, which decides what comes next;
    `converter`, started; `store`, where pages are kept; `reporter`, who hears of progress and of pages that fail;
    `workers`, pages that are worked on at once; `browser`, for pages that need one, or None.
    """

    def __init__(
        self,
        *,
        site: OpenedSite,
        getter: PoliteFetcher,
        frontier: Frontier,
        converter: Converter,
        store: PageStore,
        reporter: Reporter,
        workers: int,
        browser: Browser | None = None,
    ) -> None:
        self.failures: list[PageFailure] = []
        self.first_failure: Failure | None = None
        self.notes: list[str] = []
        self.sitemaps_read = False
        self._site = site
        self._getter = getter
        self._frontier = frontier
        self._converter = converter
        self._store = store
        self._reporter = reporter
        self._browser = browser
        self._workers = workers
        self._markdown = MarkdownForm(getter, site)
        self._feeds: list[Url] = []
        self._forbidden: set[str] = set()
        # Most links of a page are those of the pages before it, and lead to what was fetched already.
        self._settled: set[Url] = set()
        self._start_read = asyncio.Event()
        self._changed = asyncio.Event()
        self._told = monotonic()
        self._silences = 0
        self._stopped = False

    def resume(self, failures: list[PageFailure], *, sitemaps_read: bool) -> None:
        """Go on, in `run`, with a frontier and a store that were restored; the start page is in them."""
        self.failures.extend(failures)
        for failure in failures:
            self._reporter.page_failed(failure)
        self.sitemaps_read = sitemaps_read
        self._start_read.set()

    async def run(self) -> None:
        """Walk until nothing is left, or until the caller's patience ends by cancelling.

        Raises: OSError when pages cannot be kept.
        """
        work = [self._work() for _ in range(self._workers)]
        if not self._start_read.is_set():
            work.append(self._visit(self._frontier.begin(), self._site.answer))
        try:
            async with asyncio.TaskGroup() as group:
                sitemaps = None
                if not self.sitemaps_read:
                    self._frontier.sources_open += 1
                    sitemaps = group.create_task(self._read_sitemaps())
                # The start page is the last of them, and the first that has something to do.
                await asyncio.wait([group.create_task(one) for one in reversed(work)])
                if sitemaps is not None:
                    sitemaps.cancel()
        except ExceptionGroup as failed:
            # All workers meet the same full disk; one of them tells it as well as twelve.
            raise _first(failed) from failed

    async def _read_sitemaps(self) -> None:
        try:
            found = 0
            async for entries in read_sitemaps(self._getter, self._site.robots, self._site.start):
                found += len(entries)
                await self._offer_entries(entries)
            if not found:
                await self._start_read.wait()
                async for entries in read_feeds(self._getter, self._site.robots, self._feeds):
                    await self._offer_entries(entries)
            self.sitemaps_read = True
        except OutOfTimeError as failure:
            self._stop(failure)
        finally:
            self._frontier.sources_open -= 1
            self._tell()

    async def _offer_entries(self, entries: list[Entry]) -> None:
        for number, entry in enumerate(entries):
            if is_page_path(entry.url.path):
                await self._offer([entry.url], depth=1, priority=entry.priority)
            if number % 200 == 0:
                await asyncio.sleep(0)
        self._tell()

    async def _work(self) -> None:
        while (candidate := await self._next()) is not None:
            await self._visit(candidate)

    async def _next(self) -> Candidate | None:
        while not (self._stopped or self._frontier.finished):
            candidate = self._frontier.take()
            if candidate is not None:
                return candidate
            patience = self._told + SECONDS_FOR_STRAGGLERS - monotonic()
            if patience <= 0:
                self._told = monotonic()
                self._frontier.open_level()
                continue
            try:
                async with asyncio.timeout(patience):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return None

    async def _visit(self, candidate: Candidate, answer: Response | Failure | None = None) -> None:
        try:
            if answer is None:
                answer = await self._getter.get(candidate.url, wants_body=is_page)
            await self._settle(candidate, answer)
        except OutOfTimeError as failure:
            self._frontier.leave_out(candidate)
            self.first_failure = self.first_failure or failure
            self._stop(failure)
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
        finally:
            if candidate.depth == 0:
                self._start_read.set()
        self._tell()

    async def _settle(self, candidate: Candidate, answer: Response | Failure) -> None:
        if isinstance(answer, Failure):
            raise answer
        if answer.redirect is not None:
            await self._redirected(candidate, answer.redirect)
            return
        answer.raise_for_status()
        self._silences = 0
        media = media_of(answer)
        if media in (Media.MARKDOWN, Media.TEXT):
            await self._take_text(candidate, answer)
            return
        if media is Media.OTHER:
            raise Failure(
                Code.NOT_HTML,
                f"{answer.url} is no page but {answer.content_type[:100] or 'something unnamed'}.",
            )
        await self._take_html(candidate, answer)

    async def _take_html(self, candidate: Candidate, answer: Response) -> None:
        facts = await read_answer(answer, self._converter)
        if self._browser is not None and not (facts.refresh or facts.noindex) and needs_browser(facts.html):
            rendered = await self._browser.render(answer, self._site.robots)
            if rendered.leads_to is not None:
                await self._went(candidate, rendered.leads_to)
                return
            facts = await read_rendered(answer, rendered.html, self._converter)
            if rendered.address is not None and not self._site.robots.allows(rendered.address):
                # The page renamed itself, which makes it one that is not for us.
                self._frontier.leave_out(candidate)
                return
        relations = read_relations(facts, answer)
        if candidate.depth == 0:
            self._feeds = relations.feeds
        await self._offer(facts.links, candidate.depth + 1)
        if not facts.nofollow:
            await self._offer(relations.translations, candidate.depth + 1, TRANSLATION_PRIORITY)
        if facts.refresh is not None and facts.refresh.key != candidate.url.key:
            await self._redirected(candidate, facts.refresh)
        elif facts.noindex or not self._frontier.wanted(candidate.url):
            self._frontier.leave_out(candidate)
        elif not self._is_copy(candidate, facts.canonical or relations.canonical):
            await self._keep(candidate, facts, relations)

    async def _keep(self, candidate: Candidate, facts: Page, relations: Relations) -> None:
        own = await self._markdown.of(candidate.url, relations.markdown)
        if own is None:
            page, markdown = kept_page(facts, candidate.url, candidate.depth)
        else:
            page, markdown = read_text(own, candidate.url, candidate.depth)
            page.title, page.site_name = page.title or facts.title, facts.site_name
            page.description = page.description or facts.description
            page.lang, page.modified, page.crumbs = facts.lang, facts.modified, read_crumbs(facts.source)
            page.signs = read_signs(facts) if candidate.depth == 0 else ()
            self._frontier.claim(own.url)
        variant = ""
        if relations.translations:
            keys = (candidate.url.key, *(url.key for url in relations.translations))
            variant = f"{min(keys)} {variant_digest(page.title, markdown)}"
        self._store_page(candidate, page, markdown, variant)

    async def _take_text(self, candidate: Candidate, answer: Response) -> None:
        noindex, nofollow = header_rules(all_of(answer.headers, "X-Robots-Tag"))
        if not nofollow:
            await self._offer(text_links(answer), candidate.depth + 1)
        if noindex or not self._frontier.wanted(candidate.url):
            self._frontier.leave_out(candidate)
            return
        page, markdown = read_text(answer, candidate.url, candidate.depth)
        self._store_page(candidate, page, markdown)

    def _store_page(self, candidate: Candidate, page: StoredPage, markdown: str, variant: str = "") -> None:
        if self._store.add(page, markdown, variant):
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
        elif url.key != candidate.url.key and self._frontier.circles(candidate, url):
            asked = candidate.asked or candidate.url
            raise Failure(Code.TOO_MANY_REDIRECTS, f"{asked} redirects in a circle.")
        elif url.key == candidate.url.key:
            # The same page in another form, such as with a slash at the end.
            candidate.url, candidate.hops = url, hops
            await self._visit(candidate)
        else:
            self._frontier.replace(candidate, url, hops)

    async def _went(self, candidate: Candidate, target: Url) -> None:
        """Follow a page's scripts to another page of the site. Raises: Failure (redirects_elsewhere)."""
        if adopt(self._site.start, target) is None:
            raise Failure(Code.REDIRECTS_ELSEWHERE, f"{candidate.url} leads to {target} by its scripts.")
        await self._redirected(candidate, target)

    def _is_copy(self, candidate: Candidate, canonical: Url | None) -> bool:
        """Follow `rel=canonical` to the page that this one is a copy of.

        One that names the front page, or the first page of a list that this one goes on, is not followed: common
        mistakes that would lose pages. Nor is one that leads back here, or to a page that failed.
        """
        if candidate.stays:
            return False
        url = canonical and adopt(self._site.start, canonical)
        if url is None or url.key == candidate.url.key or url.path == "/":
            return False
        if continues(candidate.url, url):
            return False
        if not (self._site.robots.allows(url) and self._frontier.wanted(url) and is_page_path(url.path)):
            return False
        if self._frontier.circles(candidate, url) or self._frontier.has_failed(url):
            return False
        self._frontier.replace(candidate, url, candidate.hops, is_copy=True)
        return True

    async def _offer(self, urls: Iterable[Url], depth: int, priority: float = 0.5) -> None:
        found = [(url, adopt(self._site.start, url)) for url in urls if url not in self._settled]
        own = [url for _, url in found if url is not None]
        if self._site.robots.has_rules:
            own = await self._allowed(own)
        self._frontier.offer(own, depth, priority)
        if len(self._settled) < MAX_KNOWN:
            self._settled.update(
                url for url, own_url in found if own_url is None or self._frontier.is_settled(own_url)
            )

    async def _allowed(self, urls: list[Url]) -> list[Url]:
        """Leave out what robots.txt forbids.

        A hostile one has so many rules that each look takes long: others, and the timeout, get their turn between.
        """
        allowed: list[Url] = []
        paused = monotonic()
        for url in urls:
            if monotonic() - paused > SECONDS_WITHOUT_PAUSE:
                await asyncio.sleep(0)
                paused = monotonic()
            if self._frontier.known(url) or not self._frontier.wanted(url):
                allowed.append(url)
            elif url.target not in self._forbidden:
                if self._site.robots.allows(url):
                    allowed.append(url)
                elif len(self._forbidden) < MAX_KNOWN:
                    self._forbidden.add(url.target)
        return allowed

    def _failed(self, candidate: Candidate, failure: Failure) -> None:
        is_start = candidate.depth == 0
        if failure.code in _SILENCES:
            self._silences += 1
        if failure.code == Code.BUDGET_EXCEEDED or self._silences >= MOST_SILENCES:
            self._stop(failure)
        elif failure.code in _RETRIED and not is_start and self._frontier.retry(candidate):
            if failure.code != Code.RATE_LIMITED:
                self._getter.rest(RETRY_SECONDS)
            return
        if self.first_failure is None or is_start:
            self.first_failure = failure
        if failure.code in (Code.NOT_HTML, Code.ROBOTS_DISALLOWED):
            self._frontier.leave_out(candidate)
            return
        self._frontier.fail(candidate)
        if candidate.copy_of is not None:
            self._frontier.bring_back(candidate)
        missing = PageFailure(str(candidate.asked or candidate.url), failure.code, failure.detail)
        self.failures.append(missing)
        self._reporter.page_failed(missing)

    def _stop(self, failure: Failure) -> None:
        if not self._stopped:
            self._stopped = True
            self.notes.append(f"The crawl stopped early; pages may be missing. {failure.detail}")

    def _tell(self) -> None:
        """Wake who waits for work, and say how far we are."""
        self._reporter.progress(self._frontier.crawled, self._frontier.total, self._frontier.failed)
        self._told = monotonic()
        if self._stopped or self._frontier.finished or self._frontier.gives:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error
