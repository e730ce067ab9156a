"""One delivery of a generation: claimed, crawled, stored and ended under its lease, or left to another."""

import asyncio
import math
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from llmready.domain.clock import now
from llmready.domain.errors import Conflict, LeaseLost, TryAgain
from llmready.domain.generation import (
    Archive,
    Coverage,
    Failure,
    Generation,
    PageError,
    Progress,
    Quality,
    archive_key,
)
from llmready.observability import logger
from llmready.ports.tasks import QueuedJob
from llmready.services import Services
from llmready.usecases.end_generation import (
    TIMED_OUT,
    WORKER_LOST,
    complete_generation,
    fail_generation,
)
from llmready.usecases.page_errors import store_errors
from llmready.worker.answers import Answers
from llmready.worker.blocking import HOST_BLOCKED, Blocking
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.events import Completed
from llmready.worker.lease import Lease
from llmready.worker.left_behind import plain_size, sha256_of
from llmready.worker.patience import patiently
from llmready.worker.supervisor import (
    Crawled,
    CrawlFailed,
    CrawlOrder,
    CrawlStopped,
    Outcome,
    Supervisor,
    checkpoint_of,
)

_CHECKPOINT_LOOK = 1.0  # seconds; the crawler writes one every few
_MEGABYTE = 1024 * 1024
# Seconds. Without a lease, or after the end, there is nothing to lose: the message comes back.
_UNCLAIMED_PATIENCE = 10.0
_MESSAGE_PATIENCE = 10.0

_BROKE_OFF = Failure(
    code="internal_error", message="The generation broke off. This is our fault, not the website's."
)
_NOT_STORED = Failure(
    code="internal_error", message="The result could not be stored. This is our fault, not the website's."
)


class Stored(NamedTuple):
    """The attempt ended with its files in the bucket."""

    archive: Archive
    progress: Progress
    errors: tuple[PageError, ...]


Ending = Stored | CrawlFailed | CrawlStopped


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a job works with; one job at a time has it.

    Attributes:
        services: The process's services.
        retries: Further crawls after the first failed one.
        answers: What earlier crawls left for the next.
        checkpoints: Where interrupted crawls were.
        blocking: The hosts that are not crawled.
        archive_mb: The largest archive that is kept.
        work: The folder below which each job makes its own; None takes the system's.
    """

    services: Services
    answers: Answers
    checkpoints: Checkpoints
    blocking: Blocking
    supervisor: Supervisor
    lease: timedelta
    attempt_timeout: timedelta
    retries: int
    archive_mb: int
    work: Path | None = None


async def do_job(message: QueuedJob, desk: Desk, stop: asyncio.Event) -> None:
    """Do what a message asks for, as far as it still is to be done.

    Args:
        message: The delivery.
        desk: What to work with.
        stop: Ends the attempt early; the generation is then handed back.
    """
    generation_id = message.generation_id
    logger.thread_safe_append_keys(correlation_id=message.correlation_id)  # known to this job's task alone
    try:
        await _Job(message, desk, stop).run()
    except LeaseLost:
        logger.warning("lease lost; left to whoever holds it", generation_id=generation_id)
    except TryAgain:
        logger.warning("AWS not reached; the message comes back", generation_id=generation_id)
    except Exception:  # noqa: BLE001 - the next generation may do better, and this message comes back by itself
        logger.exception("job broke off; the message comes back", generation_id=generation_id)


class _Job:
    def __init__(self, message: QueuedJob, desk: Desk, stop: asyncio.Event) -> None:
        self._message = message
        self._desk = desk
        self._stop = stop

    async def run(self) -> None:
        lease = await self._claim()
        if lease is None:
            return
        generation = lease.generation
        logger.info("generation claimed", generation_id=generation.id, attempt=generation.attempts)
        self._desk.services.metrics.claimed(generation)
        try:
            ending = await lease.hold_while(self._attempt(lease))
            await self._write_down(lease, ending)
        except LeaseLost:
            await asyncio.to_thread(self._forget_if_ended, generation)
            raise

    async def _claim(self) -> Lease | None:
        """Return the generation under a new lease; None where there is nothing to do (any more, or yet)."""
        desk = self._desk
        until = monotonic() + _UNCLAIMED_PATIENCE

        def patient() -> bool:
            return monotonic() < until and not self._stop.is_set()

        found = await patiently(
            lambda: desk.services.generations.get(self._message.user_id, self._message.generation_id),
            while_=patient,
        )
        if found is None or found.status.is_final:
            await self._done()
            return None
        if found.lane is not self._message.lane:
            # An earlier release sent it where tasks without a browser look as well.
            await patiently(lambda: desk.services.jobs.send(found), while_=patient)
            await self._done()
            return None
        taken = monotonic()
        try:
            claimed = found.claimed(time=now(), lease=desk.lease)
        except Conflict:
            await self._wait_for_holder(found)
            return None
        if claimed.attempts > 1 + desk.retries:
            await patiently(lambda: self._fail(found, WORKER_LOST), while_=patient)
            await self._done()
            return None
        await patiently(lambda: desk.services.generations.claim(found, claimed), while_=patient)
        return Lease(
            claimed,
            self._message,
            length=desk.lease,
            taken=taken,
            generations=desk.services.generations,
            jobs=desk.services.job_consumer,
        )

    async def _attempt(self, lease: Lease) -> Ending:
        """Crawl and store; what goes wrong unforeseen counts as a failure of ours that may pass."""
        try:
            async with asyncio.timeout(self._desk.attempt_timeout.total_seconds()) as limit:
                return await self._crawl_and_store(lease)
        except LeaseLost:
            raise
        except TryAgain:
            return CrawlStopped() if self._stop.is_set() else CrawlFailed(_NOT_STORED, transient=True)
        except Exception:  # noqa: BLE001 - whatever it is, the generation is not lost by it
            if limit.expired():
                return CrawlFailed(TIMED_OUT, transient=True)
            logger.exception("attempt broke off", generation_id=lease.generation.id)
            return CrawlFailed(_BROKE_OFF, transient=True)

    async def _crawl_and_store(self, lease: Lease) -> Ending:
        desk, generation = self._desk, lease.generation
        longest = int(desk.attempt_timeout.total_seconds())
        controls = await desk.blocking.now()
        if controls.blocks(generation.website_url):
            return CrawlFailed(HOST_BLOCKED, transient=False)
        folder = Path(tempfile.mkdtemp(prefix="generation-", dir=desk.work))
        try:
            brought = await asyncio.to_thread(desk.answers.bring, generation, folder)
            order = CrawlOrder(
                url=generation.website_url,
                settings=generation.settings,
                seconds=min(generation.settings.timeout, longest),
                blocked_hosts=controls.blocked_hosts,
                previous=brought.previous,
                shared=brought.shared,
                share=desk.answers.sharing,
                resume=await asyncio.to_thread(desk.checkpoints.bring, generation, folder),
            )
            outcome = await self._crawl(order, folder, lease)
            if isinstance(outcome, CrawlStopped):
                await lease.confirm()
                await asyncio.to_thread(desk.checkpoints.keep, generation, checkpoint_of(folder), folder)
            return await self._store(lease, outcome) if isinstance(outcome, Crawled) else outcome
        finally:
            await desk.supervisor.clear(folder)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _crawl(self, order: CrawlOrder, folder: Path, lease: Lease) -> Outcome:
        """Crawl, unless the host is blocked meanwhile."""
        desk = self._desk
        crawling = asyncio.create_task(
            desk.supervisor.crawl(order, folder, report=lease.report, stop=self._stop)
        )
        blocked = asyncio.create_task(desk.blocking.until_blocked(order.url))
        keeping = asyncio.create_task(self._keep_checkpoints(folder, lease))
        try:
            await asyncio.wait({crawling, blocked}, return_when=asyncio.FIRST_COMPLETED)
            return crawling.result() if crawling.done() else CrawlFailed(HOST_BLOCKED, transient=False)
        finally:
            crawling.cancel()
            blocked.cancel()
            keeping.cancel()
            await asyncio.wait({crawling, blocked, keeping})

    async def _keep_checkpoints(self, folder: Path, lease: Lease) -> None:
        """Store each checkpoint that the crawler writes, at most a tenth of the time."""
        checkpoint, kept, pause = checkpoint_of(folder), 0, _CHECKPOINT_LOOK
        while True:
            await asyncio.sleep(pause)
            with suppress(FileNotFoundError):
                written = checkpoint.lstat().st_mtime_ns
                if written != kept and lease.holds():
                    begun = monotonic()
                    await asyncio.to_thread(self._desk.checkpoints.keep, lease.generation, checkpoint, folder)
                    kept, pause = written, max(_CHECKPOINT_LOOK, 10 * (monotonic() - begun))

    async def _store(self, lease: Lease, crawled: Crawled) -> Ending:
        desk, generation, report = self._desk, lease.generation, crawled.report
        size = plain_size(crawled.archive)
        if size > desk.archive_mb * _MEGABYTE:
            return CrawlFailed(_too_large(desk.archive_mb), transient=False)
        # The crawler's word is not enough: what is stored is what was looked at, whole and unchanged.
        sha256 = await asyncio.to_thread(sha256_of, crawled.archive)
        if sha256 != report.sha256:
            logger.warning("archive differs from what the crawler reported", generation_id=generation.id)
            return CrawlFailed(_BROKE_OFF, transient=True)
        key = archive_key(generation.user_id, generation.id, generation.fence)
        await lease.confirm()
        await patiently(
            lambda: desk.services.archives.store(crawled.archive, key, sha256),
            while_=lambda: lease.holds() and not self._stop.is_set(),
        )
        await asyncio.to_thread(desk.answers.keep, generation, crawled.answers)
        await asyncio.to_thread(desk.answers.share, generation, crawled.shared)
        return Stored(
            Archive(
                key=key,
                file_size=size,
                total_files=report.total_files,
                sha256=sha256,
                content_bytes=report.content_bytes,
                quality=Quality.model_validate(report.quality.model_dump()),
                coverage=_coverage_of(report),
            ),
            Progress(
                pages_crawled=report.pages_crawled,
                total_pages=report.pages_crawled + report.pages_failed,
                pages_failed=report.pages_failed,
            ),
            crawled.errors,
        )

    async def _write_down(self, lease: Lease, ending: Ending) -> None:
        """Write how the attempt ended, then do with the message what follows from it."""
        generation = lease.generation
        match ending:
            case Stored():
                await self._keep_errors(generation, ending.errors)
                await patiently(lambda: self._complete(generation, ending), while_=lease.holds)
                logger.info(
                    "generation completed", generation_id=generation.id, pages=ending.progress.pages_crawled
                )
                await self._clear_up(generation)
            case CrawlStopped():
                handed_back = generation.handed_back(attempt_counts=False)
                await patiently(
                    lambda: self._desk.services.generations.hand_back(handed_back), while_=lease.holds
                )
                logger.info("generation handed back", generation_id=generation.id)
                await self._with_message(lambda: self._desk.services.job_consumer.give_back(self._message))
            case CrawlFailed(failure, transient) if transient and generation.attempts <= self._desk.retries:
                waiting = generation.handed_back(failure=failure)
                await patiently(
                    lambda: self._desk.services.generations.hand_back(waiting), while_=lease.holds
                )
                delay = int(generation.retry_delay.total_seconds())
                logger.info(
                    "generation waits for another attempt",
                    generation_id=generation.id,
                    code=failure.code,
                    seconds=delay,
                )
                await self._hide(delay)
            case CrawlFailed(failure, _, errors):
                await self._keep_errors(generation, errors)
                await patiently(lambda: self._fail(generation, failure), while_=lease.holds)
                logger.info("generation failed", generation_id=generation.id, code=failure.code)
                await self._clear_up(generation)

    async def _keep_errors(self, generation: Generation, errors: tuple[PageError, ...]) -> None:
        try:
            await asyncio.to_thread(store_errors, self._desk.services, generation, errors)
        except TryAgain:
            # The manifest has them, too.
            logger.warning("page errors not kept", generation_id=generation.id)

    def _forget_if_ended(self, lost: Generation) -> None:
        """Remove the checkpoints of a generation that somebody else ended; an attempt that goes on needs them."""
        try:
            found = self._desk.services.generations.get(lost.user_id, lost.id)
        except TryAgain:
            logger.warning("checkpoints not looked after; they vanish after a day")
        else:
            if found is None or found.status.is_final:
                self._desk.checkpoints.forget(lost)

    async def _clear_up(self, generation: Generation) -> None:
        """Remove what only the attempts at an ended generation needed."""
        await asyncio.to_thread(self._desk.checkpoints.forget, generation)
        await self._done()

    def _complete(self, generation: Generation, stored: Stored) -> None:
        complete_generation(self._desk.services, generation, archive=stored.archive, progress=stored.progress)

    def _fail(self, generation: Generation, failure: Failure) -> None:
        fail_generation(self._desk.services, generation, failure)

    async def _wait_for_holder(self, held: Generation) -> None:
        """Keep the message back until the other worker's lease ends, in case that one does not come to an end."""
        if held.lease_expires_at is not None:
            left = math.ceil((held.lease_expires_at - now()).total_seconds())
            await self._hide(max(0, left) + 1)

    async def _done(self) -> None:
        await self._with_message(lambda: self._desk.services.job_consumer.done(self._message))

    async def _hide(self, seconds: int) -> None:
        await self._with_message(lambda: self._desk.services.job_consumer.hide(self._message, seconds))

    async def _with_message(self, call: Callable[[], None]) -> None:
        until = monotonic() + _MESSAGE_PATIENCE
        await patiently(call, while_=lambda: monotonic() < until)


def _coverage_of(report: Completed) -> Coverage:
    pages = report.pages_crawled + report.pages_failed
    return Coverage(pages_found=max(report.pages_found, pages), truncated_by=report.truncated_by)


def _too_large(megabytes: int) -> Failure:
    return Failure(
        code="archive_too_large",
        message=f"The result is larger than {megabytes} MB; fewer pages or narrower patterns may help.",
    )
