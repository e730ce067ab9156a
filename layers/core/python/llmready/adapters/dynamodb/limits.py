"""Limits in the table: how often, how many failures, and one process at a time."""

import math
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.clock import timestamp

LOCKOUT_FAILURES = 10
LOCKOUT_WINDOW = timedelta(minutes=15)


class DynamoLimiter:
    """Implements :class:`llmready.ports.Limiter` as a token bucket that holds a minute's worth.

    The bucket is kept as one number, the time in milliseconds at which it is full again (GCRA): taking one moves it
    on by one interval, and is refused while it lies further ahead than a whole bucket.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, name: str, key: str, *, per_minute: int, time: datetime) -> int:
        """Take one; return 0 when allowed, else the whole seconds until the next is."""
        bucket = keys.limit(name, key)
        interval = max(1, 60_000 // per_minute)
        now = int(time.timestamp() * 1000)
        latest = now + 60_000 - interval
        ttl = now // 1000 + 3600
        fresh = self._table.update(
            bucket,
            change={"full_at": now + interval, "ttl": ttl},
            condition=Attr("full_at").not_exists() | Attr("full_at").lte(now),
        )
        try:
            self._table.write(fresh)
        except ConditionFailed as used:
            full_at = (used.item or {}).get("full_at", now)
        else:
            return 0
        if full_at <= latest:
            step = self._table.update(
                bucket,
                change={"ttl": ttl},
                add={"full_at": interval},
                condition=Attr("full_at").between(now, latest),
            )
            try:
                self._table.write(step)
            except ConditionFailed as full:
                full_at = (full.item or {}).get("full_at", latest + 1)
            else:
                return 0
        return max(1, math.ceil((int(full_at) - latest) / 1000))


class DynamoLockout:
    """Implements :class:`llmready.ports.Lockout`: ten failures within 15 minutes lock for 15 minutes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def locked_for(self, fingerprint: str, time: datetime) -> int:
        """Return the whole seconds for which the address is locked, 0 when it is not."""
        item = self._table.get(keys.lockout(fingerprint))
        now = int(time.timestamp())
        if item is None or item.get("failures", 0) < LOCKOUT_FAILURES or item["until"] <= now:
            return 0
        return int(item["until"]) - now

    def failed(self, fingerprint: str, time: datetime) -> None:
        """Count a failed login."""
        now = int(time.timestamp())
        until = now + int(LOCKOUT_WINDOW.total_seconds())
        key = keys.lockout(fingerprint)
        again = self._table.update(
            key,
            change={"until": until, "ttl": until},
            add={"failures": 1},
            condition=Attr("until").gt(now),
        )
        try:
            self._table.write(again)
        except ConditionFailed:
            first = {"pk": key.pk, "sk": key.sk, "failures": 1, "until": until, "ttl": until}
            self._table.write(self._table.put(first))

    def cleared(self, fingerprint: str) -> None:
        """Forget the failed logins after a good one."""
        self._table.write(self._table.delete(keys.lockout(fingerprint)))


class DynamoMutex:
    """Implements :class:`llmready.ports.Mutex`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._held_until: dict[str, str] = {}

    def acquire(self, name: str, *, time: datetime, until: datetime) -> bool:
        """Take the lease; return False when another holds it, who then learns that somebody waited."""
        key = keys.mutex(name)
        end = timestamp(until)
        item = {"pk": key.pk, "sk": key.sk, "until": end, "ttl": int(until.timestamp()) + 3600}
        free = Attr("until").not_exists() | Attr("until").lte(timestamp(time))
        try:
            self._table.write(self._table.put(item, free))
        except ConditionFailed:
            waiting = self._table.update(key, change={"waiting": True}, condition=Attr("until").exists())
            try:
                self._table.write(waiting)
            except ConditionFailed:
                return self.acquire(name, time=time, until=until)  # it was given back in between
            return False
        self._held_until[name] = end
        return True

    def release(self, name: str) -> bool:
        """Give the lease back; return False when somebody waited for it meanwhile.

        A lease that ran out and was taken by another stays with that one, and so does whoever waits.
        """
        key = keys.mutex(name)
        ours = Attr("until").eq(self._held_until.pop(name, ""))
        try:
            self._table.write(self._table.delete(key, ours & Attr("waiting").not_exists()))
        except ConditionFailed:
            try:
                self._table.write(self._table.delete(key, ours))
            except ConditionFailed:
                return True
            return False
        return True
