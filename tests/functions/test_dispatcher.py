"""The dispatcher's calls to ECS for starting tasks."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from llmready.adapters.dynamodb.generations import generation_item
from llmready.adapters.dynamodb.limits import DynamoMutex
from llmready.adapters.dynamodb.task_starts import DynamoTaskStarts
from llmready.adapters.ecs import EcsTasks, TaskPlace
from llmready.domain.clock import new_id, now
from llmready.domain.generation import Status
from llmready.ports.tasks import TaskCounts
from llmready.services import Services
from llmready.settings import Settings
from llmready.usecases.dispatch import Dispatched, dispatch
from testkit.dispatching import dispatched
from testkit.emulator import Place
from testkit.people import claimed, queued, registered, started, with_website
from testkit.table_reads import table_reads
from testkit.worker_process import now_stored
from tests.chaos.faults import refusal

SPOT, ON_DEMAND = "FARGATE_SPOT", "FARGATE"


class Cluster:
    """A cluster of the emulator, and a dispatcher that starts tasks in it."""

    def __init__(self, place: Place) -> None:
        self.ecs = place.emulator.client("ecs")
        self.name = place.name
        self._place = place
        self.ecs.create_cluster(clusterName=self.name)
        self.plain, self.browser = (
            self.ecs.register_task_definition(
                family=f"{self.name}-{kind}",
                containerDefinitions=[{"name": "worker", "image": kind, "memory": 128}],
            )["taskDefinition"]["taskDefinitionArn"]
            for kind in ("plain", "browser")
        )
        self._tasks = EcsTasks(
            self.ecs,
            TaskPlace(self.name, self.plain, self.browser, "worker", ["subnet-1"], "sg-1"),
            DynamoTaskStarts(place.table),
        )

    def dispatch(self, *, max_tasks: int = 10, warm_tasks: int = 0) -> list[Dispatched]:
        services = replace(
            self._place.services,
            tasks=self._tasks,
            mutex=DynamoMutex(self._place.table),  # each invocation may be another process
            settings=Settings(max_tasks=max_tasks, warm_tasks=warm_tasks),
        )
        return dispatch(services)

    def running(self) -> list[dict[str, Any]]:
        arns = self.ecs.list_tasks(cluster=self.name, desiredStatus="RUNNING")["taskArns"]
        return list(self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]) if arns else []

    @contextmanager
    def without(self, *providers: str, places: int = 0) -> Iterator[list[tuple[str, int]]]:
        """Let the capacity providers start at most ``places`` tasks, and record the calls of RunTask."""
        asked: list[tuple[str, int]] = []
        left = Counter(dict.fromkeys(providers, places))

        def run(request: Any, **_: object) -> Any:
            body = json.loads(request.body)
            provider = body["capacityProviderStrategy"][0]["capacityProvider"]
            asked.append((provider, body["count"]))
            if provider not in providers:
                return None
            given = min(left[provider], body["count"])
            left[provider] -= given
            return _answer(request.url, given, body["count"] - given)

        self.ecs.meta.events.register("before-send.ecs.RunTask", run, unique_id="capacity")
        try:
            yield asked
        finally:
            self.ecs.meta.events.unregister("before-send.ecs.RunTask", unique_id="capacity")


def _answer(url: str, tasks: int, failures: int) -> Any:
    answer = refusal(url, "")
    body = {
        "tasks": [{"taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/{n}"} for n in range(tasks)],
        "failures": [{"reason": "Capacity is unavailable at this time."} for _ in range(failures)],
    }
    answer.status_code = 200
    answer.raw = type(answer.raw)(json.dumps(body).encode())
    answer.headers["Content-Length"] = str(len(json.dumps(body)))
    return answer


@pytest.fixture
def cluster(place: Place) -> Cluster:
    return Cluster(place)


def test_no_task_runs_without_generations(cluster: Cluster) -> None:
    (round_,) = cluster.dispatch()
    assert (round_.jobs, round_.tasks_started) == (0, 0)
    assert cluster.running() == []


def test_tasks_have_the_tags_of_their_definition(place: Place, cluster: Cluster) -> None:
    queued(place)
    asked: list[dict[str, Any]] = []

    def note(request: Any, **_: object) -> None:
        asked.append(json.loads(request.body))

    cluster.ecs.meta.events.register("before-send.ecs.RunTask", note, unique_id="tags")
    cluster.dispatch()
    cluster.ecs.meta.events.unregister("before-send.ecs.RunTask", unique_id="tags")
    assert [(body["propagateTags"], body["enableECSManagedTags"]) for body in asked] == [
        ("TASK_DEFINITION", True)
    ]


def test_as_many_tasks_as_jobs_up_to_the_maximum(place: Place, cluster: Cluster) -> None:
    for _ in range(3):
        queued(place)
    assert [round_.tasks_started for round_ in cluster.dispatch(max_tasks=4)] == [3]
    assert [round_.tasks_started for round_ in cluster.dispatch(max_tasks=4)] == [0]
    for _ in range(3):
        queued(place)
    (round_,) = cluster.dispatch(max_tasks=4)
    assert (round_.jobs, round_.tasks_alive, round_.tasks_started, round_.tasks_not_started) == (6, 3, 1, 0)
    assert len(cluster.running()) == 4


def test_generations_that_need_a_browser_start_tasks_that_have_one(place: Place, cluster: Cluster) -> None:
    queued(place)
    for _ in range(2):
        queued(place, use_playwright=True)
    assert [round_.tasks_started for round_ in cluster.dispatch()] == [3]
    started = Counter(task["taskDefinitionArn"] for task in cluster.running())
    assert started == {cluster.plain: 1, cluster.browser: 2}
    assert [round_.tasks_started for round_ in cluster.dispatch()] == [0]


def test_parallel_triggers_start_no_task_twice(place: Place, cluster: Cluster) -> None:
    for _ in range(3):
        queued(place)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cluster.dispatch(), range(16)))
    assert len(cluster.running()) == 3


def test_tasks_run_on_spot_if_there_is_capacity(place: Place, cluster: Cluster) -> None:
    for _ in range(23):
        queued(place)
    with cluster.without(SPOT, ON_DEMAND, places=100) as asked:
        (round_,) = cluster.dispatch(max_tasks=50)
    assert asked == [(SPOT, 10), (SPOT, 10), (SPOT, 3)]
    assert round_.tasks_started == 23


def test_on_demand_tasks_start_only_without_spot_capacity(place: Place, cluster: Cluster) -> None:
    for _ in range(23):
        queued(place)
    with cluster.without(SPOT, places=12) as asked:
        (round_,) = cluster.dispatch(max_tasks=50)
    assert asked == [(SPOT, 10), (SPOT, 10), (ON_DEMAND, 10), (ON_DEMAND, 1)]
    assert (round_.tasks_started, round_.tasks_not_started) == (23, 0)
    assert len(cluster.running()) == 11


def test_tasks_that_could_not_be_started_are_counted_and_retried(place: Place, cluster: Cluster) -> None:
    queued(place)
    with cluster.without(SPOT, ON_DEMAND):
        (round_,) = cluster.dispatch()
    assert (round_.tasks_started, round_.tasks_not_started) == (0, 1)
    (round_,) = cluster.dispatch()
    assert (round_.tasks_started, round_.tasks_not_started) == (1, 0)


def test_warm_tasks_are_kept_and_take_generations(place: Place, cluster: Cluster) -> None:
    assert [cluster.dispatch(warm_tasks=2)[0].tasks_started for _ in range(2)] == [2, 0]
    for task in cluster.running():
        (override,) = task["overrides"]["containerOverrides"]
        given = {entry["name"]: int(entry["value"]) for entry in override["environment"]}
        assert given["LLMREADY_IDLE_SECONDS"] >= 3600, "it stays without work"
    for _ in range(2):
        queued(place)
    assert cluster.dispatch(warm_tasks=2)[0].tasks_started == 0
    queued(place)
    assert cluster.dispatch(warm_tasks=2)[0].tasks_started == 1
    # A task that ended is replaced, but the maximum is never exceeded.
    warm = next(task for task in cluster.running() if task["startedBy"].endswith("warm"))
    cluster.ecs.stop_task(cluster=cluster.name, task=warm["taskArn"])
    assert cluster.dispatch(max_tasks=2, warm_tasks=2)[0].tasks_started == 0
    assert cluster.dispatch(max_tasks=3, warm_tasks=2)[0].tasks_started == 1


@pytest.mark.parametrize("seconds_to_the_next_round", [1, 30, 59])
def test_interrupted_start_is_queued_within_two_minutes(place: Place, seconds_to_the_next_round: int) -> None:
    """The start crashed between its transaction and its message; the test covers different times within a minute."""
    user = registered(place)
    generation = started(place, user, with_website(place, user))
    round_ = generation.created_at + timedelta(seconds=seconds_to_the_next_round)
    end = generation.created_at + timedelta(minutes=2)
    while round_ <= end:
        dispatched(place, round_)
        round_ += timedelta(minutes=1)
    sent = place.waiting(place.queue_urls[generation.lane])
    assert sent == (1, 0)
    assert now_stored(place, generation).enqueued_at is not None


class _Noted:
    """A port whose calls are recorded, and fail if the test asks for it."""

    def __init__(self, port: object, name: str, calls: list[str], failing: Collection[str]) -> None:
        self._port, self._name, self._calls, self._failing = port, name, calls, failing

    def __getattr__(self, method: str) -> Any:
        call = f"{self._name}.{method}"
        self._calls.append(call)
        if call in self._failing:
            raise ValueError(call)
        return getattr(self._port, method)


class _Tasks:
    def __init__(self) -> None:
        self.started = 0

    def counts(self) -> TaskCounts:
        return TaskCounts()

    def run(self, *parts: Any, **_: object) -> int:
        self.started += parts[1]
        return int(parts[1])


_PORTS = ("tasks", "schedules", "outbox", "deliveries", "mail_queue", "webhook_queue")


def _noted(place: Place, calls: list[str], failing: Collection[str] = ()) -> tuple[Services, _Tasks]:
    """Return services whose calls are recorded, ten minutes ahead, and their tasks."""
    tasks: Any = _Tasks()
    services: Any = replace(
        place.services_at(now() + timedelta(minutes=10)),
        tasks=tasks,
        mutex=DynamoMutex(place.table),
        settings=Settings(max_tasks=10),
    )
    ports: Any = {name: _Noted(getattr(services, name), name, calls, failing) for name in _PORTS}
    return replace(services, **ports), tasks


def test_tasks_start_before_all_other_work(place: Place) -> None:
    queued(place)
    calls: list[str] = []
    services, tasks = _noted(place, calls)
    dispatch(services)
    assert tasks.started == 1
    assert calls[:2] == ["tasks.counts", "tasks.run"]
    assert {"schedules.due", "outbox.due", "deliveries.due"} <= set(calls)


@pytest.mark.parametrize("failing", ["tasks.counts", "schedules.due", "outbox.due", "deliveries.due"])
def test_an_error_in_one_step_prevents_no_other_step(place: Place, failing: str) -> None:
    queued(place)
    calls: list[str] = []
    services, tasks = _noted(place, calls, {failing})
    with pytest.raises(ValueError, match=failing):
        dispatch(services)
    assert {"tasks.counts", "schedules.due", "outbox.due", "deliveries.due"} <= set(calls)
    assert tasks.started == (failing != "tasks.counts")
    assert dispatch(_noted(place, [])[0]) != [], "the lease was released"


def test_a_triggered_run_only_starts_tasks(place: Place) -> None:
    generation = queued(place)
    calls: list[str] = []
    services, tasks = _noted(place, calls)
    dispatch(services, (generation.user_id, generation.id))
    assert tasks.started == 1
    assert {call.partition(".")[0] for call in calls} == {"tasks"}


def test_starts_do_not_wait_for_the_maintenance(place: Place) -> None:
    """A start triggers another dispatcher while the maintenance of the first one runs."""
    during: list[int] = []
    services, _ = _noted(place, [])

    class Slow:
        def due(self, _: object, **__: object) -> Iterator[Any]:
            generation = queued(place)
            other, tasks = _noted(place, [])
            dispatch(other, (generation.user_id, generation.id))
            during.append(tasks.started)
            return iter(())

    slow: Any = Slow()
    dispatch(replace(services, schedules=slow))
    assert during == [1]


def test_waiting_generations_take_no_time_from_other_work(place: Place) -> None:
    """Reading the user of a waiting generation takes 16 seconds, and a start triggers another round meanwhile."""
    user, other = registered(place), registered(place)
    waiting = started(place, user, with_website(place, user), waiting=True)
    unsent = started(place, other, with_website(place, other))
    began = time = now() + timedelta(minutes=10)
    looks: list[str] = []
    maintenance: list[timedelta] = []

    class Users:
        def get(self, user_id: str) -> None:
            nonlocal time
            time += timedelta(seconds=16)
            looks.append(user_id)
            dispatch(replace(services, mutex=DynamoMutex(place.table)), (user.id, waiting.id))

    class Schedules:
        def due(self, _: object) -> Iterator[Any]:
            maintenance.append(time - began)
            return iter(())

    parts: Any = {"users": Users(), "schedules": Schedules()}
    services = replace(_noted(place, [])[0], clock=lambda: time, **parts)
    dispatch(services)
    assert looks == [user.id]
    assert [elapsed <= timedelta(seconds=20) for elapsed in maintenance] == [True]
    assert place.waiting(place.queue_urls[unsent.lane]) == (1, 0)


def test_the_dispatcher_reads_generations_without_their_patterns(place: Place, cluster: Cluster) -> None:
    user = registered(place, "pro")
    website = with_website(place, user, include_patterns=["/" + "a" * 199] * 50)
    late = claimed(place, started(place, user, website))
    expired = late.model_copy(
        update={"lease_expires_at": now() - timedelta(minutes=1), "started_at": now() - timedelta(days=1)}
    )
    place.table.write(place.table.put(generation_item(expired)))
    for _ in range(60):
        copy = late.model_copy(
            update={"id": new_id(), "user_id": new_id(), "status": Status.PENDING, "enqueued_at": now()}
        )
        place.table.write(place.table.put(generation_item(copy)))
    with table_reads(place.dynamodb) as reads:
        (done,) = cluster.dispatch(max_tasks=2)
    assert (done.jobs, done.timed_out) == (60, 1)
    # One generation timed out. It is read and stored with its patterns.
    assert sum(size for _, size in reads) < 61 * 1000 + 20_000
    assert now_stored(place, late).settings.include_patterns == website.include_patterns


def test_a_round_looks_at_a_limited_number_of_generations(
    place: Place, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [registered(place, "pro") for _ in range(6)]
    for user in users:
        started(place, user, with_website(place, user), waiting=True)
    monkeypatch.setattr("llmready.usecases.dispatch._ACTIVE", 5)
    (done,) = cluster.dispatch(max_tasks=1)
    assert done.jobs == 5
