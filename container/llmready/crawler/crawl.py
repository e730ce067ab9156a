"""One crawl: opens the site, walks through it, writes the archive; all or nothing."""

from __future__ import annotations

import asyncio
import errno
import gc
import hashlib
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmready.crawler.browser.process import find_chromium
from llmready.crawler.convert.node_child import MAX_WAITING, Converter
from llmready.crawler.failures import Code, Failure
from llmready.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from llmready.crawler.engine.checkpoint import Checkpoint
    from llmready.crawler.engine.frontier import Frontier
    from llmready.crawler.engine.scheduler import Walk
    from llmready.crawler.options import Options, Surroundings
    from llmready.crawler.pack.archive import PageFailure
    from llmready.crawler.pack.quality import Quality
    from llmready.crawler.report.events import Reporter
    from llmready.crawler.store.pages import PageStore
    from llmready.crawler.urls import Url

OBJECTS_BETWEEN_COLLECTIONS = 20_000

ARCHIVE_NAMES = frozenset({"llms.txt", "llms-full.txt", "manifest.json", "md", "llms"})


@dataclass(frozen=True, slots=True)
class Result:
    """What a crawl brought: where it lies, and figures about it; sizes in bytes."""

    out: Path
    archive: Path | None
    pages_crawled: int
    pages_failed: int
    total_files: int
    file_size: int
    sha256: str | None
    content_bytes: int
    site_name: str
    quality: Quality


@dataclass(slots=True)
class _Fetched:
    """What the walk left behind besides the pages in the store."""

    start: Url
    failures: list[PageFailure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))


async def crawl(options: Options, surroundings: Surroundings, reporter: Reporter) -> Result:
    """Crawl a site and write its archive.

    Parameters: `options`, what is wanted; `surroundings`, what the operator allows; `reporter`,
    who hears of progress and of pages that fail. Nothing appears at `options.out` before all of it is there.
    Raises: Failure.
    """
    chromium = find_chromium() if options.use_playwright else None
    work = options.out.parent / f".{options.out.name}.partial"
    converter = Converter()
    try:
        await converter.start()
        # The packages of the network take longer to load than Node takes to start: both at once.
        from llmready.crawler.store.pages import PageStore  # noqa: PLC0415

        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        with closing(PageStore(work / "pages", compress=options.zip)) as store:
            fetched = await _fetch(
                options,
                surroundings,
                converter=converter,
                store=store,
                reporter=reporter,
                chromium=chromium,
            )
            await converter.close()
            return await asyncio.to_thread(_pack, options, surroundings, work, store, fetched)
    except Failure as failure:
        raise failure.of_crawl() from failure
    except OSError as error:
        raise _of_disk(error) from error
    finally:
        await converter.close()
        shutil.rmtree(work, ignore_errors=True)


async def _fetch(
    options: Options,
    surroundings: Surroundings,
    *,
    converter: Converter,
    store: PageStore,
    reporter: Reporter,
    chromium: Path | None,
) -> _Fetched:
    from llmready.crawler.engine.scheduler import Walk  # noqa: PLC0415
    from llmready.crawler.engine.site import open_site  # noqa: PLC0415
    from llmready.crawler.fetch.address_guard import Guard  # noqa: PLC0415
    from llmready.crawler.fetch.client import Fetcher  # noqa: PLC0415
    from llmready.crawler.fetch.http_cache import KnownAnswers  # noqa: PLC0415 - see crawl()
    from llmready.crawler.fetch.site_client import PoliteFetcher  # noqa: PLC0415
    from llmready.crawler.fetch.throttle import Pace  # noqa: PLC0415

    # What was loaded until here stays, and what a page leaves is gone with its last reference: little is to collect.
    gc.freeze()
    gc.enable()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    fetched = _Fetched(options.start)
    failure: Failure | None = None
    try:
        async with asyncio.timeout(options.timeout), AsyncExitStack() as open_until_then:
            guard = Guard(surroundings.allowed, surroundings.blocked)
            limits = surroundings.limits_of(options.start)
            if chromium is not None:
                # Fetcher and browser share what one site is asked to bear.
                limits = replace(limits, connections=max(1, limits.connections // 2))
            fetcher = await open_until_then.enter_async_context(
                Fetcher(guard, surroundings.user_agent, limits)
            )
            pace = Pace(limits.connections, deadline=asyncio.get_running_loop().time() + options.timeout)
            files = options.files
            answers = open_until_then.enter_context(
                KnownAnswers(files.previous, files.shared, files.keep, files.share)
            )
            getter = PoliteFetcher(fetcher, pace, answers)
            browser = None
            if chromium is not None:
                from llmready.crawler.browser.browser import Browser  # noqa: PLC0415 - most crawls have none

                browser = await open_until_then.enter_async_context(
                    Browser(
                        chromium,
                        guard=guard,
                        budget=fetcher.budget,
                        limits=limits,
                        user_agent=surroundings.user_agent,
                    )
                )
            site = await open_site(getter, options.start)
            pace.space(site.robots.delay)
            fetched.start = site.start
            frontier, earlier = _frontier(options, site.start, store)
            walk = Walk(
                site=site,
                getter=getter,
                frontier=frontier,
                converter=converter,
                store=store,
                reporter=reporter,
                # More than connections: a page that is being converted holds none, only memory.
                workers=limits.connections + MAX_WAITING,
                browser=browser,
            )
            fetched.failures, fetched.notes = walk.failures, walk.notes
            if earlier is not None:
                fetched.began = earlier.began
                walk.resume(earlier.failures, sitemaps_read=earlier.sitemaps_read)
            async with _recorded(options, fetched, walk, frontier, store):
                await walk.run()
            failure = walk.first_failure
            if browser is not None:
                fetched.notes.append(f"{browser.rendered} pages were rendered in a browser.")
    except TimeoutError:
        failure = Failure(Code.TIMEOUT, f"Not one page arrived within {options.timeout:g} seconds.")
        fetched.notes.append(
            f"The crawl stopped at its timeout of {options.timeout:g} s; pages may be missing."
        )
    if not len(store):
        none = Failure(Code.NO_PAGES, f"{fetched.start} and what it links to hold no page that is wanted.")
        raise failure or none
    return fetched


def _frontier(options: Options, start: Url, store: PageStore) -> tuple[Frontier, Checkpoint | None]:
    """Return where to go on, and the checkpoint that says so, its pages in the store; or where to begin."""
    from llmready.crawler.engine.checkpoint import read_checkpoint  # noqa: PLC0415 - see crawl()
    from llmready.crawler.engine.frontier import Frontier  # noqa: PLC0415
    from llmready.crawler.engine.patterns import Patterns  # noqa: PLC0415

    patterns = Patterns(options.include, options.exclude)
    earlier = read_checkpoint(options.resume, options)
    if earlier is None or earlier.start != start:
        return Frontier(start, patterns, options.max_pages), None
    try:
        frontier = Frontier.restored(earlier.frontier, patterns)
        store.restore(earlier.store, earlier.markdown)
    except (ValueError, KeyError, TypeError):
        # Another version may have written it.
        return Frontier(start, patterns, options.max_pages), None
    return frontier, earlier


@asynccontextmanager
async def _recorded(
    options: Options, fetched: _Fetched, walk: Walk, frontier: Frontier, store: PageStore
) -> AsyncIterator[None]:
    """Write checkpoints, if they are wanted, and a last one when the walk is broken off."""
    if options.checkpoint is None:
        yield
        return
    from llmready.crawler.engine.checkpoint import Recorder  # noqa: PLC0415 - see crawl()

    recorder = Recorder(
        options.checkpoint, options, began=fetched.began, walk=walk, frontier=frontier, store=store
    )
    recording = asyncio.create_task(recorder.run())
    try:
        yield
    except asyncio.CancelledError:
        recorder.write_now()
        raise
    finally:
        recording.cancel()


def _pack(
    options: Options, surroundings: Surroundings, work: Path, store: PageStore, fetched: _Fetched
) -> Result:
    from llmready.crawler.pack.archive import Bundle, Run, write_archive  # noqa: PLC0415 - not needed until now

    folder, packed = work / "archive", work / "archive.zip"
    folder.mkdir()
    ended = datetime.now(UTC)
    run = Run(
        start=fetched.start,
        started_at=_text(fetched.began),
        ended_at=_text(ended),
        seconds=(ended - fetched.began).total_seconds(),
        generator=f"LLMReady {__version__}",
        failures=fetched.failures,
        notes=fetched.notes,
        link_target=options.link_target,
    )
    with Bundle(folder, packed if options.zip else None, surroundings.archive_bytes) as bundle:
        written = write_archive(bundle, store, run)
    size, digest = _measured(packed) if options.zip else (0, None)
    archive = options.out.with_name(f"{options.out.name}.zip") if options.zip else None
    _publish(folder, options.out, work / "replaced")
    if archive is not None:
        packed.replace(archive)
    return Result(
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
    )


def _measured(file: Path) -> tuple[int, str]:
    with file.open("rb") as source:
        return file.stat().st_size, hashlib.file_digest(source, "sha256").hexdigest()


def _publish(folder: Path, out: Path, replaced: Path) -> None:
    """Put the finished folder in its place; an earlier archive there makes room only now."""
    if out.exists():
        out.rename(replaced)
    folder.rename(out)


def check_out(out: Path) -> None:
    """Refuse a folder that holds something else than an earlier archive.

    Raises: ValueError, with a plain sentence.
    """
    if not out.name:
        raise ValueError(f"{out} cannot be the folder of an archive.")
    if not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist.")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"The folder {out.parent} cannot be written to.")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file.")
    if out.is_dir():
        names = {entry.name for entry in out.iterdir()}
        if names and (not names <= ARCHIVE_NAMES or "manifest.json" not in names):
            raise ValueError(f"The folder {out} holds other files; name one that is empty or not there.")


def _of_disk(error: OSError) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(Code.DISK_FULL, "The disk is full, so the pages cannot be kept.")
    return Failure(Code.INTERNAL_ERROR, f"A file could not be written: {error.strerror or error}.")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
