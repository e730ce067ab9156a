"""Run several jobs at the same time, each with its own job context."""

import asyncio
from collections.abc import Iterable

from llmready.ports.tasks import QueuedJob
from llmready.worker.job import run_job
from llmready.worker.job_context import JobContext


class JobPool:
    """Runs jobs side by side.

    Args:
        contexts: One for each job that may run at once.
        stop: Ends all jobs early when it is set.
    """

    def __init__(self, contexts: Iterable[JobContext], stop: asyncio.Event) -> None:
        self._free = list(contexts)
        self._stop = stop
        self._running: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no job is running."""
        return not self._running

    @property
    def is_full(self) -> bool:
        """Whether no context is free."""
        return not self._free

    @property
    def is_retired(self) -> bool:
        """Whether no job can ever start again, because processes or files of earlier jobs could not be removed."""
        return self.is_idle and self.is_full

    def start(self, message: QueuedJob) -> None:
        """Start a job with a free context."""
        job = asyncio.create_task(self._run(message, self._free.pop()))
        self._running.add(job)
        job.add_done_callback(self._running.discard)

    async def wait_for_one(self, *, within: float | None = None) -> None:
        """Wait until a job ends, but no longer than ``within`` seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=within, return_when=asyncio.FIRST_COMPLETED)

    async def wait_for_all(self) -> None:
        """Wait until no job is running."""
        while self._running:
            await asyncio.wait(self._running)

    async def _run(self, message: QueuedJob, context: JobContext) -> None:
        try:
            await run_job(message, context, self._stop)
        finally:
            if not context.supervisor.is_retired:
                self._free.append(context)
