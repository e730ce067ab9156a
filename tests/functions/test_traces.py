"""Traces that a function sends to the X-Ray daemon; the function runs in a process as on Lambda."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
ASKS_FOR_THE_WEBSITES = """
import json, sys
from types import SimpleNamespace
from functions.websites.handler import handler

context = SimpleNamespace(function_name="f", memory_limit_in_mb=512, invoked_function_arn="a", aws_request_id="r")
event = {
    "version": "2.0",
    "rawPath": "/api/v1/websites",
    # Well-formed, so that the signing keys are read.
    "headers": {"authorization": "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.e30." + "A" * 43},
    "requestContext": {"requestId": "r", "stage": "$default", "http": {"method": "GET", "path": "/api/v1/websites"}},
}
answer = handler(event, context)
assert answer["statusCode"] == 503, answer
"""


def test_a_request_and_its_aws_calls_are_traced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(10)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_LAMBDA_FUNCTION_NAME": "websites",
            "LAMBDA_TASK_ROOT": str(ROOT),
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "1",
            # No server listens there, so the call fails; it is traced nevertheless.
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "LLMREADY_SIGNING_SECRET": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:s",
        }
        done = subprocess.run(
            [sys.executable, "-c", ASKS_FOR_THE_WEBSITES],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = [json.loads(daemon.recv(65_536).partition(b"\n")[2]) for _ in range(2)]
    assert {part["trace_id"] for part in told} == {TRACE}
    assert {part["name"] for part in told} == {"## handler", "secretsmanager"}
