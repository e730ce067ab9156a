"""Marks generations as failed if their messages reached the dead-letter queue, and gives their quota back."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.adapters.sqs import correlation_from, job_from
from llmready.observability import logger, tracer
from llmready.usecases.give_up_generation import give_up_generation

processor = BatchProcessor(event_type=EventType.SQS)


def _give_up(record: SQSRecord) -> None:
    services = bootstrap.services()
    user_id, generation_id = job_from(record.body)
    logger.set_correlation_id(correlation_from(record.body))
    given_up = give_up_generation(services, user_id, generation_id)
    logger.error("dead letter", generation_id=generation_id, given_up=given_up)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Mark each generation of a batch as failed. Messages whose handling raises an error are delivered again."""
    return process_partial_response(event, record_handler=_give_up, processor=processor, context=context)
