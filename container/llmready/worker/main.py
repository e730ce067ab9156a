"""The worker's life: take messages until there is no more work or it has to go."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from llmready import bootstrap
from llmready.domain.errors import TryAgain
from llmready.observability import logger
from llmready.ports.tasks import JobConsumer, QueuedJob
from llmready.services import Services
from llmready.settings import Settings, settings
from llmready.worker.answers import Answers
from llmready.worker.blocking import Blocking
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.confinement import confine_worker, confinements_for, forget_credentials
from llmready.worker.crew import Crew
from llmready.worker.intake import Intake
from llmready.worker.job import Desk
from llmready.worker.lease import visibility
from llmready.worker.memory import memory_limit
from llmready.worker.supervisor import Limits, Supervisor

_WORK_VARIABLE = "LLMREADY_WORK_DIR"
_BETWEEN_MESSAGES = 1.0  # seconds; who has work already leaves what comes to those who have none
_THREADS_A_JOB = 4  # calls to AWS at once: a heartbeat must never wait for an upload


def main() -> int:
    """Run a worker and return its exit code."""
    confine_worker()
    asyncio.run(_work(settings()))
    return 0


async def _work(chosen: Settings) -> None:
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
    first = asyncio.create_task(intake.next())  # on its way while the rest is built
    crew = Crew(await asyncio.to_thread(_desks, services), stop)
    forget_credentials()
    logger.info("worker ready")
    message = await first
    idle_since = monotonic()
    while not stop.is_set():
        if message is not None:
            crew.begin(message)
            message = None
        if not crew.is_idle:
            await crew.until_one_ends(within=None if crew.is_full else _BETWEEN_MESSAGES)
            idle_since = monotonic()
        elif monotonic() - idle_since > chosen.idle_seconds:
            break
        if not stop.is_set():
            message = await intake.next()
    if message is not None:
        await asyncio.to_thread(_give_back, message, jobs)
    await crew.until_all_have_ended()
    logger.info("worker ends", stopped=stop.is_set())


def _desks(services: Services) -> list[Desk]:
    bootstrap.connect("dynamodb", "s3")  # before the credentials are removed from the environment
    chosen = services.settings
    confinements = confinements_for(chosen)
    limits = Limits(memory=memory_limit(len(confinements), task=chosen.task_memory))
    return [_desk(services, Supervisor(confinement, limits=limits)) for confinement in confinements]


def _desk(services: Services, supervisor: Supervisor) -> Desk:
    chosen = services.settings
    folder = os.environ.get(_WORK_VARIABLE)
    return Desk(
        services=services,
        answers=Answers(
            generations=services.generations,
            archives=services.archives,
            sharing=chosen.shared_cache,
        ),
        checkpoints=Checkpoints(services.archives),
        blocking=Blocking(services.controls),
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
        logger.warning("message not given back; it comes back", generation_id=message.generation_id)
