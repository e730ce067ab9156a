"""Each minute, when a start rings, and when a task ends: sweep, and start the tasks that are missing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap, measures
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.settings import settings
from llmready.usecases.dispatch import dispatch


@logger.inject_lambda_context(correlation_id_path="enqueued.correlation_id", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Dispatch; a start names the generation that it enqueued."""
    enqueued = event.get("enqueued") or {}
    rounds = dispatch(
        enqueued=(enqueued["user_id"], enqueued["generation_id"]) if enqueued else None,
        generations=bootstrap.generations(),
        users=bootstrap.users(),
        jobs=bootstrap.job_queue(),
        tasks=bootstrap.tasks(),
        outbox=bootstrap.outbox(),
        mail_queue=bootstrap.mail_queue(),
        mutex=bootstrap.mutex(),
        max_tasks=settings().max_tasks,
        warm_tasks=settings().warm_tasks,
        attempt_timeout=settings().attempt_timeout,
        clock=now,
    )
    for done in rounds:
        logger.info("dispatched", **done._asdict())
        measures.dispatched(
            waiting=done.jobs, oldest_seconds=done.oldest_seconds, not_started=done.tasks_not_started
        )
