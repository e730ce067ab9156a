"""Measure the memory of processes: of one program, or of a process and all its children."""

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class Watch:
    """Measures the peak, in MB, of all processes of one kind and their children while it is open.

    Args:
        command: Part of the command line of the processes at the top.
        marker: Part of their command line, folder or environment, to tell them from others of the kind.
    """

    def __init__(self, command: str, marker: str):
        self.peak = 0.0
        self._command = command
        self._marker = marker
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.05):
            self.peak = max(self.peak, tree_memory(self._command, self._marker))


def tree_memory(command: str, marker: str) -> float:
    """Return the summed proportional set size, in MB, of matching processes and all their descendants."""
    parents: dict[int, int] = {}
    tops: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            pid = int(entry.name)
            parents[pid] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if command in line and marker in line + _surroundings(entry):
                tops.add(pid)
        except OSError:
            continue
    return sum(pss(pid) for pid in parents if _is_below(pid, tops, parents))


def _surroundings(entry: Path) -> str:
    try:
        return str((entry / "cwd").readlink()) + (entry / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _is_below(pid: int, tops: set[int], parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid in tops:
            return True
        pid = parents.get(pid, 0)
    return False


def pss(pid: int) -> float:
    """Return the proportional set size of a process in MB, 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0


def run_and_measure(program: str, *arguments: str) -> tuple[str, float]:
    """Run a Python program in a process of its own. Return its output and the peak of its memory in MB."""
    measured = f"{program}\nprint(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
    output = subprocess.check_output([sys.executable, "-c", measured, *arguments], text=True)
    lines = output.splitlines()
    return "\n".join(lines[:-1]), int(lines[-1]) / 1024
