"""The dispatcher with ECS's real behaviour: eventually consistent lists, and tasks that stop during their start."""

from datetime import UTC, datetime, timedelta

import pytest

from llmready.adapters.ecs_events import task_stop
from llmready.domain.task_stops import StartFailures, TaskStop
from llmready.ports.tasks import TaskKind
from llmready.usecases.record_task_stop import record_task_stop
from testkit.emulator import Place
from testkit.hostile_aws import not_yet_known, stale_list, stopped_event, throttled
from testkit.people import queued
from tests.functions.test_dispatcher import Cluster

TIME = datetime(2026, 11, 29, 3, tzinfo=UTC)
ARN = "arn:aws:ecs:us-east-1:000000000000:task/c/0123456789abcdef"


@pytest.fixture
def cluster(place: Place) -> Cluster:
    return Cluster(place)


# More tasks than allowed


def test_a_stale_list_of_tasks_starts_no_more_than_the_maximum(place: Place, cluster: Cluster) -> None:
    for _ in range(6):
        queued(place)
    with stale_list(cluster.ecs):
        started = [sum(each.tasks_started for each in cluster.dispatch(max_tasks=4)) for _ in range(3)]
    assert started == [4, 0, 0]
    assert len(cluster.running()) == 4


def test_a_task_that_ecs_does_not_know_yet_counts(place: Place, cluster: Cluster) -> None:
    for _ in range(3):
        queued(place)
    with stale_list(cluster.ecs), not_yet_known(cluster.ecs):
        started = [sum(each.tasks_started for each in cluster.dispatch(max_tasks=2)) for _ in range(2)]
    assert started == [2, 0]


def test_stopped_task_is_not_counted(place: Place, cluster: Cluster) -> None:
    for _ in range(3):
        queued(place)
    cluster.dispatch(max_tasks=2)
    (gone, _) = cluster.running()
    cluster.ecs.stop_task(cluster=cluster.name, task=gone["taskArn"])
    with stale_list(cluster.ecs):
        (again,) = cluster.dispatch(max_tasks=2)
    assert again.tasks_started == 1


def test_a_throttled_run_task_leaves_the_rest_to_the_next_round(place: Place, cluster: Cluster) -> None:
    for _ in range(12):
        queued(place)
    with throttled(cluster.ecs, "RunTask", after=1):
        (first,) = cluster.dispatch(max_tasks=12)
    assert (first.tasks_started, first.tasks_not_started) == (10, 2)
    (second,) = cluster.dispatch(max_tasks=12)
    assert (second.tasks_alive, second.tasks_started) == (10, 2)


# Tasks that stop at their start


@pytest.mark.parametrize(
    ("event", "failed"),
    [
        (stopped_event(ARN), True),
        (
            stopped_event(ARN, code="EssentialContainerExited", reason="Essential container in task exited"),
            True,
        ),
        (
            stopped_event(
                ARN,
                code="EssentialContainerExited",
                exit_code=255,
                ran=("2026-11-29T02:00:00Z", "2026-11-29T02:00:01Z"),
            ),
            True,
        ),
        (
            stopped_event(
                ARN,
                code="EssentialContainerExited",
                exit_code=0,
                ran=("2026-11-29T02:00:00Z", "2026-11-29T02:00:20Z"),
            ),
            False,
        ),
        (
            stopped_event(
                ARN,
                code="EssentialContainerExited",
                exit_code=137,
                ran=("2026-11-29T02:00:00Z", "2026-11-29T02:30:00Z"),
            ),
            False,
        ),
        (stopped_event(ARN, code="SpotInterruption", reason="Your Spot Task was interrupted."), False),
        (stopped_event(ARN, code="UserInitiated", reason="Task stopped by user"), False),
    ],
)
def test_which_stops_are_failed_starts(event: dict[str, object], *, failed: bool) -> None:
    stop = task_stop(event)
    assert stop is not None
    assert stop.failed_at_start is failed
    assert stop.kind == TaskKind.PLAIN


def test_events_of_other_tasks_are_ignored() -> None:
    assert task_stop(stopped_event(ARN, started_by="somebody-else")) is None
    assert task_stop({}) is None
    assert task_stop({"enqueued": {"user_id": "u", "generation_id": "g"}}) is None


def _failed(kind: str = "plain") -> TaskStop:
    return TaskStop(kind=kind, code="TaskFailedToStart", reason="CannotPullContainerError: no such image")


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    failures, time, pauses = StartFailures(), TIME, []
    for _ in range(9):
        failures = failures.after(_failed(), time)
        assert failures.retry_at is not None
        pauses.append((failures.retry_at - time).total_seconds())
        assert failures.allowed(5, failures.retry_at - timedelta(seconds=1)) == 0
        assert failures.allowed(5, failures.retry_at) == 1
        time = failures.retry_at
    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900]


def test_tasks_that_were_started_together_count_once() -> None:
    failures = StartFailures()
    for _ in range(10):
        failures = failures.after(_failed(), TIME)
    assert failures.count == 1


def test_failed_starts_are_retried_with_increasing_pauses(place: Place, cluster: Cluster) -> None:
    for _ in range(3):
        queued(place)
    (first,) = cluster.dispatch()
    assert first.tasks_started == 3
    for task in cluster.running():
        cluster.ecs.stop_task(cluster=cluster.name, task=task["taskArn"])
        record_task_stop(place.services, _failed())
    (second,) = cluster.dispatch()
    assert (second.tasks_started, second.tasks_not_started) == (0, 3)


def test_after_the_pause_one_task_tries_first_and_a_good_end_starts_the_rest(
    place: Place, cluster: Cluster
) -> None:
    for _ in range(3):
        queued(place)
    place.services.start_failures.record(_failed(), datetime.now(UTC) - timedelta(minutes=1))
    (probe,) = cluster.dispatch()
    assert (probe.tasks_started, probe.tasks_not_started) == (1, 2)
    good = TaskStop(
        kind="plain", code="EssentialContainerExited", reason="", exit_codes=(0,), ran=timedelta(minutes=2)
    )
    record_task_stop(place.services, good)
    (rest,) = cluster.dispatch()
    assert rest.tasks_started == 2


def test_failures_of_one_kind_do_not_delay_another_kind(place: Place, cluster: Cluster) -> None:
    queued(place)
    record_task_stop(place.services, _failed("browser"))
    (done,) = cluster.dispatch()
    assert done.tasks_started == 1
