"""Which message comes next: the priority queue first, the standard one never forgotten."""

import asyncio

from llmready.adapters.sqs import SqsJobQueue
from llmready.domain.errors import TryAgain
from llmready.domain.plans import QueueName
from llmready.observability import logger
from llmready.ports import QueuedJob

_SHARE = 3  # priority messages before a standard one has its turn
_UNREACHABLE_PAUSE = 1.0  # seconds


class Intake:
    """Takes messages from both queues.

    A round asks one queue and then the other, whose answer may be waited for. That makes two requests a second of
    an idle worker on AWS, where each costs, and lets a message wait for a second at most. An emulator's requests
    cost nothing, so there nobody waits inside a request and rounds follow each other closely.

    Args:
        jobs: The queues.
        visibility: Seconds for which a message taken is hidden from others.
        wait: Seconds that the second request of a round may wait (long polling).
        pause: Seconds between two rounds without a message.
    """

    def __init__(self, jobs: SqsJobQueue, *, visibility: int, wait: int, pause: float) -> None:
        self._jobs = jobs
        self._visibility = visibility
        self._wait = wait
        self._pause = pause
        self._priority_in_a_row = 0

    async def next(self) -> QueuedJob | None:
        """Return the next message, or None after a round without one."""
        order = (QueueName.PRIORITY, QueueName.STANDARD)
        if self._priority_in_a_row >= _SHARE:
            order = (QueueName.STANDARD, QueueName.PRIORITY)
        for queue, wait in zip(order, (0, self._wait), strict=True):
            message = await self._receive(queue, wait)
            if message is not None:
                self._priority_in_a_row = self._priority_in_a_row + 1 if queue is QueueName.PRIORITY else 0
                return message
        await asyncio.sleep(self._pause)
        return None

    async def _receive(self, queue: QueueName, wait: int) -> QueuedJob | None:
        try:
            return await asyncio.to_thread(self._jobs.receive, queue, wait=wait, visibility=self._visibility)
        except TryAgain:
            logger.warning("queue not reached", queue=queue)
            await asyncio.sleep(_UNREACHABLE_PAUSE)
        except ValueError:
            # It ends in the dead-letter queue after a few more deliveries.
            logger.warning("message not understood", queue=queue)
        return None
