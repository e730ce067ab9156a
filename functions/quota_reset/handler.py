"""On the first of each month: close the ledgers of the months that are over."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.usecases.settle_quotas import settle_quotas


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Settle; safe to run again at any point."""
    settled = settle_quotas(
        quotas=bootstrap.quotas(), users=bootstrap.users(), outbox=bootstrap.outbox(), time=now()
    )
    logger.info("quotas settled", **settled._asdict())
    return settled._asdict()
