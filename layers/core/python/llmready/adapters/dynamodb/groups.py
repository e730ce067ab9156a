"""Several independent changes in one transaction."""

import json
from collections.abc import Callable
from typing import Any

from llmready.adapters.dynamodb.table import Write
from llmready.domain.errors import DomainError
from llmready.domain.website import Website

_MOST = 99  # DynamoDB's 100 writes a transaction, less the counter that moves with them
_LARGEST = 3_500_000  # of 4 MB a transaction; as JSON it counts more than as what DynamoDB stores


class Group:
    """Group the writes of several websites into transactions, and record the result of each.

    Attributes:
        taken: The websites that it holds.
        writes: Their writes.
        outcomes: None for each that was taken, a refusal for each that was not, in the order of the offers.
    """

    def __init__(self) -> None:
        self.taken: list[Website] = []
        self.writes: list[Write] = []
        self.outcomes: list[DomainError | None] = []
        self._keys: set[tuple[str, str]] = set()
        self._size = 0

    def touches(self, writes: list[Write]) -> bool:
        """Tell whether writes meet items that are written already: one transaction writes an item once."""
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
        """Note a website that is not taken, and why."""
        self.outcomes.append(refusal)


def refusal_of(write: Callable[..., object], *arguments: Any, **options: Any) -> DomainError | None:
    """Do one write and return why it was refused, None when it was done."""
    try:
        write(*arguments, **options)
    except DomainError as refusal:
        return refusal
    return None


def _key(write: Write) -> tuple[str, str]:
    (request,) = write.values()
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]
