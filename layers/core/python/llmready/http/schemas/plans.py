"""Bodies of ``/plans``."""

from pydantic import Field

from llmready.domain.plans import QueueName, Schedule
from llmready.http.schemas.common import Answer


class PlanAnswer(Answer):
    """A plan and its limits."""

    name: str
    generations_per_month: int
    websites: int
    pages_per_generation: int
    queue: QueueName
    files_kept_days: int
    concurrent_generations: int = Field(
        validation_alias="running",
        description="Number of generations that run at the same time; further ones are accepted and wait.",
    )
    schedule: Schedule = Field(description="The most frequent schedule that a website may have.")
    longest_crawl: int = Field(description="Maximum timeout of a website, in seconds.")


class PlansAnswer(Answer):
    """All plans."""

    items: list[PlanAnswer]
