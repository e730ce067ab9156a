"""The only logger, tracer and metrics of the service."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    tracer: Tracer

_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "llmready")

# Tracing needs the X-Ray daemon, which exists only in Lambda and as a sidecar.
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", str("AWS_LAMBDA_FUNCTION_NAME" not in os.environ).lower())

logger = Logger(service=_SERVICE)
# Functions and workers write the same metrics; the dimension is the stage, not the process.
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "LLMReady"),
    service=f"llmready-{os.environ.get('LLMREADY_STAGE', 'local')}",
)


@cache
def _tracer() -> Tracer:
    # Without this, the SDK would import every library that it can trace, also in functions that do not use them.
    return Tracer(service=_SERVICE, auto_patch=False)


def trace_aws_calls() -> None:
    """Trace the calls of all AWS clients, if tracing is enabled in this process."""
    if os.environ["POWERTOOLS_TRACE_DISABLED"] != "true":
        _tracer().patch(["botocore"])


def __getattr__(name: str) -> Any:
    # Imported here because the X-Ray SDK takes 0.2 s to import, and only traced processes need it.
    if name == "tracer":
        return _tracer()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
