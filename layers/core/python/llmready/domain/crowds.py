"""Users for whom many webhook deliveries wait, as far as one process knows."""

from datetime import datetime, timedelta
from typing import NamedTuple

_MANY = 10
_MOST_USERS = 10_000
# How long the process counts the waiting deliveries of all free accounts together.
_WINDOW = timedelta(seconds=5)
# How long the process takes an account for a free one. The account may change to a paid plan.
_KNOWN = timedelta(minutes=1)


class _Waiting(NamedTuple):
    until: datetime
    number: int


class Crowds:
    """Counts the deliveries that this process found waiting for a user's running request or pause.

    If there are many, the process ignores further messages of this user until the wait ends. It then makes no
    calls for them, so that the messages of other users come soon. The dispatcher queues the deliveries again.

    The deliveries that wait for the share of all free accounts are counted together. If there are many within a few
    seconds, the process ignores the messages of the accounts that it knows to be free until these seconds are over.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._free: dict[str, datetime] = {}
        self._share: _Waiting | None = None

    def note(self, user_id: str, until: datetime) -> None:
        """Count a delivery that waits for its user until a time."""
        if len(self._waiting) >= _MOST_USERS:
            self._waiting.clear()
        known = self._waiting.get(user_id)
        number = known.number + 1 if known is not None and known.until == until else 1
        self._waiting[user_id] = _Waiting(until, number)

    def note_free(self, user_id: str, time: datetime) -> None:
        """Count a delivery of a free account that waits for the share of all free accounts."""
        if len(self._free) >= _MOST_USERS:
            self._free.clear()
        self._free[user_id] = time + _KNOWN
        if self._share is None or self._share.until <= time:
            self._share = _Waiting(time + _WINDOW, 0)
        self._share = _Waiting(self._share.until, self._share.number + 1)

    def has(self, user_id: str, time: datetime) -> bool:
        """Return whether many deliveries of a user, or of all free accounts, wait at a time."""
        return self._has_of_user(user_id, time) or self._has_of_free(user_id, time)

    def _has_of_user(self, user_id: str, time: datetime) -> bool:
        known = self._waiting.get(user_id)
        if known is None:
            return False
        if known.until <= time:
            self._waiting.pop(user_id, None)
            return False
        return known.number >= _MANY

    def _has_of_free(self, user_id: str, time: datetime) -> bool:
        share, known_until = self._share, self._free.get(user_id)
        if share is None or known_until is None or known_until <= time:
            return False
        return share.until > time and share.number >= _MANY
