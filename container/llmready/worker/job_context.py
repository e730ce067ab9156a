"""What a worker needs to run a job."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from llmready.services import Services
from llmready.worker.blocked_hosts import BlockedHosts
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.host_turns import TurnTimes
from llmready.worker.http_caches import HttpCaches
from llmready.worker.supervisor import Supervisor


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """The data and services that a worker needs to run a job. Only one job uses a context at a time.

    Attributes:
        services: The services of this process.
        http_caches: The HTTP caches of earlier crawls.
        checkpoints: The progress of interrupted crawls.
        blocked_hosts: The hosts that are not crawled.
        lease: Duration of the lease after each write.
        attempt_timeout: The longest time that one attempt may run.
        retries: Further crawls after the first failed one.
        archive_mb: The largest archive that is stored.
        turn_times: Seconds of the turns that crawls of one host take.
        work: The folder in which each job creates its own folder; None for the system's folder for temporary files.
    """

    services: Services
    http_caches: HttpCaches
    checkpoints: Checkpoints
    blocked_hosts: BlockedHosts
    supervisor: Supervisor
    lease: timedelta
    attempt_timeout: timedelta
    retries: int
    archive_mb: int
    work: Path | None = None
    turn_times: TurnTimes = field(default_factory=TurnTimes)
