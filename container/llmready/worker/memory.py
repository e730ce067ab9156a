"""How much memory a crawler may use, by what the task has."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_MIB = 1 << 20
_LARGEST_SHARE = 2 << 30  # bytes


def memory_limit(crawlers: int = 1, *, task: int = 0, cgroups: Path = CGROUPS, own: Path = OWN) -> int:
    """Return the bytes of memory that a crawler may use: an equal share of three quarters of what is here.

    The rest is the worker's. No share is larger than 2 GiB. What is here is the least of the machine's memory, the
    limits of this process's cgroup and of all above it, and the size of the task: on Fargate a container may see the
    memory of the micro-VM, which has more than the task may use.

    Args:
        crawlers: How many may run at once.
        task: The task's memory in MiB, as its definition tells; 0 where there is none.
        cgroups: Where the kernel's control groups are mounted.
        own: The file that names the groups of this process.
    """
    amounts = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_cgroup_limits(cgroups, own)]
    if task:
        amounts.append(task * _MIB)
    return min(_LARGEST_SHARE, min(amounts) * 3 // 4 // crawlers)


def _cgroup_limits(cgroups: Path, own: Path) -> Iterator[int]:
    """Yield the limits that hold for this process, of cgroup v2 and v1; "no limit" is a huge number or left out."""
    for folder in _folders(cgroups, own):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # absent, or "max"
                yield int((folder / name).read_text())
        # Of version 1: the least limit of the group and of all above it, also of those that cannot be seen from here.
        with contextlib.suppress(OSError, ValueError):
            for line in (folder / "memory.stat").read_text().splitlines():
                if line.startswith("hierarchical_memory_limit "):
                    yield int(line.split()[1])


def _folders(cgroups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, each root and what is below it."""
    entries: list[tuple[Path, str]] = [(cgroups, "/"), (cgroups / "memory", "/")]
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            hierarchy, controllers, path = line.split(":", 2)
            if hierarchy == "0":
                entries.append((cgroups, path))
            elif "memory" in controllers.split(","):
                entries.append((cgroups / "memory", path))
    for root, path in entries:
        yield root
        # Outside of the mounted namespace a path begins with "..", which leads to no group here.
        if ".." not in (parts := Path(path).parts):
            for length in range(2, len(parts) + 1):
                yield root.joinpath(*parts[1:length])
