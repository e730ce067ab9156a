"""Politeness in time: the delay a site asks for, and pauses when it says that it has enough."""

from __future__ import annotations

import asyncio

LONGEST_DELAY = 10.0
"""Seconds between two requests at most, however long a Crawl-delay a site names."""

LONGEST_PAUSE = 30.0
"""Seconds that a Retry-After is followed at most."""


class Pace:
    """Spaces the requests to one site.

    Parameters: `delay`, seconds between two requests, 0 for none.
    """

    def __init__(self, delay: float = 0.0) -> None:
        self._delay = min(max(delay, 0.0), LONGEST_DELAY)
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next request may leave."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + self._delay
        if start > now:
            await asyncio.sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Let nothing leave for a while."""
        loop = asyncio.get_running_loop()
        self._next = max(self._next, loop.time() + min(max(seconds, 0.0), LONGEST_PAUSE))
