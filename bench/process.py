"""Run a program and measure it with all its children: seconds, CPU time, memory."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testkit.memory import pss

SECONDS_BETWEEN = 0.1


@dataclass(frozen=True)
class Measured:
    """Figures of a program: elapsed seconds, CPU seconds, peak MB (summed proportional set size).

    `fetching`: seconds from the first request to the last page, if a crawler reports them.
    """

    seconds: float
    cpu: float
    peak: float
    fetching: float = 0.0


def measured(
    command: Sequence[str | Path],
    environment: Mapping[str, str] = os.environ,
    *,
    output: int | None = None,
) -> Measured:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        environment: The program's environment.
        output: A file descriptor for what the program prints, errors included. By default only errors are shown.

    Raises:
        SystemExit: The program failed.
    """
    began = time.monotonic()
    child = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=None if output is None else output,
    )
    ended = threading.Event()
    peaks = [0.0]
    watching = threading.Thread(target=_watch, args=(child.pid, ended, peaks), daemon=True)
    watching.start()
    # The kernel sums the times of all children that have ended.
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    watching.join()
    if child.returncode:
        raise SystemExit(f"{command[0]} failed with {child.returncode}: {' '.join(map(str, command))}")
    return Measured(seconds, used.ru_utime + used.ru_stime, peaks[0])


def _watch(pid: int, ended: threading.Event, peaks: list[float]) -> None:
    while not ended.wait(SECONDS_BETWEEN):
        peaks[0] = max(peaks[0], sum(pss(one) for one in _tree(pid)))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found
