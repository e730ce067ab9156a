"""Compute the memory limit of a crawler from the memory of the task."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_MIB = 1 << 20
_LARGEST_SHARE = 2 << 30  # bytes


def memory_limit(crawlers: int = 1, *, task: int = 0, cgroups: Path = CGROUPS, own: Path = OWN) -> int:
    """Return the memory limit of a crawler in bytes: an equal share of three quarters of the available memory.

    The worker uses the rest. A share is at most 2 GiB. This is the smallest of these values: the memory of the
    machine, the cgroup limits of this process, and the size of the task. On Fargate, a container may see the memory
    of the micro-VM, and the task may use only a part of it.

    Args:
        crawlers: Number of crawlers that may run at the same time.
        task: The task's memory in MiB from its task definition; 0 if there is none.
        cgroups: Where the kernel's control groups are mounted.
        own: The file that lists the groups of this process.
    """
    amounts = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_cgroup_limits(cgroups, own)]
    if task:
        amounts.append(task * _MIB)
    return min(_LARGEST_SHARE, min(amounts) * 3 // 4 // crawlers)


def _cgroup_limits(cgroups: Path, own: Path) -> Iterator[int]:
    """Yield the limits of this process in cgroup v2 and v1. "No limit" is a huge number or left out."""
    for folder in _folders(cgroups, own):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # absent, or "max"
                yield int((folder / name).read_text())
        # Version 1: the smallest limit of the group and its parents, including those that are not visible from here.
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
        # A path that begins with ".." is outside of the mounted namespace, so there is no such group here.
        if ".." not in (parts := Path(path).parts):
            for length in range(2, len(parts) + 1):
                yield root.joinpath(*parts[1:length])
