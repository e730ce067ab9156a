"""Limit the bytes of large pages that are in memory, and that are processed, at the same time.

Until it is stored, a page needs several times the memory of its body. Bodies of at most `LARGE` bytes do not count.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LARGE = 1_000_000
"""Bytes of a body above which it is counted."""

MOST_IN_MEMORY = 30_000_000
"""Counted bytes above which no further page is requested.

It is the size of three of the largest pages, so slow responses on three of the four connections leave the last
connection to other pages. Requests that have started continue, so more bytes may arrive.
"""

MOST_PROCESSED = 6_000_000
"""Counted bytes that are processed at the same time. A larger page is processed alone."""


SECONDS_FOR_ALTERNATES = 10.0
"""Time that a crawl may spend on the Markdown files of large pages, which it fetches one after the other."""


@dataclass(slots=True, eq=False)
class _Page:
    """The page on which a task works, and its counted bytes."""

    size: int = 0
    is_processed: bool = False
    has_alternate: bool = False


_current: ContextVar[_Page] = ContextVar("current")


class LargePages:
    """The large pages that are in memory.

    No task waits while it uses a connection. A page that is processed waits only for the page that fetches or
    processes its Markdown file, and that page waits for no other. Two pages therefore cannot wait for each other.
    """

    def __init__(self) -> None:
        self._pages: list[_Page] = []
        self._waiting: deque[_Page] = deque()
        self._changed = asyncio.Event()
        self._seconds_left = SECONDS_FOR_ALTERNATES

    @contextmanager
    def page(self) -> Iterator[None]:
        """Count what the current task reads as one page, which is in memory until the end of the block."""
        page = _Page()
        token = _current.set(page)
        try:
            yield
        finally:
            _current.reset(token)
            if page.size:
                self._pages.remove(page)
                self._changed.set()

    def add(self, size: int) -> None:
        """Count further bytes of the current page. Outside of a page, nothing is counted.

        A page that is processed keeps its turn, because its results stay in memory until it is stored.
        """
        page = _current.get(None)
        if page is not None:
            if not page.size:
                self._pages.append(page)
            page.size += size
            self._changed.set()

    async def room(self) -> None:
        """Wait until another page may be requested. A page that has counted bytes does not wait."""
        while not self.has_room():
            await self._change()

    def has_room(self) -> bool:
        """Return whether the current page may be requested; see `room`."""
        page = _current.get(None)
        return page is None or page.size > 0 or sum(one.size for one in self._pages) <= MOST_IN_MEMORY

    @asynccontextmanager
    async def alternate_turn(self) -> AsyncIterator[None]:
        """Wait until the current page, if it has counted bytes, is the only such page with a Markdown file.

        It remains the only one until the end of its page. Other large pages wait meanwhile, so all these blocks
        together may take `SECONDS_FOR_ALTERNATES`.

        Raises:
            TimeoutError: They took longer.
        """
        page = _current.get(None)
        if page is None or not page.size:
            yield
            return
        while any(one.has_alternate for one in self._pages if one is not page):
            await self._change()
        page.has_alternate = True
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds_left):
                yield
        finally:
            self._seconds_left -= time.monotonic() - began

    async def turn(self) -> None:
        """Wait until the current page may be processed, if it has counted bytes."""
        page = _current.get(None)
        if page is None or not page.size or page.is_processed:
            return
        self._waiting.append(page)
        try:
            while self._waiting[0] is not page or not self._may_be_processed(page):
                await self._change()
            page.is_processed = True
        finally:
            self._waiting.remove(page)
            self._changed.set()

    def _may_be_processed(self, page: _Page) -> bool:
        processed = sum(one.size for one in self._pages if one.is_processed)
        return not processed or processed + page.size <= MOST_PROCESSED

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
