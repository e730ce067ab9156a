"""Run rounds of the dispatcher in tests of other parts."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.settings import Settings
from llmready.usecases.dispatch import dispatch
from testkit.emulator import Place


class Fleet:
    """A fleet with one running task, which is sufficient."""

    def counts(self) -> TaskCounts:
        return TaskCounts(plain=1)

    def run(self, kind: TaskKind, count: int, **_: Any) -> int:
        raise AssertionError(f"{count} {kind} tasks more than there is work for")


def dispatched(place: Place, time: datetime) -> None:
    """Run one round of the dispatcher."""
    dispatch(replace(place.services_at(time), tasks=Fleet(), settings=Settings(max_tasks=1)))
