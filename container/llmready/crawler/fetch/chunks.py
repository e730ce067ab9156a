"""Limit the number of chunks in which a body is sent: each one takes processor time, however short it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import StreamReader

FREE = 50_000
"""Chunks of any length that a body may have."""

LEAST_BYTES = 32
"""Average number of bytes that further chunks must have."""


class Chunks:
    """Counts the chunks of one body, and their bytes."""

    def __init__(self) -> None:
        self._number = 0
        self._size = 0

    def add_bytes(self, size: int) -> None:
        """Count bytes of the body."""
        self._size += size

    def add(self) -> None:
        """Count one more chunk, or one line between chunks. Raises: Failure (page_too_slow)."""
        self._number += 1
        if self._number > FREE + self._size // LEAST_BYTES:
            raise Failure(Code.PAGE_TOO_SLOW, "The response consists of too many very short chunks.")


async def parts_of(stream: StreamReader) -> AsyncIterator[bytes]:
    """Return the parts of a body as they arrive. Raises: Failure (page_too_slow)."""
    chunks = Chunks()
    async for part, ends_chunk in stream.iter_chunks():
        chunks.add_bytes(len(part))
        if ends_chunk:
            chunks.add()
        if part:
            yield part
