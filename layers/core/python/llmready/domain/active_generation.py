"""A generation that has not ended, without the parts that can be large."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from llmready.domain.clock import Moment
from llmready.domain.plans import Lane, QueueName
from llmready.domain.website import CrawlNeeds


class Status(StrEnum):
    """``pending`` → ``processing`` → ``completed`` | ``failed`` | ``cancelled``."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the generation has ended."""
        return not MOVES[self]


MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.FAILED, Status.CANCELLED}),
    # Another worker may claim it after its lease ended; an attempt that did not end it returns it to pending.
    Status.PROCESSING: frozenset(set(Status)),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""The allowed transitions. Each is one conditional write that requires the old state and the fence."""


class ActiveGeneration(BaseModel):
    """What queues and the dispatcher need to know about a generation.

    It contains no patterns, because the dispatcher has many of these in memory.

    Attributes:
        settings: Whether it needs a browser.
        correlation_id: ID of the request that started it. All its log lines contain this ID.
        paid: Whether its user had a paid plan when it was started.
        waiting: Whether it is queued by plan limit. The user already runs as many generations as the plan
            allows, so no message was sent yet. The attribute is stored as ``held``.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    website_url: str
    settings: CrawlNeeds
    queue: QueueName
    correlation_id: str = ""
    paid: bool = True
    status: Status = Status.PENDING
    waiting: bool = Field(
        default=False, validation_alias=AliasChoices("held", "waiting"), serialization_alias="held"
    )
    created_at: Moment
    enqueued_at: Moment | None = None
    started_at: Moment | None = None
    lease_expires_at: Moment | None = None
    pages_crawled: int = 0
    total_pages: int = 0

    @property
    def lane(self) -> Lane:
        """The lane of the queue that it is sent to."""
        return Lane.of(self.queue, browser=self.settings.use_playwright)

    def is_abandoned(self, time: datetime) -> bool:
        """Return whether a worker claimed it and the lease has ended."""
        return (
            self.status is Status.PROCESSING
            and self.lease_expires_at is not None
            and self.lease_expires_at < time
        )

    def deadline(self, timeout: timedelta) -> datetime | None:
        """Return when the running attempt must have ended.

        Args:
            timeout: The longest time that one attempt may run.
        """
        return self.started_at + timeout if self.started_at is not None else None
