"""Sends the mails of the outbox that its queue names."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.mail.rendering import MailRenderer
from llmready.adapters.sqs import correlation_from, mail_from, mail_request_from
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.settings import settings
from llmready.usecases.send_mail import accept_mail_request, send_mail

processor = BatchProcessor(event_type=EventType.SQS)


def _send(record: SQSRecord) -> None:
    logger.set_correlation_id(correlation_from(record.body))
    request = mail_request_from(record.body)
    if request is not None:
        mail = accept_mail_request(
            request,
            users=bootstrap.users(),
            outbox=bootstrap.outbox(),
            limiter=bootstrap.limiter(),
            time=now(),
        )
        if mail is None:
            return
        user_id, mail_id = mail.user_id, mail.id
    else:
        user_id, mail_id = mail_from(record.body)
    sent = send_mail(
        user_id=user_id,
        mail_id=mail_id,
        outbox=bootstrap.outbox(),
        users=bootstrap.users(),
        suppressions=bootstrap.suppressions(),
        generations=bootstrap.generations(),
        render=MailRenderer(settings().public_url, bootstrap.keys(), bootstrap.mail_tokens(), now()),
        mailer=bootstrap.mailer(),
        time=now(),
    )
    logger.info("mail handled", mail_id=mail_id, sent=sent)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Send each mail of a batch; those that fail are delivered again."""
    return process_partial_response(event, record_handler=_send, processor=processor, context=context)
