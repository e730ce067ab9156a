"""Settings of Python's garbage collector, of the memory allocator and of the kernel for a crawl.

A crawl creates few reference cycles: almost everything is freed with its last reference. With the default frequency,
collections take much time and free little memory.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000
"""Container objects allocated before a collection, instead of Python's 700 (2,000 from 3.14 on)."""

LARGE_BLOCK = 1 << 20  # bytes

_MMAP_THRESHOLD = -3
"""Number of the parameter M_MMAP_THRESHOLD of `mallopt` in glibc."""


def pause_collector() -> None:
    """Turn the collector off while modules are loaded, which creates hardly any garbage."""
    gc.disable()


def resume_collector() -> None:
    """Turn the collector on, ignore the existing objects, and let it run rarely."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)


def return_large_blocks() -> None:
    """Let glibc return each block of at least `LARGE_BLOCK` bytes to the system when it is freed.

    By default, glibc keeps blocks of up to 32 MB after the first of them was freed. Other C libraries stay unchanged.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE_BLOCK)


def end_before_the_worker() -> None:
    """Let the kernel end this process and its later children before others, if the machine runs out of memory.

    The worker could not do it for the crawler, which runs as another user.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
