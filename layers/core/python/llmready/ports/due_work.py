"""Work that is due at a time, such as mails and webhook deliveries, which the dispatcher queues again."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class DueEntry(NamedTuple):
    """An entry of the index of due work.

    Attributes:
        user_id: ID of the user.
        name: Names the work among all work of the user.
        due_at: When the entry was due, as it is stored.
    """

    user_id: str
    name: str
    due_at: str


class DueWork(Protocol[T]):
    """Work of one kind."""

    def due(self, time: datetime) -> Iterator[DueEntry]:
        """Iterate over the entries that were due before ``time``, oldest first. The work itself is not read."""

    def read(self, entries: Sequence[DueEntry]) -> list[T]:
        """Return the work of the entries. Work that has ended is left out."""

    def look_again(self, entry: DueEntry, at: datetime) -> None:
        """Move an entry to a later time, unless it was changed meanwhile. An attempt may begin before that time."""
