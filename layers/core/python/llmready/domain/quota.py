"""The monthly quota of generations.

The counter ``taken`` is the sum of two numbers: the units that running generations reserve, and the units that
completed generations used. A start increments it on condition that it is below the plan's limit, so parallel starts
cannot exceed the limit.
"""

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from llmready.domain.plans import Plan


def month_of(time: datetime) -> str:
    """Return the UTC calendar month of ``time`` as ``YYYY-MM``."""
    return time.astimezone(UTC).strftime("%Y-%m")


def resets_at(time: datetime) -> datetime:
    """Return when the quota resets after ``time``: the first day of the next month, UTC."""
    first = time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


class QuotaUse(BaseModel):
    """A user's ledger of one month; ``taken`` is always ``used + reserved``."""

    model_config = ConfigDict(frozen=True)

    month: str
    taken: int = 0
    used: int = 0
    reserved: int = 0

    def remaining(self, plan: Plan) -> int:
        """Return how many generations ``plan`` still allows this month (never below zero)."""
        return max(0, plan.generations_per_month - self.taken)

    def message(self, plan: Plan) -> str:
        """Return a sentence with the remaining quota."""
        left = self.remaining(plan)
        if left == 0:
            return "You have no generations remaining this month."
        return f"You have {left} generation{'s' if left != 1 else ''} remaining this month."
