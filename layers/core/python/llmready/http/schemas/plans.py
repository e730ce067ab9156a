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
        validation_alias="running", description="Generations that run at once; more are accepted and wait."
    )
    schedule: Schedule = Field(description="The most frequent schedule of a website.")
    longest_crawl: int = Field(description="Greatest timeout of a website, in seconds.")


class PlansAnswer(Answer):
    """All plans."""

    items: list[PlanAnswer]
