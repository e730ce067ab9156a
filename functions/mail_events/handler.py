"""Suppresses addresses for which SES reports a bounce or a complaint through EventBridge."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.mail.ses_events import unwelcome_from
from llmready.observability import logger, tracer
from llmready.usecases.suppress_addresses import suppress_addresses


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Suppress the addresses of an event."""
    unwelcome = unwelcome_from(event["detail"])
    if unwelcome is None:
        return {"suppressed": 0}
    suppressed = suppress_addresses(bootstrap.services(), unwelcome.addresses, unwelcome.reason)
    logger.warning("addresses suppressed", reason=unwelcome.reason, count=suppressed)
    return {"suppressed": suppressed}
