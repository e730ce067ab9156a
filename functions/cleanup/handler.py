"""Each day: delete the files that have passed their plan's days."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.observability import logger, tracer
from llmready.usecases.expire_files import expire_files


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Clean up; safe to run again at any point."""
    expired = expire_files(generations=bootstrap.generations(), archives=bootstrap.archives(), time=now())
    logger.info("files expired", generations=expired)
    return {"expired": expired}
