"""Watch the memory of all processes of the browser together, including Playwright's driver.

Each process of the browser has its own limit (see `process`), but the processes of two pages can together need more
memory than the crawler may use. The worker would then end the whole crawl.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from llmready.crawler.browser.process import browser_processes, end_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTERVAL = 0.2
"""Seconds between two measurements."""

DRIVER_HEAP = 256
"""Heap of Playwright's driver in MiB. A page can fill it with events, such as messages to the console."""

_PROC = Path("/proc")


class MemoryWatch:
    """Ends the browser when its processes need too much memory. Linux only; elsewhere, it does nothing.

    It measures in a thread, because a hostile page can also keep the event loop busy.

    Args:
        program: Path of the browser.
        limit: Limit for all processes together, in bytes.
        exceeded: Called in the event loop before the browser is ended.
    """

    def __init__(self, program: Path, limit: int, exceeded: Callable[[], None]) -> None:
        self._program = program
        self._limit = limit
        self._exceeded = exceeded
        self._stopped = threading.Event()
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Start to measure."""
        if sys.platform == "linux":
            threading.Thread(target=self._run, name="browser-memory", daemon=True).start()

    def stop(self) -> None:
        """End without waiting for the thread."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            if memory_of(browser_processes(self._program, driver=True), self._limit) <= self._limit:
                continue
            if self._stopped.is_set():
                return
            with contextlib.suppress(RuntimeError):  # the event loop is closed
                self._loop.call_soon_threadsafe(self._exceeded)
            end_browser(self._program, driver=False)
            return


def memory_of(processes: list[int], limit: int) -> int:
    """Return the bytes of memory that processes use.

    Shared pages count once if the plain sum exceeds `limit`. The exact sum is slower to read.
    """
    plain = sum(map(_resident, processes))
    return plain if plain <= limit else sum(map(_proportional, processes))


@contextlib.contextmanager
def limited_driver() -> Iterator[None]:
    """Limit the heap of the driver that is started within the context. The browser does not get this variable."""
    before = os.environ.get("NODE_OPTIONS")
    os.environ["NODE_OPTIONS"] = f"--max-old-space-size={DRIVER_HEAP}"
    try:
        yield
    finally:
        del os.environ["NODE_OPTIONS"]
        if before is not None:
            os.environ["NODE_OPTIONS"] = before


def _resident(pid: int) -> int:
    return _pages(pid)[0]


def _proportional(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        # Chromium's own sandbox makes this file unreadable.
        resident, shared = _pages(pid)
        return resident - shared
    return 0


def _pages(pid: int) -> tuple[int, int]:
    """Return the resident and the shared memory of a process in bytes; 0 if it has ended."""
    try:
        _, resident, shared, *_ = (_PROC / str(pid) / "statm").read_text().split()
    except (OSError, ValueError):
        return 0, 0
    size = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * size, int(shared) * size
