"""The worker tasks on Fargate."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.errors import TryAgain
from llmready.observability import logger
from llmready.ports.tasks import TaskCounts, TaskKind

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import KeyValuePairTypeDef

_PER_CALL = 10  # RunTask starts at most ten
_CALLS = 5  # for each provider; whatever is missing then, the next round starts
# ListTasks counts by who started a task, which is the only mark that RunTask can set and it can ask for.
_STARTED_BY = {
    TaskKind.PLAIN: "llmready-dispatcher",
    TaskKind.BROWSER: "llmready-dispatcher-browser",
    TaskKind.WARM: "llmready-dispatcher-warm",
}
_WARM_SECONDS = 86_400  # so long a warm task stays without work; then a fresh one takes its place


class TaskPlace(NamedTuple):
    """Where and as what tasks run; those with a browser have a definition of their own."""

    cluster: str
    task_definition: str
    browser_task_definition: str
    container: str
    subnets: list[str]
    security_group: str


class EcsTasks:
    """Implements :class:`llmready.ports.tasks.Tasks`: Spot first, on-demand for what Spot cannot give."""

    def __init__(self, client: "ECSClient", place: TaskPlace) -> None:
        self._client = client
        self._place = place

    def counts(self) -> TaskCounts:
        """Return how many tasks of each kind are starting or running."""
        return TaskCounts(*(self._count(kind) for kind in (TaskKind.PLAIN, TaskKind.BROWSER, TaskKind.WARM)))

    def _count(self, kind: TaskKind) -> int:
        try:
            pages = self._client.get_paginator("list_tasks").paginate(
                cluster=self._place.cluster, startedBy=_STARTED_BY[kind], desiredStatus="RUNNING"
            )
            return sum(len(page["taskArns"]) for page in pages)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def run(self, kind: TaskKind, count: int, *, token: str) -> int:
        """Start up to ``count`` tasks of a kind, once a token, and return how many were started."""
        started = 0
        for provider in ("FARGATE_SPOT", "FARGATE"):
            for number in range(_CALLS):
                wanted = min(count - started, _PER_CALL)
                if wanted <= 0:
                    return started
                given = self._run(kind, wanted, provider, f"{token}-{kind}-{provider[-4:].lower()}-{number}")
                started += given
                if given < wanted:
                    break  # it has no more to give
        return started

    def _run(
        self, kind: TaskKind, count: int, provider: Literal["FARGATE_SPOT", "FARGATE"], token: str
    ) -> int:
        place = self._place
        environment: list[KeyValuePairTypeDef] = []
        if kind is TaskKind.WARM:
            environment.append({"name": "LLMREADY_IDLE_SECONDS", "value": str(_WARM_SECONDS)})
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
                # Without the stage's tags, cost reports cannot tell whose Fargate it was.
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
        except (ClientError, BotoCoreError):
            logger.exception("run_task failed", kind=kind, provider=provider, wanted=count)
            return 0
        for failure in answer["failures"]:
            logger.warning("task not started", kind=kind, provider=provider, reason=failure.get("reason"))
        return len(answer["tasks"])
