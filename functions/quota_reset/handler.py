"""On the first of each month, and again until all is done: close the ledgers of the months that are over."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.usecases.settle_quotas import settle_quotas

_SPARE = timedelta(seconds=10)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Settle until time is short; the next run goes on from there, and is safe at any point."""
    settled = settle_quotas(
        quotas=bootstrap.quotas(),
        users=bootstrap.users(),
        outbox=bootstrap.outbox(),
        clock=now,
        until=now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - _SPARE,
    )
    logger.info("quotas settled", **settled._asdict())
    return settled._asdict()
