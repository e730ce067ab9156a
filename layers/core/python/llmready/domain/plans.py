"""The plans and their limits."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class QueueName(StrEnum):
    """The two queues of generations."""

    STANDARD = "standard"
    PRIORITY = "priority"


class Lane(StrEnum):
    """A queue of generations: each plan's queue exists twice, with and without a browser.

    Therefore a task without a browser never receives a generation that needs one.
    """

    STANDARD = "standard"
    PRIORITY = "priority"
    STANDARD_BROWSER = "standard_browser"
    PRIORITY_BROWSER = "priority_browser"

    @classmethod
    def of(cls, queue: QueueName, *, browser: bool) -> Self:
        """Return the lane of a plan's queue for generations that need a browser, or for the others."""
        return cls(f"{queue}_browser" if browser else queue.value)


class Schedule(StrEnum):
    """How often a website is generated automatically."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Plan(BaseModel):
    """One plan's limits. A month is a UTC calendar month.

    Attributes:
        running: Number of generations of a user that may be queued or crawled at the same time. Further generations
            wait.
        files_kept_days: Days that the files of a generation are kept.
        longest_crawl: Maximum timeout of a website, in seconds.
        schedule: The most frequent schedule that a website may have.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    generations_per_month: int
    websites: int
    pages_per_generation: int
    queue: QueueName
    running: int
    files_kept_days: int
    longest_crawl: int
    schedule: Schedule

    @property
    def is_paid(self) -> bool:
        """Whether the plan costs money: every plan but the free one."""
        return self.name != FREE.name


FREE = Plan(
    name="free",
    generations_per_month=1,
    websites=1,
    pages_per_generation=100,
    queue=QueueName.STANDARD,
    running=1,
    files_kept_days=30,
    longest_crawl=300,
    schedule=Schedule.MONTHLY,
)
PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        FREE,
        Plan(
            name="starter",
            generations_per_month=3,
            websites=2,
            pages_per_generation=200,
            queue=QueueName.STANDARD,
            running=1,
            files_kept_days=30,
            longest_crawl=900,
            schedule=Schedule.WEEKLY,
        ),
        Plan(
            name="standard",
            generations_per_month=10,
            websites=5,
            pages_per_generation=500,
            queue=QueueName.PRIORITY,
            running=2,
            files_kept_days=90,
            longest_crawl=1800,
            schedule=Schedule.DAILY,
        ),
        Plan(
            name="pro",
            generations_per_month=25,
            websites=999,
            pages_per_generation=1000,
            queue=QueueName.PRIORITY,
            running=4,
            files_kept_days=365,
            longest_crawl=3600,
            schedule=Schedule.DAILY,
        ),
    )
}


def plan_named(name: str) -> Plan:
    """Return the plan with this name, or the free plan if the name no longer exists."""
    return PLANS.get(name, FREE)
