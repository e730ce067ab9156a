"""Limit the bytes of large pages that are in memory, and that are processed, at the same time.

Until it is stored, a page needs several times the memory of its body. Bodies of at most `LARGE` bytes do not count.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = 1_000_000
"""Bytes of a body above which it is counted."""

MOST_IN_MEMORY = 30_000_000
"""Counted bytes above which no further page is requested.

It is the size of three of the largest pages, so slow responses on three of the four connections leave the last
connection to other pages.
"""

MOST_PROCESSED = 16_000_000
"""Counted bytes that are processed at the same time. A larger page is processed alone."""

KEEPS_ITS_TURN = 4_000_000
"""Counted bytes above which a page that is processed does not wait before its Markdown file is processed."""


@dataclass(slots=True, eq=False)
class _Page:
    """The page on which a task works, and its counted bytes."""

    size: int = 0
    is_processed: bool = False


_current: ContextVar[_Page] = ContextVar("current")


class LargePages:
    """The large pages that are in memory.

    No task waits while it uses a connection, and only pages that are not processed wait. Two pages therefore cannot
    wait for each other.
    """

    def __init__(self) -> None:
        self._pages: list[_Page] = []
        self._waiting: deque[_Page] = deque()
        self._changed = asyncio.Event()

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
        """Count further bytes of the current page, which then waits for its turn again.

        A page above `KEEPS_ITS_TURN` does not wait again, because its results stay in memory meanwhile. Outside of a
        page, nothing is counted.
        """
        page = _current.get(None)
        if page is not None:
            if not page.size:
                self._pages.append(page)
            page.is_processed = page.is_processed and page.size > KEEPS_ITS_TURN
            page.size += size
            self._changed.set()

    async def room(self) -> None:
        """Wait until another page may be requested. A page that has counted bytes does not wait."""
        page = _current.get(None)
        while page is not None and not page.size and sum(one.size for one in self._pages) > MOST_IN_MEMORY:
            await self._change()

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
