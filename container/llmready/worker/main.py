"""Take messages from the queues and run jobs, until there is no more work or the worker is asked to stop."""

import asyncio
import os
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from llmready import bootstrap
from llmready.domain.errors import TryAgain
from llmready.observability import logger
from llmready.ports.tasks import JobConsumer, QueuedJob
from llmready.services import Services
from llmready.settings import Settings, settings
from llmready.worker.blocked_hosts import BlockedHosts
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.confinement import (
    confine_worker,
    confinements_for,
    forget_credentials,
    have_own_users,
)
from llmready.worker.crawl_process import Limits
from llmready.worker.http_caches import HttpCaches
from llmready.worker.intake import Intake
from llmready.worker.job_context import JobContext
from llmready.worker.job_pool import JobPool
from llmready.worker.lease import visibility
from llmready.worker.memory import memory_limit
from llmready.worker.supervisor import Supervisor
from llmready.worker.task_resources import TaskResources

_WORK_VARIABLE = "LLMREADY_WORK_DIR"
_BETWEEN_MESSAGES = (
    1.0  # seconds; a worker with a job polls rarely, so that idle workers receive new messages
)
_THREADS_A_JOB = 4  # calls to AWS at the same time; a heartbeat must never wait for an upload


def main() -> int:
    """Run a worker and return its exit code."""
    confine_worker(limit_processes=have_own_users())
    return 0 if asyncio.run(_work(settings())) else 1


async def _work(chosen: Settings) -> bool:
    """Run jobs until there is nothing to do. Return False if the worker had to end for another reason."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threads = _THREADS_A_JOB * (1 + chosen.crawlers_per_task)
    loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="aws"))
    services = bootstrap.services()
    bootstrap.connect("sqs")
    jobs = services.job_consumer
    emulated = chosen.stage == "local"
    intake = Intake(
        jobs,
        browser=chosen.browser,
        visibility=visibility(chosen.lease),
        wait=0 if emulated else 1,
        pause=0.1 if emulated else 0.0,
    )
    first = asyncio.create_task(intake.next())  # runs while the other objects are created
    pool = JobPool(await asyncio.to_thread(_contexts, services), stop)
    forget_credentials()
    logger.info("worker ready")
    message = await first
    idle_since = monotonic()
    while not stop.is_set():
        if message is not None:
            pool.start(message)
            message = None
        if not pool.is_idle:
            await pool.wait_for_one(within=None if pool.is_full else _BETWEEN_MESSAGES)
            idle_since = monotonic()
        elif monotonic() - idle_since > chosen.idle_seconds:
            break
        if pool.is_retired:
            logger.error(
                "no user for crawlers is left; the worker stops, and the dispatcher starts another task"
            )
            break
        if not stop.is_set() and not pool.is_full:
            message = await intake.next()
    if message is not None:
        await asyncio.to_thread(_give_back, message, jobs)
    await pool.wait_for_all()
    logger.info("worker ends", stopped=stop.is_set())
    return not pool.is_retired


def _contexts(services: Services) -> list[JobContext]:
    bootstrap.connect("dynamodb", "s3")  # before the credentials are removed from the environment
    chosen = services.settings
    confinements = confinements_for(chosen)
    limits = Limits(memory=memory_limit(len(confinements), task=chosen.task_memory))
    resources = _resources(chosen.task_memory)
    return [
        _context(services, Supervisor(confinement, limits=limits, resources=resources))
        for confinement in confinements
    ]


def _resources(task_memory: int) -> TaskResources | None:
    """Return the resources of a task on Fargate, which has a micro-VM to itself. Elsewhere, there is no size."""
    work = Path(os.environ.get(_WORK_VARIABLE) or tempfile.gettempdir())
    return TaskResources(task_memory << 20, work) if task_memory else None


def _context(services: Services, supervisor: Supervisor) -> JobContext:
    chosen = services.settings
    folder = os.environ.get(_WORK_VARIABLE)
    return JobContext(
        services=services,
        http_caches=HttpCaches(
            generations=services.generations,
            archives=services.archives,
            sharing=chosen.shared_cache,
        ),
        checkpoints=Checkpoints(services.archives),
        blocked_hosts=BlockedHosts(services.controls),
        supervisor=supervisor,
        lease=chosen.lease,
        attempt_timeout=chosen.attempt_timeout,
        retries=chosen.generation_retries,
        archive_mb=chosen.archive_mb,
        work=Path(folder) if folder else None,
    )


def _give_back(message: QueuedJob, jobs: JobConsumer) -> None:
    try:
        jobs.give_back(message)
    except TryAgain:
        logger.warning(
            "message not returned to the queue; it will be delivered again",
            generation_id=message.generation_id,
        )
