"""Finding the service that an operator means: the local system, or a stage in AWS."""

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
from llmready.domain.plans import Lane, QueueName

if TYPE_CHECKING:
    import boto3

    from llmready.adapters.dynamodb.controls import DynamoControls
    from llmready.adapters.dynamodb.generations import DynamoGenerations
    from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
    from llmready.adapters.dynamodb.users import DynamoUsers
    from llmready.adapters.sqs import SqsJobQueue

_DEAD_LETTERS = "dead_letters"


class Deployment(NamedTuple):
    """A running service, as far as its operators need it."""

    name: str
    users: "DynamoUsers"
    suppressions: "DynamoSuppressions"
    generations: "DynamoGenerations"
    jobs: "SqsJobQueue"
    sqs: Any
    dead_letter_urls: list[str]
    controls: "DynamoControls"
    operator: Callable[[], str]
    """Tells who is at work, for the records."""
    stack: str
    client: Callable[[str], Any]
    """Makes a client of another AWS service."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which service is meant."""
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
    """Return the service that the arguments mean.

    Raises:
        CommandFailed: There is none, or it cannot be reached.
    """
    return _deployed(options.stage) if options.stage else _local(options.data, options.port)


def _local(data: Path, port: int | None) -> Deployment:
    file = data / "endpoints.json"
    try:
        endpoints = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise CommandFailed(
            f"no local system runs here ({file} is missing); start it with `make run`, or name a --stage"
        ) from None
    if port is not None and f":{port}/" not in endpoints["api"]:
        raise CommandFailed(f"the local system of this folder is at {endpoints['api']}, not on port {port}")
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
    )


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

    return _deployment(f"stage {stage}", session, outputs, stack=stack, operator=operator)


def _deployment(
    name: str,
    session: "boto3.Session",
    outputs: dict[str, str],
    *,
    stack: str,
    operator: Callable[[], str],
    endpoint: str | None = None,
) -> Deployment:
    from llmready.adapters.dynamodb.controls import DynamoControls
    from llmready.adapters.dynamodb.generations import DynamoGenerations
    from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
    from llmready.adapters.dynamodb.table import Table
    from llmready.adapters.dynamodb.users import DynamoUsers
    from llmready.adapters.sqs import SqsJobQueue

    table = Table(session.client("dynamodb", endpoint_url=endpoint), outputs["Table"])
    sqs = session.client("sqs", endpoint_url=endpoint)
    urls = {lane: outputs[_output(lane)] for lane in Lane}
    return Deployment(
        name=name,
        users=DynamoUsers(table),
        suppressions=DynamoSuppressions(table),
        generations=DynamoGenerations(table),
        jobs=SqsJobQueue(sqs, urls),
        sqs=sqs,
        dead_letter_urls=[outputs[_output(f"{queue}_{_DEAD_LETTERS}")] for queue in QueueName],
        controls=DynamoControls(table),
        operator=operator,
        stack=stack,
        client=partial(session.client, endpoint_url=endpoint),
    )


def _output(queue: str) -> str:
    """Return the name of the stack's output that holds a queue's URL."""
    return "".join(word.title() for word in queue.split("_")) + "Queue"
