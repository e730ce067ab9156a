"""Watch the memory and the disk space of the task, and end its crawls before they run out.

A crawler that a page has taken over can hold memory that belongs to no process (buffers of sockets and pipes, shared
memory that it no longer maps) and the space of files that it has deleted. Which crawler holds them cannot be
determined from outside. Therefore all crawls of the task end. Their generations are tried again.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from llmready.observability import logger

_INTERVAL = 0.2  # seconds between two measurements; a processor fills about 2 GB of memory in a second
# Fraction (1/n) of the task's memory for what belongs to no process: half of what the crawlers' limits leave over.
_SHARE = 8
_RECLAIMABLE = ("MemFree", "Buffers", "Cached", "SReclaimable")
# Free pages that the kernel keeps for each processor. Newer kernels keep up to an eighth of the memory in this way.
_KEPT_PAGES = re.compile(r"^ +count: +(\d+)$", re.MULTILINE)
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Reading(NamedTuple):
    """Bytes of memory that belong to no process, free bytes and files of the disk."""

    unclaimed: int
    free_bytes: int
    free_files: int


class TaskResources:
    """Memory and disk space of a task that has its machine to itself, as on Fargate.

    Args:
        memory: The task's memory, in bytes.
        folder: A folder on the disk that crawlers can write.
        meminfo: The kernel's numbers about the memory of the machine.
        zoneinfo: The kernel's numbers about the pages of each processor.
    """

    def __init__(
        self,
        memory: int,
        folder: Path,
        *,
        meminfo: Path = Path("/proc/meminfo"),
        zoneinfo: Path = Path("/proc/zoneinfo"),
    ) -> None:
        self._most_unclaimed = memory // _SHARE
        self._folder = folder
        self._meminfo = meminfo
        self._zoneinfo = zoneinfo
        self._before = self._now()
        self._crawls: list[asyncio.Event] = []
        self._watching: asyncio.Task[None] | None = None

    @contextmanager
    def crawling(self) -> Iterator[asyncio.Event]:
        """Watch while a crawl runs. The event is set when the crawl has to end."""
        exhausted = asyncio.Event()
        if not self._crawls:
            self._before = self._now()
            self._watching = asyncio.create_task(self._watch())
        self._crawls.append(exhausted)
        try:
            yield exhausted
        finally:
            self._crawls.remove(exhausted)
            if not self._crawls and self._watching is not None:
                self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL)
            self._check()

    def _check(self) -> None:
        now = self._now()
        # What earlier crawls held may be released only after the first crawl began.
        before = self._before = _Reading(
            unclaimed=min(now.unclaimed, self._before.unclaimed),
            free_bytes=max(now.free_bytes, self._before.free_bytes),
            free_files=max(now.free_files, self._before.free_files),
        )
        if (
            now.unclaimed - before.unclaimed <= self._most_unclaimed
            and now.free_bytes >= before.free_bytes // 2
            and now.free_files >= before.free_files // 2
        ):
            return
        # One that releases what it holds when another one ends must not continue.
        for exhausted in self._crawls:
            if not exhausted.is_set():
                logger.warning(
                    "a crawl ends because a crawl of this task uses up its memory or disk",
                    before=before._asdict(),
                    now=now._asdict(),
                )
                exhausted.set()

    def _now(self) -> _Reading:
        disk = os.statvfs(self._folder)
        return _Reading(
            unclaimed=_unclaimed(self._meminfo) - _kept(self._zoneinfo),
            free_bytes=disk.f_bavail * disk.f_frsize,
            free_files=disk.f_favail,
        )


def _unclaimed(meminfo: Path) -> int:
    """Return the bytes of memory that no process owns and that the kernel cannot reclaim (proc_meminfo(5))."""
    amounts = {}
    for line in meminfo.read_text().splitlines():
        name, _, amount = line.partition(":")
        amounts[name] = int(amount.split()[0])
    # Shared memory counts as cached, but cannot be reclaimed.
    available = sum(amounts[name] for name in _RECLAIMABLE) - amounts["Shmem"]
    return (amounts["MemTotal"] - available - amounts["AnonPages"]) * 1024


def _kept(zoneinfo: Path) -> int:
    """Return the bytes of free memory that the kernel keeps for each processor, which are not in ``MemFree``."""
    return sum(int(count) for count in _KEPT_PAGES.findall(zoneinfo.read_text())) * _PAGE
