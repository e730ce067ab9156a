"""Bodies of ``/plans``."""

from llmready.domain.plans import QueueName
from llmready.http.schemas.common import Answer


class PlanAnswer(Answer):
    """A plan and its limits."""

    name: str
    generations_per_month: int
    websites: int
    pages_per_generation: int
    queue: QueueName
    files_kept_days: int


class PlansAnswer(Answer):
    """All plans."""

    items: list[PlanAnswer]
