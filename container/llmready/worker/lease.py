"""Extend the lease on a generation while a job runs, and cancel the job when the lease is lost."""

import asyncio
import math
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from llmready.domain.clock import now
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.generation import Generation, Progress
from llmready.observability import logger
from llmready.ports.generations import Generations
from llmready.ports.tasks import JobConsumer, QueuedJob
from llmready.worker.retry import retry

T = TypeVar("T")

_PROGRESS_PAUSE = 0.5  # seconds between two writes of progress
# Bytes of a generation up to which the pause is that short. DynamoDB charges for the whole item at each write, and
# the patterns of a website may take 80 kB.
_SMALL = 4096
_LONGEST_BEAT = (
    5.0  # seconds between two heartbeats; a refused heartbeat shows that the generation was cancelled
)
_MARGIN = 2  # seconds


def visibility(lease: timedelta) -> int:
    """Return a visibility timeout in seconds that is longer than the lease can be.

    Progress extends the lease between two heartbeats, and only heartbeats extend the visibility timeout.
    """
    return math.ceil(lease.total_seconds() * 4 / 3) + _MARGIN


class Lease:
    """A claimed generation and its lease.

    Args:
        generation: The generation as it was claimed.
        message: The delivery that led to it.
        length: Duration of the lease after each write.
        taken: :func:`time.monotonic` just before the claim.
        generations: Store of generations.
        jobs: Queues of messages.
    """

    def __init__(
        self,
        generation: Generation,
        message: QueuedJob,
        *,
        length: timedelta,
        taken: float,
        generations: Generations,
        jobs: JobConsumer,
    ) -> None:
        self._claimed = generation
        self._message = message
        self._length = length
        self._generations = generations
        self._jobs = jobs
        self._ends = taken + length.total_seconds()
        size = len(generation.model_dump_json().encode())
        longest = min(_LONGEST_BEAT, length.total_seconds() / 3)
        self._pause = min(longest, _PROGRESS_PAUSE * max(1.0, size / _SMALL))
        self._progress = Progress()
        self._progressed_at: datetime | None = None
        self._waited = 0.0
        self._writing = asyncio.Lock()
        self._moved = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def generation(self) -> Generation:
        """The generation under this worker's fence, with its lease and what the attempt reported so far."""
        return self._claimed.progressed(self._progress, self._progressed_at, waited=self._waited)

    def holds(self) -> bool:
        """Return whether it is certain that no other worker has claimed the generation."""
        return monotonic() < self._ends

    def report(self, progress: Progress) -> None:
        """Record progress, which is stored soon. The numbers never decrease."""
        before = self._progress
        self._progress = Progress(
            pages_crawled=max(before.pages_crawled, progress.pages_crawled),
            total_pages=max(before.total_pages, progress.total_pages),
            pages_failed=max(before.pages_failed, progress.pages_failed),
        )
        if self._progress != before:
            self._progressed_at = now()
            self._moved.set()

    def report_wait(self, seconds: float) -> None:
        """Record that the attempt waited for other crawls of its host. The next heartbeat stores it."""
        self._waited += seconds

    async def confirm(self) -> None:
        """Extend the lease now.

        Raises:
            LeaseLost: It is no longer held.
        """
        async with self._writing:
            try:
                await asyncio.wait_for(self._prolong(), timeout=self._ends - monotonic())
            except (TimeoutError, TryAgain):
                # Another worker may have claimed it by now.
                raise LeaseLost from None

    async def hold_while(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine while the lease is extended, and return its result.

        After that, no progress is written any more. The end of the generation can then be stored.

        Raises:
            LeaseLost: The lease was lost, and the work was cancelled.
        """
        working = asyncio.create_task(work)
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._over.set()
            self._moved.set()
            if not working.done():
                working.cancel()
            await asyncio.wait({working, keeping})
        keeping.result()
        return working.result()

    async def _keep(self) -> None:
        third = self._length.total_seconds() / 3
        next_hiding = monotonic() + third
        while not self._over.is_set():
            # A longer pause does not delay the heartbeat.
            left = _LONGEST_BEAT + _PROGRESS_PAUSE - self._pause
            await _within(min(left, next_hiding - monotonic()), self._moved)
            if self._over.is_set():
                return
            self._moved.clear()
            await self.confirm()
            if monotonic() >= next_hiding:
                next_hiding = monotonic() + third
                await self._hide()
            await _within(self._pause, self._over)

    async def _prolong(self) -> None:
        def beat() -> float:
            begun, expires = monotonic(), now() + self._length
            self._generations.heartbeat(self.generation, lease_expires_at=expires, progress=self._progress)
            self._claimed = self._claimed.model_copy(update={"lease_expires_at": expires})
            return begun

        self._ends = await retry(beat, while_=self.holds) + self._length.total_seconds()

    async def _hide(self) -> None:
        try:
            await asyncio.to_thread(self._jobs.hide, self._message, visibility(self._length))
        except TryAgain:
            # A second delivery is ignored because the generation is leased.
            logger.warning("visibility timeout not extended", generation_id=self.generation.id)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
