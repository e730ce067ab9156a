"""The worker tasks on Fargate."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.errors import TryAgain
from llmready.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import KeyValuePairTypeDef

_PER_CALL = 10  # RunTask starts at most ten
_CALLS = 5  # for each provider; whatever is missing then, the next round starts
_STARTED_BY = "llmready-dispatcher"
_WARM = "llmready-dispatcher-warm"
_WARM_SECONDS = 86_400  # so long a warm task stays without work; then a fresh one takes its place


class TaskPlace(NamedTuple):
    """Where and as what tasks run."""

    cluster: str
    task_definition: str
    container: str
    subnets: list[str]
    security_group: str


class EcsTasks:
    """Implements :class:`llmready.ports.Tasks`: Spot first, on-demand for what Spot cannot give."""

    def __init__(self, client: "ECSClient", place: TaskPlace) -> None:
        self._client = client
        self._place = place

    def alive(self) -> int:
        """Return how many tasks are starting or running, warm ones included."""
        return self._count(_STARTED_BY) + self.alive_warm()

    def alive_warm(self) -> int:
        """Return how many tasks are kept warm."""
        return self._count(_WARM)

    def _count(self, started_by: str) -> int:
        try:
            pages = self._client.get_paginator("list_tasks").paginate(
                cluster=self._place.cluster, startedBy=started_by, desiredStatus="RUNNING"
            )
            return sum(len(page["taskArns"]) for page in pages)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def run(self, count: int, *, token: str, warm: bool = False) -> int:
        """Start up to ``count`` tasks, once a token, and return how many were started."""
        started = 0
        for provider in ("FARGATE_SPOT", "FARGATE"):
            for number in range(_CALLS):
                wanted = min(count - started, _PER_CALL)
                if wanted <= 0:
                    return started
                given = self._run(wanted, provider, f"{token}-{provider[-4:].lower()}-{number}", warm=warm)
                started += given
                if given < wanted:
                    break  # it has no more to give
        return started

    def _run(
        self, count: int, provider: Literal["FARGATE_SPOT", "FARGATE"], token: str, *, warm: bool
    ) -> int:
        environment: list[KeyValuePairTypeDef] = []
        if warm:
            environment.append({"name": "LLMREADY_IDLE_SECONDS", "value": str(_WARM_SECONDS)})
        try:
            answer = self._client.run_task(
                cluster=self._place.cluster,
                taskDefinition=self._place.task_definition,
                count=count,
                startedBy=_WARM if warm else _STARTED_BY,
                overrides={
                    "containerOverrides": [{"name": self._place.container, "environment": environment}]
                },
                clientToken=token,
                capacityProviderStrategy=[{"capacityProvider": provider, "weight": 1}],
                networkConfiguration={
                    "awsvpcConfiguration": {
                        "subnets": self._place.subnets,
                        "securityGroups": [self._place.security_group],
                        "assignPublicIp": "ENABLED",
                    }
                },
            )
        except (ClientError, BotoCoreError):
            logger.exception("run_task failed", provider=provider, wanted=count)
            return 0
        for failure in answer["failures"]:
            logger.warning("task not started", provider=provider, reason=failure.get("reason"))
        return len(answer["tasks"])
