"""Find processes with ``/proc``. Without ``/proc``, only process groups are used."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple, Protocol

from llmready.observability import logger

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ENDED = frozenset("ZX")
_ROUNDS = 10  # rounds of stopping processes that were forked meanwhile, before killing them
_PAUSE = 0.005  # seconds between two looks at killed processes that have not ended yet


class Process(NamedTuple):
    """One process. ``born`` distinguishes it from a later process with the same ID; ``resident`` is bytes."""

    pid: int
    born: int
    parent: int
    session: int
    resident: int


class CrawlProcesses(Protocol):
    """All processes of one crawl."""

    def living(self) -> list[Process]:
        """Return the processes of the crawl that have not ended."""

    def kill(self) -> bool:
        """Kill all processes. Return whether it is certain that none is left."""


class Family:
    """The processes that descend from a crawler or are in its session.

    If a crawler runs under the worker's own user, other processes cannot be attributed to it. A process that leaves
    the session and loses its parent is recognised only if it was seen before.

    Args:
        root: Process ID of the crawler.
        seconds: How long ending them may take.
    """

    def __init__(self, root: int, *, seconds: float) -> None:
        self._root = root
        self._seconds = seconds
        self._seen: set[Process] = set()

    def living(self) -> list[Process]:
        """See :class:`CrawlProcesses`."""
        found = self._now()
        self._seen.update(found)
        return found

    def kill(self) -> bool:
        """See :class:`CrawlProcesses`.

        All processes are stopped before they are killed. Children of a killed process could no longer be
        recognised as members of the family.
        """
        doomed: set[int] = set()
        known = {(process.pid, process.born) for process in self._seen}
        for _ in range(_ROUNDS):
            _signal_group(self._root, signal.SIGSTOP)
            found = {process.pid for process in self._now()}
            if known:
                found |= {process.pid for process in _everyone() if (process.pid, process.born) in known}
            if found <= doomed:
                break
            for pid in found - doomed:
                _signal(pid, signal.SIGSTOP)
            doomed |= found
        _signal_group(self._root, signal.SIGKILL)
        for pid in doomed:
            _signal(pid, signal.SIGKILL)
        return self._have_ended(doomed)

    def _have_ended(self, doomed: set[int]) -> bool:
        """Wait until killed processes have ended, because the kernel ends them some time after the signal."""
        until = monotonic() + self._seconds
        while left := [pid for pid in doomed if living(pid) is not None]:
            if monotonic() >= until:
                logger.error("processes of a crawl could not be killed", root=self._root, left=len(left))
                return False
            sleep(_PAUSE)
        return True

    def _now(self) -> list[Process]:
        everyone = list(_everyone())
        found = {process.pid for process in everyone if self._root in (process.pid, process.session)}
        grown = True
        while grown:
            children = {process.pid for process in everyone if process.parent in found}
            grown = not children <= found
            found |= children
        return [process for process in everyone if process.pid in found]


def living(pid: int) -> Process | None:
    """Return a process, or None if it has ended."""
    fields = _stat(_PROC / str(pid))
    if fields is None:
        return None
    if fields[0] in _ENDED:
        # A process whose first thread has ended looks like a zombie without memory while its other threads continue.
        thread = next(_living_threads(pid), None)
        if thread is None:
            return None
        fields[21] = thread[21]
    return Process(
        pid=pid,
        born=int(fields[19]),
        parent=int(fields[1]),
        session=int(fields[3]),
        resident=int(fields[21]) * _PAGE,
    )


def process_ids() -> list[int]:
    """Return the IDs of all processes."""
    if not _PROC.is_dir():
        return []
    return [int(name) for name in os.listdir(_PROC) if name.isdecimal()]  # noqa: PTH208 - three times as fast


def memory_of(processes: Iterable[Process], *, limit: int) -> int:
    """Return the bytes of memory that processes use.

    Shared pages count once if the kernel provides the proportional set size. Reading it is slow, so it is read only
    if the plain sum exceeds ``limit``.
    """
    listed = list(processes)
    plain = sum(process.resident for process in listed)
    return plain if plain <= limit else sum(_proportional(process) for process in listed)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _signal_group(root: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(root, number)


def _everyone() -> Iterator[Process]:
    return (process for pid in process_ids() if (process := living(pid)) is not None)


def _living_threads(pid: int) -> Iterator[list[str]]:
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            fields = _stat(thread)
            if fields is not None and fields[0] not in _ENDED:
                yield fields


def _stat(folder: Path) -> list[str] | None:
    """Return the fields of proc_pid_stat(5) from the state on, or None where there is no such process."""
    try:
        line = (folder / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The process name in parentheses may contain any character, so fields are counted from its end.
    return line.rpartition(")")[2].split()


def _proportional(process: Process) -> int:
    try:
        lines = (_PROC / str(process.pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return process.resident
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return process.resident
