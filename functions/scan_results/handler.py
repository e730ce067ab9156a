"""Hears from the malware scanner (through EventBridge) about archives that it did not find clean."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap, measures
from llmready.domain.clock import now
from llmready.domain.generation import ScanResult
from llmready.observability import logger, tracer
from llmready.usecases.withdraw_files import withdraw_files


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, bool]:
    """Withdraw what is infected; what could not be scanned stays, undownloadable, for an operator to look at."""
    detail = event["detail"]
    key = detail["s3ObjectDetails"]["objectKey"]
    result = ScanResult(detail["scanResultDetails"]["scanResultStatus"])
    threats = [threat["name"] for threat in detail["scanResultDetails"].get("threats") or []]
    logger.error("archive not clean", key=key, result=result, threats=threats)
    measures.scanned(result)
    if result is not ScanResult.INFECTED:
        return {"withdrawn": False}
    withdrawn = withdraw_files(
        key, generations=bootstrap.generations(), archives=bootstrap.archives(), time=now()
    )
    return {"withdrawn": withdrawn}
