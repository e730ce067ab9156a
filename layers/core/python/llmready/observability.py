"""The only logger, tracer and metrics of the service."""

import os

from aws_lambda_powertools import Logger, Metrics, Tracer

# Tracing needs the daemon that only Lambda and the X-Ray sidecar have.
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", str("AWS_LAMBDA_FUNCTION_NAME" not in os.environ).lower())

logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "llmready"))
tracer = Tracer(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "llmready"))
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "LLMReady"),
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "llmready"),
)
