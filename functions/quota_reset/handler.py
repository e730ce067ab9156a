"""Closes the ledgers of past months: on the first of each month, and again until all are closed."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.observability import logger, tracer
from llmready.usecases.settle_quotas import settle_quotas

_SPARE = timedelta(seconds=10)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Close ledgers until the function's time is nearly over. The next run continues."""
    services = bootstrap.services()
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    settled = settle_quotas(services, until=services.clock() + remaining - _SPARE)
    logger.info("quotas settled", **settled._asdict())
    return settled._asdict()
