from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testkit.emulator import Place
from testkit.worker_process import Worker


@pytest.fixture
def start_worker(place: Place, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start workers, which are killed at the end of the test."""
    running: list[Worker] = []

    def start(**settings: Any) -> Worker:
        running.append(Worker(place, tmp_path, **settings))
        return running[-1]

    yield start
    for worker in running:
        worker.end()
