"""The only logger, tracer and metrics of the service."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    tracer: Tracer

_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "llmready")

# Tracing needs the daemon that only Lambda and the X-Ray sidecar have.
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", str("AWS_LAMBDA_FUNCTION_NAME" not in os.environ).lower())

logger = Logger(service=_SERVICE)
# Lambdas and workers count into the same metrics: the dimension names the stage, not who counted.
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "LLMReady"),
    service=f"llmready-{os.environ.get('LLMREADY_STAGE', 'local')}",
)


@cache
def _tracer() -> Tracer:
    # The SDK would import all that it can trace, in a function that calls nothing too.
    return Tracer(service=_SERVICE, auto_patch=False)


def trace_aws_calls() -> None:
    """Have the calls of all AWS clients appear in the traces, where this process traces."""
    if os.environ["POWERTOOLS_TRACE_DISABLED"] != "true":
        _tracer().patch(["botocore"])


def __getattr__(name: str) -> Any:
    # The X-Ray SDK takes a fifth of a second to import: only a process that traces pays for it.
    if name == "tracer":
        return _tracer()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
