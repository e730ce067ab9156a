"""Crawls end before a crawler uses up the task's memory or disk with what belongs to no process."""

import asyncio
import os
import subprocess
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmready.domain.website import CrawlSettings
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_order import Crawled, CrawlFailed, CrawlOrder, Outcome
from llmready.worker.crawl_process import Limits
from llmready.worker.supervisor import Supervisor
from llmready.worker.task_resources import TaskResources
from tests.worker.programs import crawler
from tests.worker.strangers import living, open_folder, supervisor

MEGABYTE = 1 << 20
TASK = 800 * MEGABYTE
LONG = "time.sleep(20); completed()"
# Each program holds 400 MB that are not in the memory of its process.
HOLDERS = {
    "files in memory": """
        held = [os.memfd_create("m") for _ in range(4)]
        for file in held:
            for _ in range(100): os.write(file, bytes(1 << 20))
        """,
    "memory that is shared but no longer mapped": """
        import ctypes, mmap
        zero = os.open("/dev/zero", os.O_RDWR)
        library = ctypes.CDLL(None)
        library.mmap.restype = ctypes.c_void_p
        library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        for _ in range(8):
            start = library.mmap(None, ctypes.c_size_t(50 << 20), 3, mmap.MAP_SHARED, zero, ctypes.c_long(0))
            ctypes.memset(start, 1, 50 << 20)
            library.munmap(start + 4096, (50 << 20) - 4096)
        """,
    "buffers of sockets": """
        import socket
        held = []
        for _ in range(1400):
            pair = socket.socketpair()
            for end in pair:
                end.setblocking(False)
                try:
                    while end.send(bytes(65536)): pass
                except BlockingIOError: pass
            held.append(pair)
        """,
}
FILLERS = {
    "deleted files": """
        held = [open("file", "wb"), os.unlink("file")]
        for _ in range(40): held[0].write(bytes(1 << 20))
        held[0].flush()
        """,
    "many files": """
        for number in range(3000): pathlib.Path(f"file-{number}").touch()
        """,
}


def crawl(crawlers: Supervisor, folder: Path) -> Coroutine[None, None, Outcome]:
    folder.mkdir()
    order = CrawlOrder("https://example.com/", CrawlSettings(), 30)
    return crawlers.crawl(order, folder, report=lambda _: None, stop=asyncio.Event())


async def assert_all_end(resources: TaskResources, hostile: Supervisor, folder: Path) -> None:
    """Assert that another crawl, which does nothing, ends together with a hostile one, and both are tried again."""
    idle = neighbour(LONG, resources)
    for outcome in await asyncio.gather(
        crawl(hostile, folder / "hostile"), crawl(idle, folder / "neighbour")
    ):
        assert isinstance(outcome, CrawlFailed), outcome
        assert (outcome.failure.code, outcome.transient) == ("internal_error", True)
    assert living() == []


def neighbour(body: str, resources: TaskResources) -> Supervisor:
    """Return the supervisor of another crawl of the task."""
    limits = Limits(memory=TASK, interval=0.1)
    return Supervisor(Confinement(), limits=limits, command=crawler(body), resources=resources)


@contextmanager
def small_disk() -> Iterator[Path]:
    """Create a folder on a disk of 64 MB and 4,000 files."""
    with open_folder() as folder:
        disk = folder / "disk"
        disk.mkdir()
        options = "size=64m,nr_inodes=4000,mode=711"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=False)
        if mounted.returncode != 0:
            pytest.skip("this test mounts a disk; run it as root on a machine that allows it")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "--lazy", disk], check=True)


def meminfo(file: Path, **kilobytes: int) -> Path:
    """Write a file like /proc/meminfo of a machine with 2 GB."""
    usual = {"MemTotal": 2 << 20, "MemFree": 1 << 20, "Buffers": 0, "Cached": 1 << 19, "Shmem": 1 << 10}
    numbers = {**usual, "SReclaimable": 1 << 10, "AnonPages": 1 << 18, **kilobytes}
    file.write_text("".join(f"{name}: {number} kB\n" for name, number in numbers.items()))
    return file


def zoneinfo(folder: Path, pages: int = 0) -> Path:
    """Write a file like /proc/zoneinfo: free pages that are kept for two processors."""
    file = folder / "zoneinfo"
    file.write_text("".join(f"    cpu: {cpu}\n              count:    {pages}\n" for cpu in range(2)))
    return file


@pytest.mark.parametrize("holder", HOLDERS)
async def test_all_crawls_end_if_one_holds_memory_that_belongs_to_no_process(holder: str) -> None:
    with open_folder() as folder:
        resources = TaskResources(TASK, folder)
        # The kernel may still release the buffers of an earlier test, which would hide what this one holds.
        body = f"\n        time.sleep(1)\n{HOLDERS[holder]}\n        {LONG}"
        hostile = supervisor(folder, body, resources=resources, memory=TASK)
        await assert_all_end(resources, hostile, folder)
        # The memory is free again.
        assert isinstance(await crawl(neighbour("completed()", resources), folder / "next"), Crawled)


@pytest.mark.parametrize("filler", FILLERS)
async def test_crawls_end_if_one_fills_the_disk(filler: str) -> None:
    with small_disk() as disk, open_folder() as folder:
        resources = TaskResources(TASK, disk)
        hostile = supervisor(folder, FILLERS[filler] + f"\n        {LONG}", resources=resources)
        await assert_all_end(resources, hostile, disk)


async def test_memory_that_belongs_to_processes_or_can_be_reclaimed_does_not_count(tmp_path: Path) -> None:
    numbers = meminfo(tmp_path / "meminfo")
    resources = TaskResources(TASK, tmp_path, meminfo=numbers, zoneinfo=zoneinfo(tmp_path))
    other = meminfo(tmp_path / "other", MemFree=1 << 18, Cached=1 << 20, AnonPages=1 << 19)
    body = f"time.sleep(0.3); os.rename({str(other)!r}, {str(numbers)!r}); time.sleep(1); completed()"
    assert isinstance(await crawl(neighbour(body, resources), tmp_path / "job"), Crawled)


async def test_free_memory_that_is_kept_for_processors_does_not_count(tmp_path: Path) -> None:
    numbers, kept = meminfo(tmp_path / "meminfo"), zoneinfo(tmp_path)
    resources = TaskResources(TASK, tmp_path, meminfo=numbers, zoneinfo=kept)
    other = meminfo(tmp_path / "other", MemFree=(1 << 20) - (1 << 18))
    pages = kept.read_text().replace(" 0", f" {(1 << 28) // 2 // os.sysconf('SC_PAGE_SIZE')}")
    body = (
        f"time.sleep(0.3); pathlib.Path({str(kept)!r}).write_text({pages!r}); "
        f"os.rename({str(other)!r}, {str(numbers)!r}); time.sleep(1); completed()"
    )
    assert isinstance(await crawl(neighbour(body, resources), tmp_path / "job"), Crawled)


async def test_memory_that_was_in_use_before_does_not_count(tmp_path: Path) -> None:
    numbers = meminfo(tmp_path / "meminfo")
    resources = TaskResources(TASK, tmp_path, meminfo=numbers, zoneinfo=zoneinfo(tmp_path))
    meminfo(numbers, Shmem=1 << 19)
    body = "time.sleep(1); completed()"
    assert isinstance(await crawl(neighbour(body, resources), tmp_path / "job"), Crawled)
