"""The memory limit of crawlers, computed from the kernel's files with the limits of a container."""

from pathlib import Path

import pytest

from llmready.worker.memory import memory_limit

NO_LIMIT_V1 = 9223372036854771712
GIB = 1 << 30


@pytest.fixture
def cgroups(tmp_path: Path) -> Path:
    """Return an empty replacement for /sys/fs/cgroup."""
    folder = tmp_path / "cgroup"
    folder.mkdir()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return an empty replacement for /proc/self/cgroup."""
    file = tmp_path / "own"
    file.write_text("")
    return file


@pytest.fixture
def unlimited(cgroups: Path, own: Path) -> int:
    limit = memory_limit(cgroups=cgroups, own=own)
    assert 0 < limit <= 2 * GIB
    return limit


def write(file: Path, text: str | int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def test_crawls_share_three_quarters_of_the_containers_memory(cgroups: Path, own: Path) -> None:
    write(cgroups / "memory.max", GIB)
    assert memory_limit(cgroups=cgroups, own=own) == GIB * 3 // 4
    assert memory_limit(2, cgroups=cgroups, own=own) == GIB * 3 // 8


def test_task_size_is_the_limit_if_the_kernel_has_none(cgroups: Path, own: Path, unlimited: int) -> None:
    write(cgroups / "memory.max", "max")
    assert memory_limit(cgroups=cgroups, own=own) == unlimited
    assert memory_limit(task=512, cgroups=cgroups, own=own) == 384 << 20
    write(cgroups / "memory.max", 256 << 20)
    assert memory_limit(task=512, cgroups=cgroups, own=own) == 192 << 20


def test_a_limit_on_a_parent_group_holds_in_version_2(cgroups: Path, own: Path) -> None:
    own.write_text("0::/ecs/task/container\n")
    write(cgroups / "ecs/task/container/memory.max", "max")
    write(cgroups / "ecs/task/memory.max", GIB)
    assert memory_limit(cgroups=cgroups, own=own) == GIB * 3 // 4


def test_a_limit_on_a_parent_group_holds_in_version_1(cgroups: Path, own: Path) -> None:
    own.write_text("11:cpu,cpuacct:/ecs/task/container\n4:memory:/ecs/task/container\n")
    write(cgroups / "memory/ecs/task/container/memory.limit_in_bytes", NO_LIMIT_V1)
    write(cgroups / "memory/ecs/task/memory.limit_in_bytes", GIB)
    assert memory_limit(cgroups=cgroups, own=own) == GIB * 3 // 4


def test_a_limit_on_a_parent_that_the_container_cannot_see_holds_in_version_1(
    cgroups: Path, own: Path
) -> None:
    own.write_text("4:memory:/ecs/task/container\n")
    write(cgroups / "memory/memory.limit_in_bytes", NO_LIMIT_V1)
    write(cgroups / "memory/memory.stat", f"cache 12\nhierarchical_memory_limit {GIB}\ntotal_rss 5")
    assert memory_limit(cgroups=cgroups, own=own) == GIB * 3 // 4


def test_a_path_outside_of_the_namespace_is_ignored(cgroups: Path, own: Path, unlimited: int) -> None:
    own.write_text("0::/../other\n")
    write(cgroups.parent / "other/memory.max", 1)
    assert memory_limit(cgroups=cgroups, own=own) == unlimited
