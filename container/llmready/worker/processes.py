"""The processes of a crawl as ``/proc`` shows them; where there is none, only the process group is known."""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ENDED = frozenset("ZX")
_ROUNDS = 10  # of halting what was forked meanwhile; a fork bomb has to leave it at that


class Process(NamedTuple):
    """One process. ``born`` tells it from a later one with the same number; ``resident`` is bytes."""

    pid: int
    born: int
    parent: int
    session: int
    resident: int


def family(root: int) -> list[Process]:
    """Return the living processes that descend from ``root`` or are in its session, itself included."""
    everyone = list(_everyone())
    found = {process.pid for process in everyone if root in (process.pid, process.session)}
    grown = True
    while grown:
        children = {process.pid for process in everyone if process.parent in found}
        grown = not children <= found
        found |= children
    return [process for process in everyone if process.pid in found]


def memory_of(processes: Iterable[Process], *, limit: int) -> int:
    """Return the bytes of memory that processes use.

    Shared pages count once where the kernel lets us see that. It is slow to ask, so it is asked only where the
    plain sum is beyond ``limit``.
    """
    listed = list(processes)
    plain = sum(process.resident for process in listed)
    return plain if plain <= limit else sum(_proportional(process) for process in listed)


def kill(root: int, seen: Iterable[Process] = ()) -> None:
    """Kill ``root`` with its process group and its family, and whoever of ``seen`` still lives.

    All are halted first: a process that dies leaves children that no longer can be told to be of this family.
    """
    doomed: set[int] = set()
    known = {(process.pid, process.born) for process in seen}
    for _ in range(_ROUNDS):
        _signal_group(root, signal.SIGSTOP)
        found = {process.pid for process in family(root)}
        if known:
            found |= {process.pid for process in _everyone() if (process.pid, process.born) in known}
        if found <= doomed:
            break
        for pid in found - doomed:
            _signal(pid, signal.SIGSTOP)
        doomed |= found
    _signal_group(root, signal.SIGKILL)
    for pid in doomed:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _signal_group(root: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(root, number)


def _everyone() -> Iterable[Process]:
    if not _PROC.is_dir():
        return
    for name in os.listdir(_PROC):  # noqa: PTH208 - thrice as fast as making a Path of each
        if name.isdecimal() and (process := _process(int(name))) is not None:
            yield process


def _process(pid: int) -> Process | None:
    try:
        line = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # proc_pid_stat(5): the name in brackets may hold anything, so count from its end.
    fields = line.rpartition(")")[2].split()
    if fields[0] in _ENDED:
        return None
    return Process(
        pid=pid,
        born=int(fields[19]),
        parent=int(fields[1]),
        session=int(fields[3]),
        resident=int(fields[21]) * _PAGE,
    )


def _proportional(process: Process) -> int:
    try:
        lines = (_PROC / str(process.pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return process.resident
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return process.resident
