"""Choose the next message: priority queues have precedence, but standard queues are also served."""

import asyncio

from llmready.domain.errors import TryAgain
from llmready.domain.plans import Lane, QueueName
from llmready.observability import logger
from llmready.ports.tasks import JobConsumer, QueuedJob

_SHARE = 3  # messages of the preferred queues before one of the others
_UNREACHABLE_PAUSE = 1.0  # seconds


class Intake:
    """Receives messages from the queues that a worker serves. A worker with a browser prefers those that need one.

    A round polls one queue after the other, and only the last request of a round uses long polling. On AWS, each
    request costs money. An idle worker sends two requests per second (four with a browser), so a message waits for at
    most one second. Requests to an emulator cost nothing. Therefore there is no long polling, and the rounds follow
    each other quickly.

    Args:
        jobs: The queues.
        browser: Whether this worker also runs generations that need a browser.
        visibility: Seconds for which a received message is hidden from other workers.
        wait: Seconds that the last request of a round may wait (long polling).
        pause: Seconds between two rounds without a message.
    """

    def __init__(self, jobs: JobConsumer, *, browser: bool, visibility: int, wait: int, pause: float) -> None:
        self._jobs = jobs
        self._browser = browser
        self._visibility = visibility
        self._wait = wait
        self._pause = pause
        self._priority_in_a_row = 0
        self._browser_in_a_row = 0

    async def next(self) -> QueuedJob | None:
        """Return the next message, or None after a round without one."""
        queues = [QueueName.PRIORITY, QueueName.STANDARD]
        if self._priority_in_a_row >= _SHARE:
            queues.reverse()
        needs = [True, False] if self._browser else [False]
        if self._browser_in_a_row >= _SHARE:
            needs.reverse()
        order = [(queue, browser) for queue in queues for browser in needs]
        for queue, browser in order:
            wait = self._wait if (queue, browser) == order[-1] else 0
            message = await self._receive(Lane.of(queue, browser=browser), wait)
            if message is not None:
                self._priority_in_a_row = self._priority_in_a_row + 1 if queue is QueueName.PRIORITY else 0
                self._browser_in_a_row = self._browser_in_a_row + 1 if browser else 0
                return message
        await asyncio.sleep(self._pause)
        return None

    async def _receive(self, lane: Lane, wait: int) -> QueuedJob | None:
        try:
            return await asyncio.to_thread(self._jobs.receive, lane, wait=wait, visibility=self._visibility)
        except TryAgain:
            logger.warning("queue not reached", lane=lane)
            await asyncio.sleep(_UNREACHABLE_PAUSE)
        except ValueError:
            # It moves to the dead-letter queue after a few more deliveries.
            logger.warning("message is not valid", lane=lane)
        return None
