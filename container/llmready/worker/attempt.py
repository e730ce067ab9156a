"""One attempt at a claimed generation: crawl the site, check the crawler's files, store them."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from llmready.domain.archive import Archive, Coverage, Quality
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.file_index import FileIndex
from llmready.domain.generation import HOST_BUSY, Failure, Generation, PageError, Progress
from llmready.domain.generation_files import archive_key
from llmready.observability import logger
from llmready.usecases.end_generation import TIMED_OUT
from llmready.worker import checkpoints, http_caches
from llmready.worker.archive_check import BadArchive, check_archive
from llmready.worker.blocked_hosts import HOST_BLOCKED
from llmready.worker.comparison import compare_with_last
from llmready.worker.crawl_order import (
    Crawled,
    CrawlFailed,
    CrawlOrder,
    CrawlStopped,
    Outcome,
    checkpoint_of,
)
from llmready.worker.crawl_process import CrawlProcess
from llmready.worker.events import Completed
from llmready.worker.host_turns import HostTurns, host_of
from llmready.worker.index import LARGEST_FOUND, index_archive, store_found, store_index
from llmready.worker.job_context import JobContext
from llmready.worker.lease import Lease
from llmready.worker.results import NotAcceptable, Taken, TooLarge
from llmready.worker.retry import retry

_CHECKPOINT_INTERVAL = 1.0  # seconds; the crawler writes one every few
_CHECKPOINT_SHARE = 10  # storing checkpoints takes at most this fraction (1/n) of the time
_MEGABYTE = 1024 * 1024
# Time for which an attempt may wait for its turns of the host, in timeouts. A waiting crawl occupies a slot that
# other generations need.
_LONGEST_WAIT = 2

_BROKE_OFF = Failure(
    code="internal_error",
    message="The generation stopped because of an internal error of this service. The website is not the cause.",
)
_NOT_STORED = Failure(
    code="internal_error",
    message="The result could not be stored because of an internal error of this service. "
    "The website is not the cause.",
)


class Stored(NamedTuple):
    """The attempt ended with its files in the bucket.

    Attributes:
        earlier: The generation whose archive is reused, because the files are unchanged. None if a new archive was
            stored.
    """

    archive: Archive
    progress: Progress
    errors: tuple[PageError, ...]
    earlier: Generation | None = None


AttemptResult = Stored | CrawlFailed | CrawlStopped


class Attempt:
    """One attempt at a generation.

    Args:
        lease: The lease on the generation.
        context: The context of the job.
        stop: Ends the attempt early when it is set.
    """

    def __init__(self, lease: Lease, context: JobContext, stop: asyncio.Event) -> None:
        self._lease = lease
        self._context = context
        self._stop = stop
        self._limit: asyncio.Timeout | None = None
        self._waited = 0.0
        self._host_busy = asyncio.Event()

    async def run(self) -> AttemptResult:
        """Crawl and store. An unexpected error counts as a transient internal failure.

        Raises:
            LeaseLost: Another worker may have claimed the generation.
        """
        try:
            async with asyncio.timeout(self._context.attempt_timeout.total_seconds()) as limit:
                self._limit = limit
                return await self._crawl_and_store()
        except LeaseLost:
            raise
        except TryAgain:
            return CrawlStopped() if self._stop.is_set() else CrawlFailed(_NOT_STORED, transient=True)
        except Exception:  # noqa: BLE001 - whatever it is, the generation is not lost by it
            if limit.expired():
                return CrawlFailed(TIMED_OUT, transient=True)
            logger.exception("attempt failed unexpectedly", generation_id=self._lease.generation.id)
            return CrawlFailed(_BROKE_OFF, transient=True)

    async def _crawl_and_store(self) -> AttemptResult:
        context, generation = self._context, self._lease.generation
        controls = await context.blocked_hosts.read()
        if controls.blocks(generation.website_url):
            return CrawlFailed(HOST_BLOCKED, transient=False)
        folder = Path(tempfile.mkdtemp(prefix="generation-", dir=context.work))
        try:
            caches = await asyncio.to_thread(context.http_caches.fetch, generation, folder)
            order = CrawlOrder(
                url=generation.website_url,
                settings=generation.settings,
                seconds=min(generation.settings.timeout, int(context.attempt_timeout.total_seconds())),
                blocked_hosts=controls.blocked_hosts,
                previous=caches.previous,
                shared=caches.shared,
                share=context.http_caches.sharing,
                resume=await asyncio.to_thread(context.checkpoints.fetch, generation, folder),
            )
            outcome = await self._crawl(order, folder)
            if isinstance(outcome, CrawlStopped):
                await self._lease.confirm()
                await asyncio.to_thread(context.checkpoints.store, generation, self._take_checkpoint(folder))
            return await self._store(outcome, folder) if isinstance(outcome, Crawled) else outcome
        finally:
            await context.supervisor.remove_files(folder)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _crawl(self, order: CrawlOrder, folder: Path) -> Outcome:
        """Crawl until the end, until operators block the host, or until the host was busy for too long."""
        context = self._context
        crawling = asyncio.create_task(
            context.supervisor.crawl(
                order, folder, report=self._lease.report, stop=self._stop, take_turns=self._take_turns
            )
        )
        blocked = asyncio.create_task(context.blocked_hosts.wait_until_blocked(order.url))
        busy = asyncio.create_task(self._host_busy.wait())
        storing = asyncio.create_task(self._store_checkpoints(folder))
        try:
            await asyncio.wait({crawling, blocked, busy}, return_when=asyncio.FIRST_COMPLETED)
            if crawling.done():
                return crawling.result()
            if blocked.done():
                return CrawlFailed(HOST_BLOCKED, transient=False)
            # The next attempt continues at the last checkpoint.
            return CrawlFailed(HOST_BUSY, transient=True)
        finally:
            for task in (crawling, blocked, busy, storing):
                task.cancel()
            await asyncio.wait({crawling, blocked, busy, storing})

    async def _take_turns(self, crawl: CrawlProcess) -> None:
        """Let the crawl take turns with other crawls of the host.

        Waiting does not count towards its timeout, but it ends the attempt if it takes too long altogether.
        """
        generation, services = self._lease.generation, self._context.services

        def extend(seconds: float) -> None:
            self._waited += seconds
            if self._waited > _LONGEST_WAIT * generation.settings.timeout:
                self._host_busy.set()
            crawl.extend(seconds)
            if self._limit is not None and not self._limit.expired():
                self._limit.reschedule((self._limit.when() or 0.0) + seconds)

        turns = HostTurns(
            services.host_leases,
            host_of(generation.website_url),
            # The holder is the generation, not the attempt, so that the attempt after a crashed worker takes over
            # its lease at once.
            generation.id,
            clock=services.clock,
            is_paid=generation.paid,
            extend=extend,
            waited=self._lease.report_wait,
            times=self._context.turn_times,
        )
        await turns.run(crawl)

    async def _store_checkpoints(self, folder: Path) -> None:
        """Store each checkpoint that the crawler writes."""
        checkpoint, stored, pause = checkpoint_of(folder), 0, _CHECKPOINT_INTERVAL
        while True:
            await asyncio.sleep(pause)
            with suppress(FileNotFoundError):
                written = checkpoint.lstat().st_mtime_ns
                if written != stored and self._lease.holds():
                    started = monotonic()
                    await asyncio.to_thread(
                        self._context.checkpoints.store, self._lease.generation, self._take_checkpoint(folder)
                    )
                    stored = written
                    pause = max(_CHECKPOINT_INTERVAL, _CHECKPOINT_SHARE * (monotonic() - started))

    def _take_checkpoint(self, folder: Path) -> Callable[[], Taken]:
        return partial(
            self._context.supervisor.take,
            checkpoint_of(folder),
            folder / "checkpoint",
            most=checkpoints.MOST_BYTES,
        )

    async def _store(self, crawled: Crawled, folder: Path) -> AttemptResult:
        """Copy the files of a crawler, check the copies and store them.

        A scheduled run with unchanged files stores no archive. It refers to the earlier archive.
        """
        context, generation, report = self._context, self._lease.generation, crawled.report
        try:
            taken = await asyncio.to_thread(self._take_archive, crawled, folder)
        except TooLarge:
            return CrawlFailed(_too_large(context.archive_mb), transient=False)
        except (NotAcceptable, BadArchive, FileNotFoundError) as error:
            logger.warning("archive refused", generation_id=generation.id, reason=str(error))
            return CrawlFailed(_BROKE_OFF, transient=True)

        def may_retry() -> bool:
            return self._lease.holds() and not self._stop.is_set()

        index = await asyncio.to_thread(index_archive, generation, taken.path)
        await self._lease.confirm()
        found = await retry(lambda: compare_with_last(context.services, generation, index), while_=may_retry)
        archive = Archive(
            key=archive_key(generation.user_id, generation.id, generation.fence),
            file_size=taken.size,
            total_files=report.total_files,
            sha256=taken.sha256,
            content_bytes=report.content_bytes,
            quality=Quality.model_validate(report.quality.model_dump()),
            coverage=_coverage_of(report),
            changed=found.changed,
            summary=found.summary,
        )
        reused = found.reusable.generation.archive if found.reusable is not None else None
        if found.reusable is not None and reused is not None:
            kept = {"key", "file_size", "total_files", "sha256", "content_bytes"}
            archive = archive.model_copy(update=reused.model_dump(include=kept))
            index = found.reusable.files
        else:
            await retry(
                lambda: context.services.archives.store(taken.path, archive.key, taken.sha256),
                while_=may_retry,
            )
        await asyncio.to_thread(self._store_http_caches, crawled, folder)
        await asyncio.to_thread(self._store_documents, crawled, index, folder)
        return Stored(
            archive,
            Progress(
                pages_crawled=report.pages_crawled,
                total_pages=report.pages_crawled + report.pages_failed,
                pages_failed=report.pages_failed,
            ),
            crawled.errors,
            found.reusable.generation if found.reusable is not None else None,
        )

    def _take_archive(self, crawled: Crawled, folder: Path) -> Taken:
        """Copy the archive and check the copy.

        Raises:
            NotAcceptable: It is not a regular file, or it differs from the crawler's report.
            TooLarge: It is larger than the largest archive that is stored.
            BadArchive: Its entries are not acceptable.
            FileNotFoundError: The crawler wrote no archive.
        """
        most = self._context.archive_mb * _MEGABYTE
        taken = self._context.supervisor.take(crawled.archive, folder / "archive.zip", most=most)
        if taken.sha256 != crawled.report.sha256:
            raise NotAcceptable("It differs from what the crawler reported.")
        check_archive(taken.path)
        return taken

    def _store_documents(self, crawled: Crawled, index: FileIndex | None, folder: Path) -> None:
        """Store the documents beside the archive."""
        services, generation = self._context.services, self._lease.generation
        if index is not None:
            store_index(services, generation, index)
        take = partial(self._context.supervisor.take, crawled.found, folder / "found", most=LARGEST_FOUND)
        store_found(services, generation, take)

    def _store_http_caches(self, crawled: Crawled, folder: Path) -> None:
        caches, generation = self._context.http_caches, self._lease.generation
        copy, most = folder / "http-cache", http_caches.MOST_BYTES
        take = self._context.supervisor.take
        caches.store(generation, partial(take, crawled.http_cache, copy, most=most))
        caches.share(generation, partial(take, crawled.shared_http_cache, copy, most=most))


def _coverage_of(report: Completed) -> Coverage:
    pages = report.pages_crawled + report.pages_failed
    return Coverage(
        pages_found=max(report.pages_found, pages),
        truncated_by=report.truncated_by,
        shortened_delay=report.shortened_delay,
        partial_sitemaps=report.partial_sitemaps,
        over_http=report.over_http,
        simplified=report.simplified,
    )


def _too_large(megabytes: int) -> Failure:
    return Failure(
        code="archive_too_large",
        message=f"The result is larger than {megabytes} MB. Reduce max_pages, or exclude pages with patterns.",
    )
