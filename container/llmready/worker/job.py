"""One delivery of a generation: claim it, run an attempt under the lease, record the result."""

import asyncio
import math
from collections.abc import Callable
from time import monotonic

from llmready.domain.clock import now
from llmready.domain.errors import Conflict, Gone, LeaseLost, TryAgain
from llmready.domain.failed_crawls import uses_up_the_time
from llmready.domain.generation import FAILED_TOO_LONG, Failure, Generation, PageError
from llmready.observability import logger
from llmready.ports.tasks import QueuedJob
from llmready.usecases.end_generation import (
    WORKER_LOST,
    complete_generation,
    fail_generation,
)
from llmready.usecases.page_errors import store_errors
from llmready.usecases.reserve_slots import must_yield
from llmready.worker.attempt import Attempt, AttemptResult, Stored
from llmready.worker.crawl_order import CrawlFailed, CrawlStopped
from llmready.worker.job_context import JobContext
from llmready.worker.lease import Lease
from llmready.worker.retry import retry, retry_for

# Seconds for which calls are retried. Before the claim and after the end nothing can be lost, because the message is
# delivered again.
_BEFORE_CLAIM = 10.0
_MESSAGE = 10.0
_ARCHIVE_GONE = Failure(
    code="internal_error",
    message="The files of the earlier generation were deleted during this run, so the website is crawled again.",
)
_RESERVED_PAUSE = 10  # seconds until a generation tries again to get a slot that is reserved for paid plans


async def run_job(message: QueuedJob, context: JobContext, stop: asyncio.Event) -> None:
    """Process a message, unless its generation is already done.

    Args:
        message: The delivery.
        context: The context of the job.
        stop: Ends the attempt early when it is set. The generation is then handed back.
    """
    generation_id = message.generation_id
    logger.thread_safe_append_keys(
        correlation_id=message.correlation_id
    )  # known only to this job's asyncio task
    try:
        await _Job(message, context, stop).run()
    except LeaseLost:
        logger.warning("lease lost; another worker continues the generation", generation_id=generation_id)
    except TryAgain:
        logger.warning(
            "AWS could not be reached; the message will be delivered again", generation_id=generation_id
        )
    except Exception:  # noqa: BLE001 - the next generation may do better, and this message is delivered again
        logger.exception(
            "job failed unexpectedly; the message will be delivered again", generation_id=generation_id
        )


class _Job:
    def __init__(self, message: QueuedJob, context: JobContext, stop: asyncio.Event) -> None:
        self._message = message
        self._context = context
        self._stop = stop

    async def run(self) -> None:
        lease = await self._claim()
        if lease is None:
            return
        generation = lease.generation
        logger.info("generation claimed", generation_id=generation.id, attempt=generation.attempts)
        self._context.services.metrics.claimed(generation)
        try:
            result = await lease.hold_while(Attempt(lease, self._context, self._stop).run())
            await self._record(lease, result)
        except LeaseLost:
            await asyncio.to_thread(self._remove_checkpoints_if_ended, generation)
            raise

    async def _claim(self) -> Lease | None:
        """Return the generation with a new lease, or None if there is nothing to do now."""
        context = self._context
        until = monotonic() + _BEFORE_CLAIM

        def may_retry() -> bool:
            return monotonic() < until and not self._stop.is_set()

        found = await retry(
            lambda: context.services.generations.get(self._message.user_id, self._message.generation_id),
            while_=may_retry,
        )
        if found is None or found.status.is_final:
            await self._delete_message()
            return None
        if found.lane is not self._message.lane:
            # An earlier release may have sent it to a queue that tasks without a browser read as well.
            await retry(lambda: context.services.jobs.send(found), while_=may_retry)
            await self._delete_message()
            return None
        if await retry(
            lambda: must_yield(context.services, found, browser=context.services.settings.browser),
            while_=may_retry,
        ):
            logger.info(
                "slots are reserved for paid plans; the generation returns to the queue",
                generation_id=found.id,
            )
            await self._with_message(
                lambda: context.services.job_consumer.give_back(self._message, delay=_RESERVED_PAUSE)
            )
            return None
        started = monotonic()
        try:
            claimed = found.claimed(time=now(), lease=context.lease)
        except Conflict:
            await self._hide_until_lease_ends(found)
            return None
        reason = WORKER_LOST if claimed.attempts > 1 + context.retries else None
        if reason is None:
            seconds = await retry(
                lambda: context.services.generations.failed_seconds(found.user_id, found.quota_ledger),
                while_=may_retry,
            )
            # Generations that waited for a slot, and further attempts, start after the limit may have been reached.
            earlier = 0
            if claimed.attempts > 1:
                # The account's record does not contain attempts of generations that have not ended.
                active = await retry(
                    lambda: list(context.services.generations.running_of(found.user_id)), while_=may_retry
                )
                earlier = sum(generation.lost_seconds for generation in active)
            if uses_up_the_time(seconds, now(), earlier=earlier):
                reason = FAILED_TOO_LONG
        if reason is not None:
            await retry(lambda: self._fail(found, reason), while_=may_retry)
            await self._delete_message()
            return None
        await retry(lambda: context.services.generations.claim(found, claimed), while_=may_retry)
        return Lease(
            claimed,
            self._message,
            length=context.lease,
            taken=started,
            generations=context.services.generations,
            jobs=context.services.job_consumer,
        )

    async def _record(self, lease: Lease, result: AttemptResult) -> None:
        """Store how the attempt ended, then delete, hide or give back the message."""
        generation = lease.generation
        match result:
            case Stored():
                await self._store_errors(generation, result.errors)
                try:
                    await retry(lambda: self._complete(generation, result), while_=lease.holds)
                except Gone:
                    # The earlier archive was deleted after the comparison: crawl again and store a new archive.
                    await self._record(lease, CrawlFailed(_ARCHIVE_GONE, transient=True))
                    return
                logger.info(
                    "generation completed", generation_id=generation.id, pages=result.progress.pages_crawled
                )
                await self._clean_up(generation)
            case CrawlStopped():
                handed_back = generation.handed_back(attempt_counts=False)
                await retry(
                    lambda: self._context.services.generations.hand_back(handed_back), while_=lease.holds
                )
                logger.info("generation handed back", generation_id=generation.id)
                await self._with_message(lambda: self._context.services.job_consumer.give_back(self._message))
            case CrawlFailed(failure, transient) if (
                transient and generation.attempts <= self._context.retries
            ):
                waiting = generation.handed_back(failure=failure, ended_at=now())
                await retry(lambda: self._context.services.generations.hand_back(waiting), while_=lease.holds)
                delay = int(generation.retry_delay.total_seconds())
                logger.info(
                    "generation waits for another attempt",
                    generation_id=generation.id,
                    code=failure.code,
                    seconds=delay,
                )
                await self._hide(delay)
            case CrawlFailed(failure, _, errors):
                await self._store_errors(generation, errors)
                await retry(lambda: self._fail(generation, failure), while_=lease.holds)
                logger.info("generation failed", generation_id=generation.id, code=failure.code)
                await self._clean_up(generation)

    async def _store_errors(self, generation: Generation, errors: tuple[PageError, ...]) -> None:
        try:
            await asyncio.to_thread(store_errors, self._context.services, generation, errors)
        except TryAgain:
            # The manifest also contains them.
            logger.warning("page errors not stored", generation_id=generation.id)

    def _remove_checkpoints_if_ended(self, lost: Generation) -> None:
        """Remove the checkpoints of a generation that another process ended. A further attempt would need them."""
        try:
            found = self._context.services.generations.get(lost.user_id, lost.id)
        except TryAgain:
            logger.warning("checkpoints not removed; orphaned checkpoints expire after one day")
        else:
            if found is None or found.status.is_final:
                self._context.checkpoints.remove(lost)

    async def _clean_up(self, generation: Generation) -> None:
        """Delete the files of an ended generation that were only needed by its attempts."""
        await asyncio.to_thread(self._context.checkpoints.remove, generation)
        await self._delete_message()

    def _complete(self, generation: Generation, stored: Stored) -> None:
        complete_generation(
            self._context.services,
            generation,
            archive=stored.archive,
            progress=stored.progress,
            earlier=stored.earlier,
        )

    def _fail(self, generation: Generation, failure: Failure) -> None:
        fail_generation(self._context.services, generation, failure)

    async def _hide_until_lease_ends(self, leased: Generation) -> None:
        """Hide the message until the other worker's lease ends, in case that worker crashes."""
        if leased.lease_expires_at is not None:
            left = math.ceil((leased.lease_expires_at - now()).total_seconds())
            await self._hide(max(0, left) + 1)

    async def _delete_message(self) -> None:
        await self._with_message(lambda: self._context.services.job_consumer.done(self._message))

    async def _hide(self, seconds: int) -> None:
        await self._with_message(lambda: self._context.services.job_consumer.hide(self._message, seconds))

    async def _with_message(self, call: Callable[[], None]) -> None:
        await retry_for(_MESSAGE, call)
