"""Tasks that are real workers on this machine, and a dispatcher that runs repeatedly."""

import contextlib
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.settings import Settings
from llmready.usecases.dispatch import dispatch
from testkit.emulator import Place
from testkit.worker_process import Worker


class Fleet:
    """Implements :class:`llmready.ports.tasks.Tasks`.

    Attributes:
        most: Maximum number of workers at the same time.
    """

    def __init__(self, start: Callable[[TaskKind], Worker]) -> None:
        self._start = start
        self._workers: list[tuple[TaskKind, Worker]] = []
        self.most = 0

    def counts(self) -> TaskCounts:
        running = Counter(kind for kind, worker in self._workers if worker.runs)
        return TaskCounts(**{kind.value: running[kind] for kind in TaskKind})

    def run(self, kind: TaskKind, count: int, **_: Any) -> int:
        self._workers += [(kind, self._start(kind)) for _ in range(count)]
        self.most = max(self.most, sum(self.counts()))
        return count

    def end(self) -> None:
        """Ask all workers to stop, and kill those that do not."""
        for _, worker in self._workers:
            if worker.runs:
                worker.signal(signal.SIGTERM)
        for _, worker in self._workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(60)
            worker.end()


@contextlib.contextmanager
def fleet_of(place: Place, folder: Path, **settings: Any) -> Iterator[Fleet]:
    """Provide a fleet of workers with these settings until the context ends."""
    folder.mkdir(exist_ok=True)
    fleet = Fleet(lambda kind: Worker(place, folder, browser=kind is not TaskKind.PLAIN, **settings))
    try:
        yield fleet
    finally:
        fleet.end()


def dispatched_until(
    condition: Callable[[], bool],
    place: Place,
    fleet: Fleet,
    *,
    max_tasks: int,
    within: float,
    pause: float = 0.5,
) -> float:
    """Run the dispatcher repeatedly until a condition is true. Return the seconds that this took."""
    services = replace(place.services, tasks=fleet, settings=Settings(max_tasks=max_tasks))
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not within {within} s"
        dispatch(services)
        time.sleep(pause)
    return time.monotonic() - began
