"""Politeness in time: how many connections a site takes, how far apart, and pauses when it has enough.

Connections go up by one and down by half, as TCP does it: a site that answers 429 or 503, runs into a timeout or
becomes slow is asked by fewer at once, down to one, and by more again once it is well.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOW_SECONDS = 1.0
SLOW_FACTOR = 3.0
"""An answer counts as slow beyond so many seconds, if the site has been so many times faster before."""

ANSWERS_BEFORE_MORE = 20
"""Good answers in a row, for each connection, before one more is opened."""

ANSWERS_BEFORE_SHORT = 5
"""Good answers in a row after which the next pause of ours is a short one again."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds of the pauses that we choose ourselves; one that the site names is kept whatever its length."""

_WEIGHT = 0.2


class OutOfTimeError(Failure):
    """The site asks us to wait longer than this crawl may take."""


class Throttle:
    """Spaces the requests to one site and limits how many run at once.

    Parameters: `connections`, the greatest number at once; `deadline`, when the crawl ends, on the loop's clock.
    """

    def __init__(self, connections: int, deadline: float = math.inf) -> None:
        self.connections = connections
        self._most = connections
        self._delay = 0.0
        self._deadline = deadline
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next = 0.0
        self._paused_until = 0.0
        self._reduced_at = -math.inf
        self._pause = FIRST_PAUSE
        self._good = 0
        self._usual = 0.0
        self._best = math.inf

    def space(self, delay: float) -> None:
        """Keep so many seconds between two requests from now on."""
        self._delay = max(delay, 0.0)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the connections, from the moment at which a request may leave.

        Raises: OutOfTimeError when that moment lies behind the deadline.
        """
        while self._open >= self.connections:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except BaseException:
                if place.done() and not place.cancelled():
                    self._wake()
                raise
        self._open += 1
        try:
            await self._until_next()
            yield
        finally:
            self._open -= 1
            self._wake()

    def good(self, seconds: float) -> None:
        """Note an answer that took so long."""
        self._usual = seconds if not self._usual else self._usual + _WEIGHT * (seconds - self._usual)
        self._best = min(self._best, self._usual)
        if self._usual > max(SLOW_SECONDS, SLOW_FACTOR * self._best):
            self._reduce(self.connections - 1, began=self._now() - seconds)
            return
        self._good += 1
        if self._good >= ANSWERS_BEFORE_SHORT:
            self._pause = FIRST_PAUSE
        if self._good >= ANSWERS_BEFORE_MORE * self.connections:
            self._good = 0
            self.connections = min(self._most, self.connections + 1)
            self._wake()

    def overdue(self, seconds: float) -> None:
        """Note that no answer came within so many seconds."""
        self._reduce(self.connections // 2, began=self._now() - seconds)

    def rest(self, seconds: float) -> None:
        """Let nothing leave for so many seconds."""
        self._paused_until = max(self._paused_until, self._now() + seconds)

    def refused(self, seconds: float, retry_after: float | None = None) -> None:
        """Note a 429 or a 503 after so many seconds.

        Parameters: `retry_after`, seconds that the site asks us to wait. Nothing leaves before they are over.
        """
        fresh = self._reduce(self.connections // 2, began=self._now() - seconds)
        if retry_after is not None:
            self.rest(retry_after)
        elif fresh:
            self.rest(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _reduce(self, connections: int, *, began: float) -> bool:
        """Go down, unless the request began before the last time: one burst counts once."""
        self._good = 0
        if began < self._reduced_at:
            return False
        self._reduced_at = self._now()
        self.connections = max(1, connections)
        return True

    async def _until_next(self) -> None:
        while True:
            now = self._now()
            start = max(now, self._next, self._paused_until)
            if start >= self._deadline:
                raise OutOfTimeError(
                    Code.RATE_LIMITED,
                    f"The site asks for a pause of {start - now:.0f} s, longer than this crawl may take.",
                )
            if start <= now:
                self._next = now + self._delay
                return
            # A pause may begin while we wait, and others wait for the same moment: look again.
            await asyncio.sleep(start - now)

    def _wake(self) -> None:
        free = self.connections - self._open
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
