"""Find the service for an operator's command: the local system, or a stage in AWS."""

# ruff: noqa: PLC0415 - what talks to AWS takes a second to import, which only operators should wait for

import argparse
import getpass
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from llmready.cli.failure import CommandFailed
from llmready.domain.plans import Lane

if TYPE_CHECKING:
    import boto3

    from llmready.adapters.dynamodb.controls import DynamoControls
    from llmready.adapters.dynamodb.deliveries import DynamoDeliveries
    from llmready.adapters.dynamodb.generations import DynamoGenerations
    from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
    from llmready.adapters.dynamodb.table import Table
    from llmready.adapters.dynamodb.users import DynamoUsers
    from llmready.adapters.dynamodb.webhooks import DynamoWebhooks
    from llmready.adapters.sqs import SqsJobQueue, SqsWebhookQueue

_DEAD_LETTERS = "generation_dead_letters"
_ENDPOINTS_PATH = "/_local/endpoints"  # under which the local system tells what .local/endpoints.json holds


class Deployment(NamedTuple):
    """A running service, with the data that operator commands need."""

    name: str
    users: "DynamoUsers"
    suppressions: "DynamoSuppressions"
    generations: "DynamoGenerations"
    jobs: "SqsJobQueue"
    webhooks: "DynamoWebhooks"
    deliveries: "DynamoDeliveries"
    webhook_queue: "SqsWebhookQueue"
    sqs: Any
    dead_letters_url: str
    controls: "DynamoControls"
    operator: Callable[[], str]
    """Returns the identity of the operator, for audit records."""
    stack: str
    client: Callable[[str], Any]
    """Creates a client of another AWS service."""
    table: "Table"
    url: str
    """The address of the web app, or of the API if there is no web app. It has no slash at its end."""
    is_local: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that select the service."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--port",
        type=int,
        default=os.environ.get("PORT"),
        help="port of the local system (default: the one that .local/ remembers, or PORT)",
    )
    which.add_argument("--stage", help="a deployed stage, such as dev or prod")
    parser.add_argument(
        "--data", type=Path, default=Path(".local"), help="folder of the local system (default: .local)"
    )


def find(options: argparse.Namespace) -> Deployment:
    """Return the service that the arguments select.

    Raises:
        CommandFailed: There is none, or it cannot be reached.
    """
    return _deployed(options.stage) if options.stage else _local(options.data, options.port)


def _local(data: Path, port: int | None) -> Deployment:
    endpoints = _endpoints(data / "endpoints.json", port)
    import boto3

    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        region_name=endpoints["region"],
    )
    names = {
        "Table": endpoints["table"],
        **{_output(name): url for name, url in endpoints["queues"].items()},
    }
    return _deployment(
        "the local system",
        session,
        names,
        stack=endpoints["stack"],
        operator=getpass.getuser,
        endpoint=endpoints["aws"],
        url=endpoints["api"].removesuffix("/api/v1"),
    )


def _endpoints(file: Path, port: int | None) -> dict[str, Any]:
    """Return the endpoints of the local system from the file that it wrote, or from any folder by its port."""
    try:
        known: dict[str, Any] | None = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        known = None
    if known is not None and (port is None or f":{port}/" in known["api"]):
        return known
    if port is not None and (told := _endpoints_on_port(port)) is not None:
        return told
    if known is not None:
        raise CommandFailed(
            f"no local system runs on port {port}; the local system of this folder runs at {known['api']}"
        )
    raise CommandFailed(
        f"no local system runs in this folder ({file} is missing){f' or on port {port}' if port else ''};"
        " start it with `make run`, or choose another system with --port or --stage"
    )


def _endpoints_on_port(port: int) -> dict[str, Any] | None:
    """Return the endpoints of the local system on a port, or None if there is none."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", _ENDPOINTS_PATH)
        told = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return told if isinstance(told, dict) and {"api", "aws", "table"} <= told.keys() else None


def _deployed(stage: str) -> Deployment:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session()
    stack = f"LLMReady-{stage}"
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise CommandFailed(f"stage {stage} cannot be reached: {error}") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def operator() -> str:
        return str(session.client("sts").get_caller_identity()["Arn"])

    url = outputs.get("WebUrl") or outputs["ApiEndpoint"]
    return _deployment(f"stage {stage}", session, outputs, stack=stack, operator=operator, url=url)


def _deployment(
    name: str,
    session: "boto3.Session",
    outputs: dict[str, str],
    *,
    stack: str,
    operator: Callable[[], str],
    url: str,
    endpoint: str | None = None,
) -> Deployment:
    from llmready.adapters.dynamodb.controls import DynamoControls
    from llmready.adapters.dynamodb.deliveries import DynamoDeliveries
    from llmready.adapters.dynamodb.generations import DynamoGenerations
    from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
    from llmready.adapters.dynamodb.table import Table
    from llmready.adapters.dynamodb.users import DynamoUsers
    from llmready.adapters.dynamodb.webhooks import DynamoWebhooks
    from llmready.adapters.sqs import SqsJobQueue, SqsWebhookQueue

    table = Table(session.client("dynamodb", endpoint_url=endpoint), outputs["Table"])
    sqs = session.client("sqs", endpoint_url=endpoint)
    urls = {lane: outputs[_output(lane)] for lane in Lane}
    return Deployment(
        name=name,
        users=DynamoUsers(table),
        suppressions=DynamoSuppressions(table),
        generations=DynamoGenerations(table),
        jobs=SqsJobQueue(sqs, urls),
        webhooks=DynamoWebhooks(table),
        deliveries=DynamoDeliveries(table),
        webhook_queue=SqsWebhookQueue(sqs, outputs[_output("webhook")]),
        sqs=sqs,
        dead_letters_url=outputs[_output(_DEAD_LETTERS)],
        controls=DynamoControls(table),
        operator=operator,
        stack=stack,
        client=partial(session.client, endpoint_url=endpoint),
        table=table,
        url=url,
        is_local=endpoint is not None,
    )


def _output(queue: str) -> str:
    """Return the name of the stack's output with a queue's URL."""
    return "".join(word.title() for word in queue.split("_")) + "Queue"
