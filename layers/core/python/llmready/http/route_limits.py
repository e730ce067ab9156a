"""Rate limits of routes, which are applied before a request's body is read."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from llmready.domain.rate_limits import Rate, RateLimitStatus, rate_limit_status


class RouteLimit(NamedTuple):
    """The rate limit of a route, counted in the table for all processes together.

    Attributes:
        name: Name of the limit. Routes with the same name share it.
        rate: Returns how many requests are allowed in how many seconds.
        per_user: Whether it limits the signed-in user instead of the source address.
    """

    name: str
    rate: Callable[[], Rate]
    per_user: bool = False


class ProcessLimit:
    """A rate limit that one process counts in its memory, for routes on which a request to the table costs too much.

    Args:
        name: Name of the limit.
        rate: How many requests of one client are allowed in how many seconds.
        clients: The greatest number of clients in memory.
    """

    def __init__(self, name: str, rate: Rate, *, clients: int = 10_000) -> None:
        self._name = name
        self._rate = rate
        self._clients = clients
        self._full_at: dict[str, int] = {}

    def take(self, client: str, time: datetime, *, units: int = 1) -> RateLimitStatus:
        """Count one request of a client, which may take several units, and return the status after it."""
        now = int(time.timestamp() * 1000)
        full_at = max(now, self._full_at.get(client, 0)) + units * self._rate.interval
        allowed = full_at - now <= self._rate.seconds * 1000
        if not allowed:
            full_at -= units * self._rate.interval
        elif client not in self._full_at and len(self._full_at) >= self._clients:
            self._forget(now)
        self._full_at[client] = full_at
        return rate_limit_status(self._name, self._rate, allowed=allowed, ahead=full_at - now, units=units)

    def _forget(self, now: int) -> None:
        """Remove the clients whose limit is full again; remove all if there are too many."""
        waiting = {client: full_at for client, full_at in self._full_at.items() if full_at > now}
        self._full_at = waiting if len(waiting) < self._clients else {}
