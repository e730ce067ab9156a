"""Rate limits, failed logins and mutexes in the table."""

import random
import time as clock
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.clock import timestamp
from llmready.domain.errors import TryAgain
from llmready.domain.rate_limits import Rate, RateLimitStatus, rate_limit_status
from llmready.ports.limits import LoginAttempt

LOCKOUT_FAILURES_OF_NETWORK = 10
LOCKOUT_FAILURES = 100
LOCKOUT_WINDOW = timedelta(minutes=15)
# An attempt that has not ended after this many seconds was interrupted and counts as failed.
_IN_FLIGHT = 20
_LOCKOUT_TRIES = 40
_LOCKOUT_PAUSE = 0.05  # seconds


class DynamoLimiter:
    """Implements :class:`llmready.ports.limits.Limiter` as a token bucket.

    The bucket is stored as one number, the time in milliseconds at which it is full again (GCRA). Each unit adds
    one interval to this time. A request is refused if the time would then be further in the future than the time in
    which an empty bucket becomes full.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, name: str, key: str, *, rate: Rate, time: datetime, units: int = 1) -> RateLimitStatus:
        """Take all units if there are enough, and return the rate limit status."""
        try:
            allowed, full_at, now = self._take(name, key, rate, time, units)
        except ClientError as error:
            raise TryAgain from error
        return rate_limit_status(name, rate, allowed=allowed, ahead=max(0, full_at - now), units=units)

    def _take(self, name: str, key: str, rate: Rate, time: datetime, units: int) -> tuple[bool, int, int]:
        bucket = keys.limit(name, key)
        now = int(time.timestamp() * 1000)
        step_ms = units * rate.interval
        latest = now + rate.seconds * 1000 - step_ms
        ttl = now // 1000 + rate.seconds + 3600
        fresh = self._table.update(
            bucket,
            change={"full_at": now + step_ms, "ttl": ttl},
            condition=Attr("full_at").not_exists() | Attr("full_at").lte(now),
        )
        try:
            self._table.write(fresh)
        except ConditionFailed as used:
            full_at = int((used.item or {}).get("full_at", now))
        else:
            return True, now + step_ms, now
        if full_at <= latest:
            step = self._table.update(
                bucket,
                change={"ttl": ttl},
                add={"full_at": step_ms},
                condition=Attr("full_at").between(now, latest),
            )
            try:
                return True, int(self._table.write(step)["full_at"]), now
            except ConditionFailed as full:
                full_at = int((full.item or {}).get("full_at", latest + 1))
        return False, full_at, now


class DynamoLockout:
    """Implements :class:`llmready.ports.limits.Lockout` with one item per network and one for all networks.

    A login is counted before its password is checked, so that simultaneous guesses cannot exceed the limit.
    Attempts that are still being checked may succeed. If they would reach the limit, a further login from the
    same network waits for their results.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, attempt: LoginAttempt, time: datetime) -> int:
        """Count a login attempt. Return 0, or the whole seconds for which it is locked."""
        wait = self._of_network(attempt).begin(time)
        if wait:
            return wait
        wait = self._of_address(attempt).begin(time)
        if wait:
            self._of_network(attempt).end(time, failed=False)
        return wait

    def failed(self, attempt: LoginAttempt, time: datetime) -> None:
        """Record that a login attempt failed."""
        self._of_network(attempt).end(time, failed=True)
        self._of_address(attempt).end(time, failed=True)

    def succeeded(self, attempt: LoginAttempt, time: datetime) -> None:
        """Record that a login attempt succeeded, which resets the failures of its network."""
        self._of_network(attempt).reset()
        # Failures from other networks still count, because an attacker may continue while the owner signs in.
        self._of_address(attempt).end(time, failed=False)

    def lift(self, address: str) -> None:
        """Reset the failures of an address in every network."""
        stored = self._table.query(Key("pk").eq(keys.lockout(address).pk))
        self._table.delete_many([keys.Key(item["pk"], item["sk"]) for item in stored])

    def _of_network(self, attempt: LoginAttempt) -> "_Failures":
        key = keys.lockout(attempt.address, attempt.network)
        return _Failures(self._table, key, LOCKOUT_FAILURES_OF_NETWORK)

    def _of_address(self, attempt: LoginAttempt) -> "_Failures":
        return _Failures(self._table, keys.lockout(attempt.address), LOCKOUT_FAILURES)


class _Failures:
    """The failed logins of one key within the last 15 minutes, with those that are in flight.

    Args:
        table: The table.
        key: Key of their item.
        limit: Number of failures that lock the key.
    """

    def __init__(self, table: Table, key: keys.Key, limit: int) -> None:
        self._table = table
        self._key = key
        self._limit = limit

    def begin(self, time: datetime) -> int:
        """Count an attempt as in flight. Return 0, or the whole seconds for which the key is locked."""
        now = int(time.timestamp())
        stored: Item = {}
        for _ in range(_LOCKOUT_TRIES):
            failed, in_flight = self._recent(stored, now)
            if len(failed) >= self._limit:
                return int(failed[-1] + LOCKOUT_WINDOW.total_seconds()) - now
            if len(failed) + len(in_flight) < self._limit:
                current = self._replace(stored, failed, [*in_flight, now], now)
                if current is None:
                    return 0
                stored = current
            else:
                _pause()
                stored = self._table.get(self._key) or {}
        return 1

    def end(self, time: datetime, *, failed: bool) -> None:
        """Record how an attempt that was in flight ended."""
        now = int(time.timestamp())
        for _ in range(_LOCKOUT_TRIES):
            stored = self._table.get(self._key) or {}
            failures, in_flight = self._recent(stored, now)
            if failed:
                failures.append(now)
            if self._replace(stored, failures, in_flight[1:], now) is None:
                return
            _pause()
        raise TryAgain

    def reset(self) -> None:
        """Delete all failures."""
        self._table.write(self._table.delete(self._key))

    def _recent(self, stored: Item, now: int) -> tuple[list[int], list[int]]:
        """Return the failures that still count, and the attempts that are in flight."""
        began = stored.get("in_flight", [])
        lost = [moment for moment in began if moment <= now - _IN_FLIGHT]
        failed = sorted([*stored.get("failed", []), *lost])
        window = int(LOCKOUT_WINDOW.total_seconds())
        return (
            [moment for moment in failed if moment > now - window][-self._limit :],
            [moment for moment in began if moment > now - _IN_FLIGHT],
        )

    def _replace(self, stored: Item, failed: list[int], in_flight: list[int], now: int) -> Item | None:
        """Store the attempts. If another process changed them meanwhile, return the stored ones instead."""
        version = stored.get("version", 0)
        item: dict[str, Any] = {
            "pk": self._key.pk,
            "sk": self._key.sk,
            "failed": failed[-self._limit :],
            "in_flight": in_flight,
            "version": version + 1,
            "ttl": now + int(LOCKOUT_WINDOW.total_seconds()),
        }
        unchanged = Attr("version").eq(version) if stored else Attr("version").not_exists()
        write = (
            self._table.put(item, unchanged)
            if failed or in_flight
            else self._table.delete(self._key, unchanged)
        )
        try:
            self._table.write(write)
        except ConditionFailed as other:
            return other.item or {}
        return None


class DynamoMutex:
    """Implements :class:`llmready.ports.tasks.Mutex`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._held_until: dict[str, str] = {}

    def acquire(self, name: str, *, time: datetime, until: datetime) -> bool:
        """Take the lease. Return False if another process has it, and record that this process tried."""
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
                return self.acquire(name, time=time, until=until)  # it was released in between
            return False
        self._held_until[name] = end
        return True

    def release(self, name: str) -> bool:
        """Release the lease. Return False if another process tried to take it.

        If the lease expired and another process took it, nothing is changed.
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


def _pause() -> None:
    clock.sleep(random.uniform(0, 2 * _LOCKOUT_PAUSE))  # noqa: S311 - jitter is no secret
