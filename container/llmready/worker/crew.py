"""Several jobs at once, each at a desk of its own."""

import asyncio
from collections.abc import Iterable

from llmready.ports.tasks import QueuedJob
from llmready.worker.job import Desk, do_job


class Crew:
    """Does jobs side by side.

    Args:
        desks: One for each job that may run at once.
        stop: Ends all of them early.
    """

    def __init__(self, desks: Iterable[Desk], stop: asyncio.Event) -> None:
        self._free = list(desks)
        self._stop = stop
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether nobody is at work."""
        return not self._at_work

    @property
    def is_full(self) -> bool:
        """Whether no desk is free."""
        return not self._free

    def begin(self, message: QueuedJob) -> None:
        """Begin a job at a free desk."""
        job = asyncio.create_task(self._work(message, self._free.pop()))
        self._at_work.add(job)
        job.add_done_callback(self._at_work.discard)

    async def until_one_ends(self, *, within: float | None = None) -> None:
        """Wait until a job ends, but no longer than ``within`` seconds."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=within, return_when=asyncio.FIRST_COMPLETED)

    async def until_all_have_ended(self) -> None:
        """Wait until nobody is at work any more."""
        while self._at_work:
            await asyncio.wait(self._at_work)

    async def _work(self, message: QueuedJob, desk: Desk) -> None:
        try:
            await do_job(message, desk, self._stop)
        finally:
            self._free.append(desk)
