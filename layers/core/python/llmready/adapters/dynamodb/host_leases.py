"""Leases on the hosts that are crawled."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.clock import timestamp
from llmready.ports.limits import HostTurn

# A waiting crawl tries to take the lease every second. If it has not tried for this long, it no longer waits.
_WANTED_FOR = timedelta(seconds=10)
_KEPT = timedelta(hours=1)


class DynamoHostLeases:
    """Implements :class:`llmready.ports.limits.HostLeases` with one item per host.

    The item has a mark of the crawl that last tried to take the lease (``wanted_at``, ``wanted_by``), and a mark of
    a waiting crawl of a paid plan (``paid_wanted_at``). ``is_paid`` says whether the newest turn belongs to a paid
    plan.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(
        self, host: str, holder: str, *, is_paid: bool = False, time: datetime, until: datetime
    ) -> HostTurn | None:
        """Take or extend the lease on a host; None if another crawl has it or is preferred."""
        key, now = keys.host_lease(host), timestamp(time)
        is_free: ConditionBase = Attr("until").not_exists() | Attr("until").lte(now)
        if not is_paid:
            nobody_pays = Attr("paid_wanted_at").not_exists() | Attr("paid_wanted_at").lte(
                timestamp(time - _WANTED_FOR)
            )
            is_free &= nobody_pays | Attr("is_paid").eq(True)  # noqa: FBT003 - boto3's condition builder
        take = self._table.update(
            key,
            change={
                "holder": holder,
                "is_paid": is_paid,
                "until": timestamp(until),
                "ttl": int((until + _KEPT).timestamp()),
            },
            # Other crawls of paid plans that wait renew the mark with their next attempt.
            remove=["paid_wanted_at"] if is_paid else [],
            # After a release, the last holder has no precedence.
            condition=is_free | (Attr("until").exists() & Attr("holder").eq(holder)),
        )
        try:
            stored = self._table.write(take)
        except ConditionFailed:
            paid_mark = {"paid_wanted_at": now} if is_paid else {}
            mark = {"wanted_at": now, "wanted_by": holder, **paid_mark}
            self._table.write(self._table.update(key, change=mark))
            return None
        waits = stored.get("wanted_at", "") > timestamp(time - _WANTED_FOR)
        return HostTurn(is_wanted=waits and stored.get("wanted_by") != holder)

    def release(self, host: str, holder: str, *, paid_waits_from: datetime | None = None) -> None:
        """End the lease of a crawl."""
        mark = {"paid_wanted_at": timestamp(paid_waits_from)} if paid_waits_from is not None else {}
        end = self._table.update(
            keys.host_lease(host),
            change=mark,
            # The current time could be in the future for a worker whose clock is behind.
            remove=["until"],
            condition=Attr("holder").eq(holder),
        )
        try:
            self._table.write(end)
        except ConditionFailed:
            return  # another crawl has taken it
