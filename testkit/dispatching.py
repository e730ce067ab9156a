"""A dispatcher's round in tests that are about something else."""

from datetime import datetime, timedelta
from typing import Any

from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.usecases.dispatch import dispatch
from testkit.emulator import Place


class Fleet:
    """One task, which runs already and is enough."""

    def counts(self) -> TaskCounts:
        return TaskCounts(plain=1)

    def run(self, kind: TaskKind, count: int, **_: Any) -> int:
        raise AssertionError(f"{count} {kind} tasks more than there is work for")


def dispatched(place: Place, time: datetime) -> None:
    """Let the dispatcher go round at a time."""
    dispatch(
        enqueued=None,
        generations=place.generations,
        users=place.users,
        jobs=place.jobs,
        tasks=Fleet(),
        outbox=place.outbox,
        mail_queue=place.mail_queue,
        mutex=place.mutex,
        max_tasks=1,
        warm_tasks=0,
        attempt_timeout=timedelta(hours=1),
        clock=lambda: time,
    )
