"""Handles generations that make no progress, and starts missing worker tasks.

Runs each minute, when a start triggers it, and when a task ends.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.ecs_events import task_stop
from llmready.observability import logger, tracer
from llmready.usecases.dispatch import dispatch
from llmready.usecases.record_task_stop import record_task_stop


@logger.inject_lambda_context(correlation_id_path="enqueued.correlation_id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Run the dispatcher. The event of a start contains the generation that was sent to its queue."""
    services = bootstrap.services()
    stop = task_stop(event)
    if stop is not None:
        record_task_stop(services, stop)
    enqueued = event.get("enqueued") or {}
    for done in dispatch(services, (enqueued["user_id"], enqueued["generation_id"]) if enqueued else None):
        logger.info("dispatched", **done._asdict())
        services.metrics.dispatched(
            waiting=done.jobs, oldest_seconds=done.oldest_seconds, not_started=done.tasks_not_started
        )
