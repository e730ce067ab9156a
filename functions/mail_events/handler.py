"""Hears from SES (through EventBridge) of mails that bounced and of complaints about mails."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.mail.ses_events import unwelcome_from
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.usecases.suppress_addresses import suppress_addresses


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Send no more mail to the addresses that an event rules out."""
    unwelcome = unwelcome_from(event["detail"])
    if unwelcome is None:
        return {"suppressed": 0}
    suppressed = suppress_addresses(
        unwelcome.addresses, unwelcome.reason, suppressions=bootstrap.suppressions(), time=now()
    )
    logger.warning("addresses get no more mail", reason=unwelcome.reason, count=suppressed)
    return {"suppressed": suppressed}
