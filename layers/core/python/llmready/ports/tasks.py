"""Worker tasks, the queues that they consume and the dispatcher that starts them."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from llmready.domain.generation import ActiveGeneration, Generation
from llmready.domain.plans import Lane
from llmready.domain.task_stops import StartFailures, TaskStop


class QueuedJob(NamedTuple):
    """One delivery of a generation to a worker.

    Attributes:
        user_id: ID of the user.
        generation_id: ID of the generation.
        lane: The queue that delivered it.
        receipt: Receipt handle of this delivery.
        correlation_id: ID of the request that started the generation, for the logs.
    """

    user_id: str
    generation_id: str
    lane: Lane
    receipt: str
    correlation_id: str = ""


class JobQueue(Protocol):
    """Sends generations to the queues of the workers."""

    def send(self, generation: ActiveGeneration) -> None:
        """Send a generation to the queue of its lane."""


class JobConsumer(Protocol):
    """Receives generations from the queues. A delivery stays hidden from other workers for a while."""

    def receive(self, lane: Lane, *, wait: int, visibility: int) -> QueuedJob | None:
        """Receive the next generation of a queue.

        Args:
            lane: Which queue.
            wait: Seconds to wait for a message (long polling; at most 20).
            visibility: Seconds for which no other worker receives the message.

        Returns:
            The delivery, or None if the queue is empty.

        Raises:
            TryAgain: The queue cannot be reached.
            ValueError: The message names no generation.
        """

    def hide(self, job: QueuedJob, seconds: int) -> None:
        """Hide a delivery from other workers for ``seconds`` from now; 0 makes it visible at once."""

    def give_back(self, job: QueuedJob, *, delay: int = 0) -> None:
        """Put a delivery back into its queue as a new message. It then does not count as a failed delivery.

        Args:
            job: The delivery.
            delay: Seconds until the new message is delivered, at most 900.
        """

    def done(self, job: QueuedJob) -> None:
        """Delete a delivered message."""


class DispatcherTrigger(Protocol):
    """Starts the dispatcher before its next scheduled minute."""

    def fire(self, generation: Generation) -> None:
        """Ask the dispatcher to run now for a generation that was sent to its queue.

        Never raises: if the call fails, the scheduled dispatcher finds the generation.
        """


class TaskKind(StrEnum):
    """What a worker task is started for.

    Plain tasks have no browser and a small image. The other kinds also run generations that need no browser. Warm
    tasks have a browser and keep running without work.
    """

    PLAIN = "plain"
    BROWSER = "browser"
    WARM = "warm"


class TaskCounts(NamedTuple):
    """How many tasks of each kind are starting or running."""

    plain: int = 0
    browser: int = 0
    warm: int = 0


class Tasks(Protocol):
    """The worker tasks."""

    def counts(self) -> TaskCounts:
        """Return how many tasks are starting or running."""

    def run(self, kind: TaskKind, count: int, *, token: str) -> int:
        """Start tasks.

        Args:
            kind: Which kind of task.
            count: Greatest number of tasks to start.
            token: Identifies the call. A repeated call with the same token starts no further tasks.

        Returns:
            How many tasks were started.
        """


class StartFailureStore(Protocol):
    """How many times in a row tasks stopped before they could work."""

    def get(self, kind: TaskKind) -> StartFailures:
        """Return the failures in a row of a kind of task."""

    def record(self, stop: TaskStop, time: datetime) -> None:
        """Update the failures in a row of the task's kind after the task has stopped."""


class Mutex(Protocol):
    """A short lease that only one process has."""

    def acquire(self, name: str, *, time: datetime, until: datetime) -> bool:
        """Take the lease.

        Args:
            name: Name of the lease.
            time: Current time.
            until: When the lease ends if it is not released.

        Returns:
            False if another process has it. The other process learns from :meth:`release` that this call was made.
        """

    def release(self, name: str) -> bool:
        """Release the lease. Return False if another process tried to take it meanwhile."""
