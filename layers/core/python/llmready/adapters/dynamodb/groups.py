"""Several independent changes in one transaction."""

import json
from collections.abc import Callable
from typing import Any

from llmready.adapters.dynamodb.table import Write
from llmready.domain.errors import DomainError
from llmready.domain.website import Website

_MOST = 99  # DynamoDB's limit of 100 writes per transaction, minus one for the counter
_LARGEST = 3_500_000  # below DynamoDB's limit of 4 MB per transaction; JSON is larger than the stored form


class Group:
    """Group the writes of several websites into transactions, and record the result of each.

    Attributes:
        taken: The websites in the group.
        writes: Their writes.
        outcomes: None for each website that was added, else the refusal, in the order of the calls.
    """

    def __init__(self) -> None:
        self.taken: list[Website] = []
        self.writes: list[Write] = []
        self.outcomes: list[DomainError | None] = []
        self._keys: set[tuple[str, str]] = set()
        self._size = 0

    def touches(self, writes: list[Write]) -> bool:
        """Return whether writes change items that the group already changes. A transaction must not do this."""
        return not self._keys.isdisjoint(map(_key, writes))

    def take(self, website: Website, writes: list[Write]) -> bool:
        """Add a website, if its writes still fit into the transaction."""
        size = len(json.dumps(writes))
        full = len(self.writes) + len(writes) > _MOST or self._size + size > _LARGEST
        if self.taken and (full or self.touches(writes)):
            return False
        self._keys.update(map(_key, writes))
        self._size += size
        self.taken.append(website)
        self.writes += writes
        self.outcomes.append(None)
        return True

    def refuse(self, refusal: DomainError) -> None:
        """Record the refusal of a website."""
        self.outcomes.append(refusal)


def refusal_of(write: Callable[..., object], *arguments: Any, **options: Any) -> DomainError | None:
    """Do one write. Return the reason if it was refused, else None."""
    try:
        write(*arguments, **options)
    except DomainError as refusal:
        return refusal
    return None


def _key(write: Write) -> tuple[str, str]:
    (request,) = write.values()
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]
