"""The gate decides whether requests may be sent.

Crawls of one host take turns. The gate is closed while another crawl has its turn. This time does not count towards
the timeout of the crawl.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


_LONGEST_HOLD = 30.0  # seconds


class Gate:
    """Allows and stops requests. `is_open` says whether requests are allowed at first."""

    def __init__(self, *, is_open: bool = True) -> None:
        self._opened = asyncio.Event()
        self._closed_at: float | None = None
        self._closed_seconds = 0.0
        self._next_request = 0.0
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._watchers: list[Callable[[], None]] = []
        if is_open:
            self._opened.set()
        else:
            self._closed_at = _now()

    @property
    def is_open(self) -> bool:
        """Whether requests may be sent."""
        return self._opened.is_set()

    @property
    def closed_seconds(self) -> float:
        """Seconds for which it was closed until now."""
        return self._closed_seconds + (_now() - self._closed_at if self._closed_at is not None else 0.0)

    @contextmanager
    def watched(self, changed: Callable[[], None]) -> Iterator[None]:
        """Call a function now, and each time that the gate is opened or closed within the context."""
        self._watchers.append(changed)
        try:
            changed()
            yield
        finally:
            self._watchers.remove(changed)

    def open(self) -> None:
        """Allow requests."""
        if self._closed_at is not None:
            self._closed_seconds, self._closed_at = self.closed_seconds, None
        self._opened.set()
        self._notify()

    def close(self) -> None:
        """Stop further requests; running requests continue."""
        if self._closed_at is None:
            self._closed_at = _now()
        self._opened.clear()
        self._notify()

    async def wait(self) -> None:
        """Wait until it is open."""
        await self._opened.wait()

    def entered(self) -> None:
        """Record that a request has passed."""
        self._running += 1
        self._quiet.clear()

    def left(self) -> None:
        """Record that a request has ended."""
        self._running -= 1
        if not self._running:
            self._quiet.set()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait until it is open, and record that requests are sent within the context."""
        while not self.is_open:
            await self.wait()
        self.entered()
        try:
            yield
        finally:
            self.left()

    def hold(self, until: float) -> None:
        """Record the earliest time of the next request to the site, on the loop's clock."""
        self._next_request = max(self._next_request, until)

    async def quiet(self) -> None:
        """Wait until all requests that have passed are finished and the delay after them is over."""
        await self._quiet.wait()
        await asyncio.sleep(min(_LONGEST_HOLD, max(0.0, self._next_request - _now())))

    def _notify(self) -> None:
        for changed in self._watchers:
            changed()


def _now() -> float:
    return asyncio.get_running_loop().time()
