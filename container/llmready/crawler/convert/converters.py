"""Convert independent pages with several converters, one for each processor."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from llmready.crawler.convert.node_child import Converter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOST_CONVERTERS = 4
"""Node needs about four times as long for a page as Python, which has only one process."""


def processors() -> int:
    """Return how many processors this process may use."""
    # macOS has no affinity of processes.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Converters:
    """A pool of converters. Call `start` first, `close` at the end.

    A further converter is started only while all others are busy. A single page therefore needs only one.

    Args:
        most: How many converters may run at the same time, at least one.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = min(processors(), MOST_CONVERTERS) if most is None else most
        self._pages: dict[Converter, int] = {}

    async def start(self) -> None:
        """Start the first converter. Raises: Failure (converter_failed) if Node or the converter is missing."""
        converter = Converter()
        await converter.start()
        self._pages[converter] = 0

    @asynccontextmanager
    async def least_busy(self) -> AsyncIterator[Converter]:
        """Lend the converter that has the fewest pages."""
        converter = min(self._pages, key=lambda one: self._pages[one])
        if self._pages[converter] and len(self._pages) < self._most:
            # It starts its process when it gets its first page.
            converter = Converter()
            self._pages[converter] = 0
        self._pages[converter] += 1
        try:
            yield converter
        finally:
            self._pages[converter] -= 1

    async def close(self) -> None:
        """End all converters. Pages that are still waiting fail (converter_failed)."""
        for converter in self._pages:
            await converter.close()
