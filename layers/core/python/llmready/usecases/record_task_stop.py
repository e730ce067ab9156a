"""Record why a worker task stopped."""

from llmready.domain.task_stops import TaskStop
from llmready.services import Services


def record_task_stop(services: Services, stop: TaskStop) -> None:
    """Count a task that stopped at its start. The dispatcher then waits before it starts the next task."""
    if stop.failed_at_start:
        services.metrics.count("TasksFailedToStart")
        services.log.error(
            "task stopped at its start",
            kind=stop.kind,
            stop_code=stop.code,
            reason=stop.reason,
            exit_codes=list(stop.exit_codes),
        )
    else:
        services.log.info("task stopped", kind=stop.kind, stop_code=stop.code, reason=stop.reason)
    services.start_failures.record(stop, services.clock())
