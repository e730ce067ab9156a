"""Users for whom many webhook deliveries wait, as far as one process knows."""

from datetime import datetime
from typing import NamedTuple

_MANY = 10
_MOST_USERS = 10_000


class _Waiting(NamedTuple):
    until: datetime
    number: int


class Crowds:
    """Counts the deliveries that this process found waiting for a user's running request or pause.

    If there are many, the process ignores further messages of this user until the wait ends. It then makes no
    calls for them, so that the messages of other users come soon. The dispatcher queues the deliveries again.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def note(self, user_id: str, until: datetime) -> None:
        """Count a delivery that waits for its user until a time."""
        if len(self._waiting) >= _MOST_USERS:
            self._waiting.clear()
        known = self._waiting.get(user_id)
        number = known.number + 1 if known is not None and known.until == until else 1
        self._waiting[user_id] = _Waiting(until, number)

    def has(self, user_id: str, time: datetime) -> bool:
        """Return whether many deliveries of a user wait at a time."""
        known = self._waiting.get(user_id)
        if known is None:
            return False
        if known.until <= time:
            self._waiting.pop(user_id, None)
            return False
        return known.number >= _MANY
