"""The throttle decides when a request may start, and how many run at once.

The number of connections changes as in TCP congestion control. It is halved, down to one, if a site answers
429 or 503, times out or becomes slow. It grows by one while the site responds well.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.gate import Gate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOW_SECONDS = 1.0
SLOW_FACTOR = 3.0
"""A response counts as slow above this many seconds, if the site was this many times faster before."""

ANSWERS_BEFORE_MORE = 20
"""Good responses in a row, per connection, before one more connection is opened."""

ANSWERS_BEFORE_SHORT = 5
"""Good responses in a row after which the length of pauses is reset."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds of a pause if the site does not specify one. A specified pause is always kept."""

_WEIGHT = 0.2


class OutOfTimeError(Failure):
    """The site requests a longer delay than the remaining time of the crawl."""


class LongWaitError(Failure):
    """One URL requests a longer delay than the remaining time of the crawl. Other pages may still be fetched."""


class Throttle:
    """Delays the requests to one site and limits how many run at once.

    Args:
        connections: Greatest number of requests at once.
        deadline: End of the crawl on the clock of the event loop. It is later by the time for which the gate
            was closed.
        gate: All requests wait while it is closed. None means always open.
    """

    def __init__(self, connections: int, deadline: float = math.inf, gate: Gate | None = None) -> None:
        self._gate = gate or Gate()
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
        """Keep at least this many seconds between the starts of two requests."""
        self._delay = max(delay, 0.0)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until a request may start, and hold one of the connections while it runs.

        Raises: OutOfTimeError when the request could start only after the deadline.
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
            self._gate.entered()
            try:
                yield
            finally:
                self._gate.left()
        finally:
            self._open -= 1
            self._wake()

    def succeeded(self, seconds: float) -> None:
        """Record a good response and the seconds that it took."""
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

    def timed_out(self, seconds: float) -> None:
        """Record a request that timed out after this many seconds."""
        self._reduce(self.connections // 2, began=self._now() - seconds)

    def rest(self, seconds: float) -> None:
        """Start no request for this many seconds."""
        self._paused_until = max(self._paused_until, self._now() + seconds)
        self._gate.hold(self._paused_until)

    def refused(self, seconds: float, retry_after: float | None = None) -> None:
        """Record a response with status 429 or 503.

        Args:
            seconds: Duration of the response, in seconds.
            retry_after: Seconds that the site asks to wait, or None.
        """
        fresh = self._reduce(self.connections // 2, began=self._now() - seconds)
        if retry_after is not None:
            self.rest(retry_after)
        elif fresh:
            self.rest(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def is_too_long(self, retry_after: float) -> bool:
        """Return whether the crawl ends before a delay of this many seconds is over."""
        return self._now() + retry_after >= self._end()

    def _reduce(self, connections: int, *, began: float) -> bool:
        """Reduce the connections, unless the request started before the last reduction: a burst counts only once."""
        self._good = 0
        if began < self._reduced_at:
            return False
        self._reduced_at = self._now()
        self.connections = max(1, connections)
        return True

    async def _until_next(self) -> None:
        while True:
            await self._gate.wait()
            now = self._now()
            start = max(now, self._next, self._paused_until)
            if start >= self._end():
                raise OutOfTimeError(
                    Code.RATE_LIMITED,
                    f"The site asks the crawler to wait for {start - now:.0f} s, which is longer than"
                    " the time limit of the crawl.",
                )
            if start <= now:
                self._next = now + self._delay
                self._gate.hold(self._next)
                return
            # Check again, because another pause may have started meanwhile and other requests wait for the same
            # moment.
            await asyncio.sleep(start - now)

    def _end(self) -> float:
        return self._deadline + self._gate.closed_seconds

    def _wake(self) -> None:
        free = self.connections - self._open
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
