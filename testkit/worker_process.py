"""The worker as a real process."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmready.domain.generation import Generation
from testkit.emulator import Place


class Worker:
    """A running worker. Its log lines are kept in a file."""

    def __init__(
        self,
        place: Place,
        folder: Path,
        *,
        program: str = "llmready.worker",
        variables: dict[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self._log = folder / f"worker-{time.monotonic_ns()}.log"
        environment = place.environment(
            **{"lease_seconds": 3, "idle_seconds": 1, "work_dir": self.work, **settings}
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program],
                env={**environment, **(variables or {})},
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the worker is running."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 20) -> int:
        """Wait until the worker ends by itself and return its exit code."""
        return self._process.wait(timeout=seconds)

    def end(self) -> None:
        """Kill the worker if it is still running."""
        if self.runs:
            self._process.kill()
            self._process.wait()

    def log(self) -> list[dict[str, Any]]:
        """Return its log lines."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def said(self, message: str) -> bool:
        """Return whether it logged a message."""
        return any(line.get("message") == message for line in self.log())


def until(condition: Callable[[], Any], *, seconds: float = 15) -> Any:
    """Return the value of ``condition`` as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s: {condition}")


def now_stored(place: Place, generation: Generation) -> Generation:
    """Read a generation from the table."""
    found = place.generations.get(generation.user_id, generation.id)
    assert found is not None
    return found


def children_of(pid: int, *, deep: bool = True) -> list[int]:
    """Return the processes that a process started and, if ``deep``, all that descend from them."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(folder.name)] = int(fields[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [deeper for child in found for deeper in children_of(child)] if deep else found


def running_in(folder: Path) -> set[int]:
    """Return the processes whose working directory is in a folder, independent of their parents."""
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                directory = (process / "cwd").readlink()
            except OSError:
                continue  # The process has ended or belongs to another user.
            if directory.is_relative_to(folder):
                found.add(int(process.name))
    return found


def is_alive(pid: int) -> bool:
    """Return whether a process is running. A zombie is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
