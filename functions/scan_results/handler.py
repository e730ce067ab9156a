"""Deletes archives in which the malware scanner found malware, as EventBridge reports."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.archive import ScanResult
from llmready.observability import logger, tracer
from llmready.usecases.withdraw_files import withdraw_files


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, bool]:
    """Delete an infected archive. An archive that could not be scanned is kept but cannot be downloaded."""
    services = bootstrap.services()
    detail = event["detail"]
    key = detail["s3ObjectDetails"]["objectKey"]
    result = ScanResult(detail["scanResultDetails"]["scanResultStatus"])
    threats = [threat["name"] for threat in detail["scanResultDetails"].get("threats") or []]
    logger.error("archive not clean", key=key, result=result, threats=threats)
    services.metrics.scanned(result)
    if result is not ScanResult.INFECTED:
        return {"withdrawn": False}
    withdrawn = withdraw_files(services, key)
    return {"withdrawn": withdrawn}
