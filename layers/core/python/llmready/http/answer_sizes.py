"""Limit the size of the answers that a user receives in a day, because each byte that leaves AWS costs money."""

import math
from datetime import datetime, timedelta

from llmready.domain.clock import now
from llmready.domain.rate_limits import Rate, RateLimitStatus
from llmready.http.route_limits import ProcessLimit
from llmready.usecases.rate_limits import take_units

# Parts of 10 kB that the answers to a user may contain in a day: 2 GB. Shorter answers are not counted, because
# counting them would cost more.
SENT = Rate(200_000, 86_400)
_SENT_UNIT = 10_000
# Parts of the answers to a user's changes that one process does not count in the table, because an ordinary change
# then costs no additional write.
_FEW_SENT = Rate(5)
# The greatest number of refused clients in memory.
_MOST_SPENT = 10_000
READS = frozenset({"GET", "HEAD"})


class AnswerSizes:
    """Counts the answers of one function, and refuses requests of users who received too much."""

    def __init__(self) -> None:
        self._few_sent = ProcessLimit("sent_bytes", _FEW_SENT)
        self._spent: dict[tuple[str, str], tuple[datetime, RateLimitStatus]] = {}

    def refusal(self, user_id: str, method: str, path: str) -> RateLimitStatus | None:
        """Return why a request is refused before its work: such a request exceeded the limit before.

        Returns:
            The status of the limit with the seconds to wait, or None if the request is allowed.
        """
        key = _key(user_id, method, path)
        if (found := self._spent.get(key)) is None:
            return None
        until, status = found
        wait = math.ceil((until - now()).total_seconds())
        if wait > 0:
            return status._replace(wait=wait)
        self._spent.pop(key, None)
        return None

    def count(self, user_id: str, method: str, path: str, size: int) -> RateLimitStatus | None:
        """Count an answer of `size` bytes.

        Returns:
            The status of the limit if a read must be refused, else None. A change is always answered, because it
            happened; the user's next changes are refused.
        """
        if size < _SENT_UNIT:
            return None
        from llmready import bootstrap  # noqa: PLC0415 - it needs the settings, which an import must not read

        units, is_change = math.ceil(size / _SENT_UNIT), method not in READS
        if is_change and not self._few_sent.take(user_id, now(), units=units).wait:
            return None
        status = take_units(bootstrap.services(), "sent_bytes", user_id, SENT, units=units)
        if status is None or not status.wait:
            return None
        owed = 0
        if is_change:
            # A refused request took no units, but this answer is sent. It counts from when the limit allows it.
            owed = units * SENT.interval // 1000
            take_units(bootstrap.services(), "sent_bytes", user_id, SENT, units=units, delay=status.wait)
        if len(self._spent) >= _MOST_SPENT:
            self._spent.clear()
        self._spent[_key(user_id, method, path)] = (now() + timedelta(seconds=status.wait + owed), status)
        return None if is_change else status


def _key(user_id: str, method: str, path: str) -> tuple[str, str]:
    """Return what is refused together: reads of one path, or all changes."""
    return user_id, path if method in READS else "changes"
