"""Let the crawls of one host take turns. A host gets requests from only one crawl of the service at a time.

The crawler cannot reach AWS. The worker takes a lease on the host and tells the crawler to run. When the turn
of another crawl has come, it tells the crawler to wait.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol
from urllib.parse import urlsplit

from llmready.domain.errors import TryAgain
from llmready.observability import logger
from llmready.ports.limits import HostLeases, HostTurn

_STANDARD_PORTS = (None, 80, 443)


@dataclass(frozen=True, kw_only=True)
class TurnTimes:
    """Seconds of turns.

    Attributes:
        lease: How long a lease lasts without being extended.
        turn: How long a crawl runs before it lets a waiting one run.
        interval: Time between two extensions of the lease.
        poll: Time between two attempts of a waiting crawl.
    """

    lease: float = 30.0
    turn: float = 15.0
    interval: float = 5.0
    poll: float = 1.0


class Pausable(Protocol):
    """A crawl that can be paused and continued."""

    def when_moved(self, call: Callable[[str], None]) -> None:
        """Call a function with the URL of the start page if the site redirects to another host."""

    def resume(self) -> None:
        """Let the crawl send requests."""

    async def pause(self) -> None:
        """Let the crawl send no further request, and wait until the last ones have ended."""


class HostTurns:
    """The turns of one crawl.

    Args:
        leases: The leases of the whole service.
        host: The host; see :func:`host_of`.
        holder: ID of the generation.
        is_paid: Whether the crawl belongs to a paid plan.
        clock: Returns the current time.
        extend: Called with the seconds between two turns. They do not count towards the timeout of the crawl.
        waited: Called with the seconds that the crawl has waited, which are these seconds without the time in which
            the last requests of a turn ended.
        times: Seconds of turns.
    """

    def __init__(
        self,
        leases: HostLeases,
        host: str,
        holder: str,
        *,
        is_paid: bool,
        clock: Callable[[], datetime],
        extend: Callable[[float], None],
        waited: Callable[[float], None],
        times: TurnTimes,
    ) -> None:
        self._leases = leases
        self._host = host
        self._moved_to: str | None = None
        self._moved = asyncio.Event()
        self._holder = holder
        self._is_paid = is_paid
        self._clock = clock
        self._extend = extend
        self._waited = waited
        self._times = times

    async def run(self, crawl: Pausable) -> None:
        """Resume and pause a crawl until this is cancelled. The lease is then released."""
        crawl.when_moved(self._move)
        try:
            while True:
                await self._wait_for_turn()
                crawl.resume()
                await self._keep_turn()
                paused = monotonic()
                await crawl.pause()
                self._extend(monotonic() - paused)
                paused = monotonic()
                if self._moved_to is not None:
                    await self._release()
                    self._host, self._moved_to = self._moved_to, None
                    self._moved.clear()
                else:
                    await self._release(wants_more=True)
                    # A waiting crawl tries once in this time.
                    await asyncio.sleep(2 * self._times.poll)
                self._count_wait(since=paused)
        finally:
            await self._release()

    def _move(self, url: str) -> None:
        """End the turn, and take turns with the crawls of another host from now on."""
        try:
            host = host_of(url)
        except ValueError:
            return  # an intact crawler reports no invalid URL
        if host != self._host:
            self._moved_to = host
            self._moved.set()

    async def _wait_for_turn(self) -> None:
        asked = monotonic()
        while await self._acquire() is None:
            await asyncio.sleep(self._times.poll)
            self._count_wait(since=asked)
            asked = monotonic()
        self._count_wait(since=asked)

    def _count_wait(self, *, since: float) -> None:
        seconds = monotonic() - since
        self._waited(seconds)
        self._extend(seconds)

    async def _keep_turn(self) -> None:
        """Extend the lease.

        Return when the turn is over and another crawl waits, when the lease is lost, or when the crawl moved to
        another host.
        """
        started = extended = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.interval):
                    await self._moved.wait()
                return
            asked = monotonic()
            try:
                turn = await asyncio.to_thread(self._acquire_now)
            except TryAgain:
                if asked - extended > self._times.lease - 2 * self._times.interval:
                    return
                continue
            extended = asked
            if turn is None or (turn.is_wanted and asked - started >= self._times.turn):
                return

    async def _acquire(self) -> HostTurn | None:
        with suppress(TryAgain):
            return await asyncio.to_thread(self._acquire_now)
        logger.warning("lease of a host could not be read")
        return None

    def _acquire_now(self) -> HostTurn | None:
        time = self._clock()
        until = time + timedelta(seconds=self._times.lease)
        return self._leases.acquire(self._host, self._holder, is_paid=self._is_paid, time=time, until=until)

    async def _release(self, *, wants_more: bool = False) -> None:
        """End the lease.

        Args:
            wants_more: Whether the crawl waits for its next turn of this host from now on.
        """
        waits_from = self._clock() if wants_more and self._is_paid else None
        with suppress(TryAgain):  # the lease expires anyway
            await asyncio.to_thread(
                self._leases.release, self._host, self._holder, paid_waits_from=waits_from
            )


def host_of(url: str) -> str:
    """Return the host for which crawls of a website take turns: without ``www.`` and a standard port."""
    parts = urlsplit(url)
    name = (parts.hostname or "").removeprefix("www.")
    return name if parts.port in _STANDARD_PORTS else f"{name}:{parts.port}"
