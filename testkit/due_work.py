"""Read due work in tests."""

from datetime import datetime
from typing import TypeVar

from llmready.ports.due_work import DueWork

T = TypeVar("T")


def due_of(work: DueWork[T], time: datetime) -> list[T]:
    """Return the mails or deliveries that were due before ``time``, oldest first."""
    return work.read(list(work.due(time)))
