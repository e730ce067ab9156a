"""The worker tasks on Fargate."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from llmready.adapters.dynamodb.task_starts import DynamoTaskStarts
from llmready.domain.clock import now
from llmready.domain.errors import TryAgain
from llmready.observability import logger
from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import KeyValuePairTypeDef

_PER_CALL = 10  # RunTask starts at most ten tasks per call
_CALLS = 5  # for each provider; the next round starts the tasks that are still missing
# ListTasks filters by ``startedBy``, the only attribute that RunTask can set and ListTasks can filter by.
_STARTED_BY = {
    TaskKind.PLAIN: "llmready-dispatcher",
    TaskKind.BROWSER: "llmready-dispatcher-browser",
    TaskKind.WARM: "llmready-dispatcher-warm",
}
_DESCRIBED = 100  # DescribeTasks accepts at most a hundred tasks per call
_WARM_SECONDS = 86_400  # how long a warm task stays without work before a new one replaces it


class TaskPlace(NamedTuple):
    """Cluster, network and task definitions of the worker tasks. Tasks with a browser have a separate definition."""

    cluster: str
    task_definition: str
    browser_task_definition: str
    container: str
    subnets: list[str]
    security_group: str


class EcsTasks:
    """Implements :class:`llmready.ports.tasks.Tasks`: starts Spot tasks, or on-demand tasks without Spot capacity."""

    def __init__(self, client: "ECSClient", place: TaskPlace, starts: DynamoTaskStarts) -> None:
        self._client = client
        self._place = place
        self._starts = starts

    def counts(self) -> TaskCounts:
        """Return how many tasks of each kind are starting or running.

        ListTasks shows a task only some time after its start. Recently started tasks therefore count as well,
        until ECS reports that they have stopped.
        """
        listed = {kind: self._listed(kind) for kind in _STARTED_BY}
        recent = self._starts.recent(now())
        known = {arn for arns in listed.values() for arn in arns}
        unlisted = {arn: start.kind for start in recent for arn in start.arns or () if arn not in known}
        stopped = self._stopped(list(unlisted))
        counts = {kind: len(arns) for kind, arns in listed.items()}
        for arn, kind in unlisted.items():
            counts[kind] += arn not in stopped
        for start in recent:
            counts[start.kind] += start.wanted if start.arns is None else 0
        return TaskCounts(*(counts[kind] for kind in (TaskKind.PLAIN, TaskKind.BROWSER, TaskKind.WARM)))

    def _listed(self, kind: TaskKind) -> set[str]:
        try:
            pages = self._client.get_paginator("list_tasks").paginate(
                cluster=self._place.cluster, startedBy=_STARTED_BY[kind], desiredStatus="RUNNING"
            )
            return {arn for page in pages for arn in page["taskArns"]}
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def _stopped(self, arns: list[str]) -> set[str]:
        """Return the tasks with the desired status "stopped" in ECS.

        Tasks that ECS does not show yet are left out.
        """
        stopped: set[str] = set()
        for start in range(0, len(arns), _DESCRIBED):
            try:
                answer = self._client.describe_tasks(
                    cluster=self._place.cluster, tasks=arns[start : start + _DESCRIBED]
                )
            except (ClientError, BotoCoreError) as error:
                raise TryAgain from error
            stopped |= {task["taskArn"] for task in answer["tasks"] if task.get("desiredStatus") == "STOPPED"}
        return stopped

    def run(self, kind: TaskKind, count: int, *, token: str) -> int:
        """Start up to ``count`` tasks of a kind, at most once per token, and return how many were started."""
        started = 0
        for provider in ("FARGATE_SPOT", "FARGATE"):
            for number in range(_CALLS):
                wanted = min(count - started, _PER_CALL)
                if wanted <= 0:
                    return started
                call = f"{token}-{kind}-{provider[-4:].lower()}-{number}"
                self._starts.begin(call, kind, wanted, now())
                given = self._run(kind, wanted, provider, call)
                if given is None:
                    return started
                self._starts.end(call, kind, given, now())
                started += len(given)
                if len(given) < wanted:
                    break  # this provider has no more capacity
        return started

    def _run(
        self, kind: TaskKind, count: int, provider: Literal["FARGATE_SPOT", "FARGATE"], token: str
    ) -> tuple[str, ...] | None:
        """Return the tasks that were started, or None if it is unknown whether ECS started any."""
        place = self._place
        environment: list[KeyValuePairTypeDef] = []
        if kind is TaskKind.WARM:
            stays = variables(Settings(idle_seconds=_WARM_SECONDS))
            environment += [{"name": name, "value": value} for name, value in stays.items()]
        try:
            answer = self._client.run_task(
                cluster=place.cluster,
                taskDefinition=(
                    place.task_definition if kind is TaskKind.PLAIN else place.browser_task_definition
                ),
                count=count,
                startedBy=_STARTED_BY[kind],
                overrides={"containerOverrides": [{"name": place.container, "environment": environment}]},
                clientToken=token,
                # Cost reports need the stage's tags to assign the cost of Fargate.
                propagateTags="TASK_DEFINITION",
                enableECSManagedTags=True,
                capacityProviderStrategy=[{"capacityProvider": provider, "weight": 1}],
                networkConfiguration={
                    "awsvpcConfiguration": {
                        "subnets": place.subnets,
                        "securityGroups": [place.security_group],
                        "assignPublicIp": "ENABLED",
                    }
                },
            )
        except ClientError:
            logger.exception("run_task failed", kind=kind, provider=provider, wanted=count)
            return ()
        except BotoCoreError:
            logger.exception("run_task failed without a response", kind=kind, provider=provider, wanted=count)
            return None
        for failure in answer["failures"]:
            logger.warning("task not started", kind=kind, provider=provider, reason=failure.get("reason"))
        return tuple(task["taskArn"] for task in answer["tasks"])


def kind_of(started_by: str) -> TaskKind | None:
    """Return the kind of a task from its ``startedBy``, or None for tasks of other services."""
    return next((kind for kind, mark in _STARTED_BY.items() if mark == started_by), None)
