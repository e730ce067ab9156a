"""Sends emails and webhook deliveries of the outbox, whose IDs it receives from its queues."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.sqs import correlation_from, delivery_from, mail_from, mail_request_from
from llmready.observability import logger, tracer
from llmready.usecases.send_mail import accept_mail_request, send_mail
from llmready.usecases.send_webhook import send_webhook

processor = BatchProcessor(event_type=EventType.SQS)


def _send(record: SQSRecord) -> None:
    services = bootstrap.services()
    logger.set_correlation_id(correlation_from(record.body))
    delivery = delivery_from(record.body)
    if delivery is not None:
        accepted = send_webhook(services, *delivery)
        logger.info("webhook delivery handled", delivery_id=delivery[2], accepted=accepted)
        return
    request = mail_request_from(record.body)
    if request is not None:
        mail = accept_mail_request(services, request)
        if mail is None:
            return
        user_id, mail_id = mail.user_id, mail.id
    else:
        user_id, mail_id = mail_from(record.body)
    sent = send_mail(services, user_id, mail_id)
    logger.info("email handled", mail_id=mail_id, sent=sent)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Send each email or webhook delivery of a batch. Messages whose handling raises an error are delivered again."""
    return process_partial_response(event, record_handler=_send, processor=processor, context=context)
