"""Leases on the hosts that are crawled."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.clock import timestamp
from llmready.ports.limits import HostTurn

# A waiting crawl tries to take the lease every second. If it has not tried for this long, it no longer waits.
_WANTED_FOR = timedelta(seconds=10)
_KEPT = timedelta(hours=1)


class DynamoHostLeases:
    """Implements :class:`llmready.ports.limits.HostLeases` with one item per host."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, host: str, holder: str, *, time: datetime, until: datetime) -> HostTurn | None:
        """Take or extend the lease on a host; None if another crawl has it."""
        key, now = keys.host_lease(host), timestamp(time)
        take = self._table.update(
            key,
            change={"holder": holder, "until": timestamp(until), "ttl": int((until + _KEPT).timestamp())},
            condition=Attr("until").not_exists() | Attr("until").lte(now) | Attr("holder").eq(holder),
        )
        try:
            stored = self._table.write(take)
        except ConditionFailed:
            self._table.write(self._table.update(key, change={"wanted_at": now, "wanted_by": holder}))
            return None
        waits = stored.get("wanted_at", "") > timestamp(time - _WANTED_FOR)
        return HostTurn(is_wanted=waits and stored.get("wanted_by") != holder)

    def release(self, host: str, holder: str) -> None:
        """End the lease of a crawl."""
        # The current time could be in the future for a worker whose clock is behind.
        end = self._table.update(keys.host_lease(host), remove=["until"], condition=Attr("holder").eq(holder))
        try:
            self._table.write(end)
        except ConditionFailed:
            return  # another crawl has taken it
