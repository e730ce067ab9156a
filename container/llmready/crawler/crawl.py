"""Run one crawl: open the site, run the scheduler, write the archive. If anything fails, no file is written."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import math
import shutil
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmready.crawler import startup
from llmready.crawler.browser.process import find_chromium
from llmready.crawler.convert.node_child import MAX_WAITING, Converter
from llmready.crawler.engine.app_name import read_app_name
from llmready.crawler.engine.checkpoint import Checkpoint, CheckpointWriter, read_checkpoint
from llmready.crawler.engine.frontier import Frontier
from llmready.crawler.engine.scheduler import Scheduler
from llmready.crawler.engine.scope import Scope
from llmready.crawler.engine.site import open_site
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.fetch.gate import Gate
from llmready.crawler.fetch.http_cache import HttpCache
from llmready.crawler.fetch.site_client import SiteClient
from llmready.crawler.fetch.throttle import Throttle
from llmready.crawler.kinds import Kind, gives_way
from llmready.crawler.languages import language_of
from llmready.crawler.model import Coverage, CrawlResult, PageFailure, Truncation
from llmready.crawler.pack.archive import Bundle, Run, write_archive
from llmready.crawler.pack.publish import publish, publish_web_root
from llmready.crawler.store.pages import PageStore
from llmready.patterns import Patterns
from llmready.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from llmready.crawler.browser.browser import Browser
    from llmready.crawler.operator_settings import OperatorSettings
    from llmready.crawler.options import Limits, Options
    from llmready.crawler.report.reporter import Reporter
    from llmready.crawler.urls import Url


_MOST_NAMED = 10
"""URLs that one note names."""


@dataclass(slots=True)
class _Fetched:
    """What the scheduler produced besides the pages in the store.

    Attributes:
        frontier: Which pages are known; None before the site was opened.
        truncated_by: The limit that excluded known pages, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one, or None.
        partial_sitemaps: Sitemaps that could be read only in part.
        over_http: Whether http was used because https does not work.
    """

    start: Url
    frontier: Frontier | None = None
    truncated_by: Truncation | None = None
    shortened_delay: int | None = None
    partial_sitemaps: list[Url] = field(default_factory=list)
    over_http: bool = False
    failures: list[PageFailure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))


async def crawl(
    options: Options, settings: OperatorSettings, reporter: Reporter, gate: Gate | None = None
) -> CrawlResult:
    """Crawl a site and write its archive.

    The folder `options.out` appears only when all files are complete.

    Args:
        options: Options of this crawl.
        settings: Settings of the operator.
        reporter: Receives progress and page failures.
        gate: Closed while another crawl of the same host has its turn. None means always open.

    Raises:
        Failure: The crawl has no result.
    """
    chromium = find_chromium() if options.use_playwright else None
    work = options.out.parent / f".{options.out.name}.partial"
    converter = Converter()
    startup.resume_collector()
    startup.return_large_blocks()
    try:
        await converter.start()
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        with closing(PageStore(work / "pages", compress=options.zip)) as store:
            crawling = _Crawl(options, settings, reporter, converter, store, chromium, gate or Gate())
            fetched = await crawling.fetch()
            await converter.close()
            return await asyncio.to_thread(_pack, options, settings, work, store, fetched)
    except Failure as failure:
        raise failure.of_crawl() from failure
    except OSError as error:
        raise _disk_failure(error) from error
    finally:
        await converter.close()
        shutil.rmtree(work, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Crawl:
    """The fetching part of a crawl."""

    options: Options
    settings: OperatorSettings
    reporter: Reporter
    converter: Converter
    store: PageStore
    chromium: Path | None
    gate: Gate

    async def fetch(self) -> _Fetched:
        """Fill the store. Raises: Failure if it contains no page at the end."""
        options = self.options
        fetched = _Fetched(options.start)
        failure: Failure | None = None
        try:
            async with asyncio.timeout(options.timeout) as limit, AsyncExitStack() as resources:
                resources.enter_context(self._clock_stops_while_closed(limit))
                failure = await self._run(resources, fetched)
        except TimeoutError:
            fetched.truncated_by = Truncation.TIMEOUT
            failure = Failure(Code.TIMEOUT, f"No page was received within {options.timeout:g} seconds.")
            fetched.notes.append(
                f"The crawl stopped at its timeout of {options.timeout:g} s; pages may be missing."
            )
        if not len(self.store):
            none = Failure(
                Code.NO_PAGES,
                f"No page that can be reached from {fetched.start} is allowed by the patterns and the site's robots"
                " rules.",
            )
            raise failure or none
        return fetched

    @contextmanager
    def _clock_stops_while_closed(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Extend the timeout by the time for which the gate is closed."""
        deadline, closed_before = limit.when() or 0.0, self.gate.closed_seconds

        def changed() -> None:
            if not limit.expired():
                closed = self.gate.closed_seconds - closed_before
                limit.reschedule(deadline + closed if self.gate.is_open else None)

        with self.gate.watched(changed):
            yield

    async def _run(self, resources: AsyncExitStack, fetched: _Fetched) -> Failure | None:
        """Open the site and run the scheduler. Returns: the first failure of a page, if there was one."""
        options, settings = self.options, self.settings
        guard = AddressGuard(settings.allowed, settings.blocked)
        limits = settings.limits_for(options.start)
        if self.chromium is not None:
            # The client and the browser share the connections that one site is given.
            limits = replace(limits, connections=max(1, limits.connections // 2))
        http = await resources.enter_async_context(HttpClient(guard, settings.user_agent, limits))
        deadline = asyncio.get_running_loop().time() + options.timeout
        throttle = Throttle(limits.connections, deadline - self.gate.closed_seconds, self.gate)
        files = options.files
        cache = resources.enter_context(HttpCache(files.previous, files.shared, files.keep, files.share))
        client = SiteClient(http, throttle, cache)
        browser = await self._browser(resources, guard, http, limits)
        site = await open_site(client, options.start, try_http=options.try_http)
        client.opened()
        if site.start.host != options.start.host:
            # Crawls of the new host take turns, too.
            self.reporter.moved(str(site.start))
        throttle.space(site.robots.delay)
        fetched.start, fetched.over_http = site.start, site.over_http
        patterns = Patterns(options.include, options.exclude)
        self.store.app_name = await read_app_name(client, site)
        frontier, checkpoint = _frontier(options, site.start, patterns, self.store)
        frontier.languages = frozenset(map(language_of, options.languages))
        scheduler = Scheduler(
            site=site,
            scope=Scope(site.start, site.robots, patterns),
            client=client,
            frontier=frontier,
            converter=self.converter,
            store=self.store,
            reporter=self.reporter,
            # More than connections, because a page that is being converted holds no connection.
            workers=limits.connections + MAX_WAITING,
            browser=browser,
        )
        fetched.failures, fetched.notes = scheduler.failures, scheduler.notes
        fetched.partial_sitemaps = scheduler.partial_sitemaps
        if site.robots.wanted_delay > site.robots.delay:
            fetched.shortened_delay = math.ceil(site.robots.wanted_delay)
        fetched.frontier = frontier
        if checkpoint is not None:
            fetched.began = checkpoint.began
            scheduler.resume(checkpoint.failures, sitemaps_read=checkpoint.sitemaps_read)
        async with _checkpoints(options, fetched, scheduler, frontier, self.store):
            await scheduler.run()
        fetched.truncated_by = scheduler.truncated_by
        if http.cookies:
            fetched.notes.append("The site sets cookies in its redirects; the crawl sent them back.")
        if http.incomplete:
            fetched.notes.append(_incomplete_note([str(url) for url in http.incomplete]))
        if browser is not None:
            fetched.notes.extend(browser.tally.notes())
        return scheduler.first_failure

    async def _browser(
        self, resources: AsyncExitStack, guard: AddressGuard, http: HttpClient, limits: Limits
    ) -> Browser | None:
        if self.chromium is None:
            return None
        from llmready.crawler.browser.browser import Browser  # noqa: PLC0415 - needs Playwright, an extra

        return await resources.enter_async_context(
            Browser(
                self.chromium,
                guard=guard,
                budget=http.budget,
                limits=limits,
                user_agent=self.settings.user_agent,
                gate=self.gate,
                # The crawler itself and its converter need at most 400 MB.
                memory=self.options.memory * 2 // 3,
            )
        )


def _frontier(
    options: Options, start: Url, patterns: Patterns, store: PageStore
) -> tuple[Frontier, Checkpoint | None]:
    """Return the frontier, restored together with the store if there is a usable checkpoint, else a new one."""
    checkpoint = read_checkpoint(options.resume, options)
    if checkpoint is None or checkpoint.start != start:
        return Frontier(start, patterns, options.max_pages), None
    try:
        frontier = Frontier.restored(checkpoint.frontier, patterns)
        store.restore(checkpoint.store, checkpoint.markdown)
    except (ValueError, KeyError, TypeError):
        # Another version of the crawler may have written it.
        return Frontier(start, patterns, options.max_pages), None
    return frontier, checkpoint


@asynccontextmanager
async def _checkpoints(
    options: Options, fetched: _Fetched, scheduler: Scheduler, frontier: Frontier, store: PageStore
) -> AsyncIterator[None]:
    """Write checkpoints while the scheduler runs, and a last checkpoint when it is cancelled.

    Do nothing if they are off.
    """
    if options.checkpoint is None:
        yield
        return
    writer = CheckpointWriter(
        options.checkpoint, options, began=fetched.began, scheduler=scheduler, frontier=frontier, store=store
    )
    writing = asyncio.create_task(writer.run())
    try:
        yield
    except asyncio.CancelledError:
        writer.write_now()
        raise
    finally:
        writing.cancel()


def _pack(
    options: Options, settings: OperatorSettings, work: Path, store: PageStore, fetched: _Fetched
) -> CrawlResult:
    dropped = _make_room(options, store, fetched)
    coverage = _coverage(store, fetched, dropped)
    if options.found is not None and fetched.frontier is not None:
        options.found.write_text("".join(f"{path}\n" for path in fetched.frontier.found))
    folder, packed = work / "archive", work / "archive.zip"
    folder.mkdir()
    ended = datetime.now(UTC)
    run = Run(
        start=fetched.start,
        started_at=_iso(fetched.began),
        ended_at=_iso(ended),
        seconds=(ended - fetched.began).total_seconds(),
        generator=f"LLMReady {__version__}",
        failures=fetched.failures,
        notes=[*fetched.notes, *map(_partial_note, fetched.partial_sitemaps)],
        link_target=options.link_target,
        coverage=coverage,
        languages=options.languages,
    )
    with Bundle(folder, packed if options.zip else None, settings.archive_bytes) as bundle:
        written = write_archive(bundle, store, run)
    size, digest = _size_and_digest(packed) if options.zip else (0, None)
    archive = options.out.with_name(f"{options.out.name}.zip") if options.zip else None
    if options.layout == "web-root":
        publish_web_root(folder, options.out)
    else:
        publish(folder, options.out, work / "replaced")
    if archive is not None:
        packed.replace(archive)
    return CrawlResult(
        out=options.out,
        archive=archive,
        pages_crawled=len(store),
        pages_failed=len(fetched.failures),
        total_files=written.total_files,
        file_size=size,
        sha256=digest,
        content_bytes=written.content_bytes,
        site_name=written.site_name,
        quality=written.quality,
        coverage=written.coverage or coverage,
    )


def _make_room(options: Options, store: PageStore, fetched: _Fetched) -> Counter[Kind]:
    """Drop the lists, notices and forms that exceed the limit of pages.

    Returns: the number of dropped pages by kind.
    """
    frontier = fetched.frontier
    if frontier is None or len(store) <= options.max_pages:
        return Counter()
    kinds = list(Kind)
    late = sorted(
        (page for page in store.pages() if gives_way(frontier.kind(page.url)) and page.depth),
        key=lambda page: (kinds.index(frontier.kind(page.url)), page.depth, page.url),
    )
    surplus = late[len(late) - min(len(late), len(store) - options.max_pages) :]
    for page in surplus:
        store.drop(page)
    return Counter(frontier.kind(page.url) for page in surplus)


def _coverage(store: PageStore, fetched: _Fetched, dropped: Counter[Kind]) -> Coverage:
    frontier = fetched.frontier
    left = dropped + (frontier.left_by_kind if frontier is not None else Counter())
    return Coverage(
        len(store),
        len(store) + len(fetched.failures) + left.total(),
        fetched.truncated_by,
        fetched.shortened_delay,
        tuple((kind.value, left[kind]) for kind in Kind if left[kind]) if set(left) - {Kind.CONTENT} else (),
        len(fetched.partial_sitemaps),
        over_http=fetched.over_http,
    )


def _incomplete_note(urls: list[str]) -> str:
    named = ", ".join(urls[:_MOST_NAMED]) + (" and others" if len(urls) > _MOST_NAMED else "")
    return f"The Content-Length of these pages differs from their length, so text may be missing: {named}."


def _partial_note(sitemap: Url) -> str:
    return f"{sitemap} could be read only in part. It is not well-formed XML, or is too large or too deep."


def _size_and_digest(file: Path) -> tuple[int, str]:
    with file.open("rb") as source:
        return file.stat().st_size, hashlib.file_digest(source, "sha256").hexdigest()


def _disk_failure(error: OSError) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(Code.DISK_FULL, "The disk is full, so the pages cannot be kept.")
    return Failure(Code.INTERNAL_ERROR, f"A file could not be written: {error.strerror or error}.")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
