"""Run a worker process for each ECS task, because the emulator only records tasks."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.child import Child, aws_environment

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mypy_boto3_ecs.type_defs import KeyValuePairTypeDef, TaskTypeDef

    from infra.local.aws import Clients
    from infra.local.emulator import Emulator
    from infra.local.settings import LocalSettings

POLL_INTERVAL = 0.15
# The stopTimeout of the task definition, as on Fargate.
STOP_WITHIN = 120.0
# Seconds to wait when the whole system stops, because the user is waiting.
SHUTDOWN_WITHIN = 10.0
KEPT_LOGS = 50
WORKER = [sys.executable, "-m", "llmready.worker"]


class TaskAgent:
    """Runs the emulator's tasks as Fargate does.

    For a task that is recorded as running, the agent starts a process. When the process ends, the task is stopped.
    When a task is stopped, its process gets SIGTERM, and after the stop timeout SIGKILL.

    Args:
        settings: the run. Its settings are passed on to the workers.
        clients: the emulator's.
        emulator: the emulator with the tasks.
        cluster: ARN of the cluster.
    """

    def __init__(
        self,
        settings: LocalSettings,
        clients: Clients,
        emulator: Emulator,
        cluster: str,
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._emulator = emulator
        self._cluster = cluster
        self._work = settings.data / "tasks"
        self._running: dict[str, Child] = {}
        # A task is started once: a list that was requested just before its end must not start it again.
        self._started: set[str] = set()
        self._ending: set[str] = set()
        self._watching: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow the tasks of the cluster until cancelled."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        while True:
            with contextlib.suppress(BotoCoreError, ClientError):
                await self._reconcile()
            await asyncio.sleep(POLL_INTERVAL)

    async def stop(self) -> None:
        """Stop all workers: SIGTERM to all at once, SIGKILL to the remaining ones after a delay.

        Their tasks stay recorded as running until the next start of the emulator, which marks them as stopped.
        """
        for watcher in list(self._watching):
            watcher.cancel()
        await asyncio.gather(
            *(child.stop(SHUTDOWN_WITHIN) for child in self._running.values()), return_exceptions=True
        )
        shutil.rmtree(self._work, ignore_errors=True)

    async def _reconcile(self) -> None:
        recorded = await self._recorded()
        self._started &= recorded
        for arn in recorded - self._started:
            await self._start(arn)
        for arn in self._running.keys() - recorded - self._ending:
            self._watch(self._end(arn, self._running[arn]))

    async def _recorded(self) -> set[str]:
        """The ARNs of the tasks that are recorded as running."""
        pages = self._clients.ecs.get_paginator("list_tasks").paginate(
            cluster=self._cluster, desiredStatus="RUNNING"
        )
        return await asyncio.to_thread(lambda: {arn for page in pages for arn in page["taskArns"]})

    async def _start(self, arn: str) -> None:
        described = await asyncio.to_thread(
            self._clients.ecs.describe_tasks, cluster=self._cluster, tasks=[arn]
        )
        if not described["tasks"]:
            return
        identifier = arn.rpartition("/")[2]
        folder = self._work / identifier
        folder.mkdir(exist_ok=True)
        environment = await self._environment(described["tasks"][0])
        environment["LLMREADY_WORK_DIR"] = str(folder)
        self._forget_old_logs()
        child = await Child.start(
            WORKER,
            environment=environment,
            folder=folder,
            log=self._settings.logs / f"worker-{identifier}.log",
        )
        self._running[arn] = child
        self._started.add(arn)
        self._watch(self._follow(arn, child))

    async def _environment(self, task: TaskTypeDef) -> dict[str, str]:
        """The container's environment as ECS sets it, with the emulator instead of AWS."""
        answer = await asyncio.to_thread(
            self._clients.ecs.describe_task_definition, taskDefinition=task["taskDefinitionArn"]
        )
        container = answer["taskDefinition"]["containerDefinitions"][0]
        defined = _pairs(container.get("environment", []))
        for override in task.get("overrides", {}).get("containerOverrides", []):
            if override.get("name") == container["name"]:
                defined |= _pairs(override.get("environment", []))
        role = answer["taskDefinition"].get("taskRoleArn", "")
        return {
            **aws_environment(self._emulator.endpoint),
            **await self._emulator.task_credentials(role, task["taskArn"].rpartition("/")[2]),
            **defined,
            **self._settings.passed_on,
        }

    async def _follow(self, arn: str, child: Child) -> None:
        code = await child.wait()
        await child.kill()  # children that it may have left
        self._running.pop(arn, None)
        shutil.rmtree(self._work / arn.rpartition("/")[2], ignore_errors=True)
        await self._mark_stopped(arn, f"Essential container in task exited ({code})")

    async def _end(self, arn: str, child: Child) -> None:
        self._ending.add(arn)
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), STOP_WITHIN)
        except TimeoutError:
            await child.kill()
        self._ending.discard(arn)

    async def _mark_stopped(self, arn: str, reason: str) -> None:
        with contextlib.suppress(BotoCoreError, ClientError):
            await asyncio.to_thread(
                self._clients.ecs.stop_task, cluster=self._cluster, task=arn, reason=reason
            )

    def _watch(self, following: Coroutine[Any, Any, None]) -> None:
        watcher = asyncio.create_task(following)
        self._watching.add(watcher)
        watcher.add_done_callback(self._watching.discard)

    def _forget_old_logs(self) -> None:
        logs = sorted(self._settings.logs.glob("worker-*.log"), key=lambda path: path.stat().st_mtime)
        for path in logs[: -KEPT_LOGS + 1]:
            path.unlink(missing_ok=True)


def _pairs(entries: Sequence[KeyValuePairTypeDef]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in entries}
