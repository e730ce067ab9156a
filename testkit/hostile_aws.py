"""AWS behaviour that the emulator lacks, inserted between a boto3 client and the emulator."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Responses of API Gateway and Lambda themselves, not of the service's code.
GATEWAY_THROTTLED = (429, {"message": "Too Many Requests"})
GATEWAY_UNAVAILABLE = (503, {"message": "Service Unavailable"})
CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


class _Body(io.BytesIO):
    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


def answer(url: str, body: object, status: int = 200, **headers: str) -> AWSResponse:
    """Return an answer of AWS's JSON protocols."""
    content = json.dumps(body).encode()
    told = {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(content)), **headers}
    return AWSResponse(url, status, HTTPHeaders.from_dict(told), _Body(content))


def refusal(url: str, code: str, message: str, status: int = 400) -> AWSResponse:
    """Return AWS's answer to a refused call, in the form of its JSON protocols and of REST."""
    body = {"__type": code, "message": message, "Message": message}
    return answer(url, body, status, **{"x-amzn-ErrorType": code})


@contextmanager
def instead(
    client: Any, operation: str, act: Callable[[dict[str, Any], str], AWSResponse | None]
) -> Iterator[list[Any]]:
    """Replace AWS's answers to an operation of a client.

    Args:
        client: A boto3 client.
        operation: Name of the operation, such as ``RunTask``.
        act: Called with the JSON body and the URL of the request. It returns the answer, or None to let the emulator
            answer.

    Yields:
        The bodies of the requests, as they come.
    """
    asked: list[Any] = []

    def send(request: Any, **_: object) -> AWSResponse | None:
        body = json.loads(request.body or b"{}")
        asked.append(body)
        return act(body, request.url)

    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    name = f"hostile-{operation}"
    client.meta.events.register(event, send, unique_id=name)
    try:
        yield asked
    finally:
        client.meta.events.unregister(event, send, unique_id=name)


def stale_list(client: Any) -> Any:
    """Let ListTasks omit recently started tasks, as ECS may for some seconds."""
    return instead(client, "ListTasks", lambda _body, url: answer(url, {"taskArns": []}))


def not_yet_known(client: Any) -> Any:
    """Let DescribeTasks find no task yet, as ECS may for some seconds."""

    def missing(body: dict[str, Any], url: str) -> AWSResponse:
        failures = [{"arn": arn, "reason": "MISSING"} for arn in body["tasks"]]
        return answer(url, {"tasks": [], "failures": failures})

    return instead(client, "DescribeTasks", missing)


def throttled(client: Any, operation: str, *, after: int = 0) -> Any:
    """Refuse an operation with a ThrottlingException, beyond the first ``after`` calls."""
    calls = 0

    def act(_body: dict[str, Any], url: str) -> AWSResponse | None:
        nonlocal calls
        calls += 1
        return refusal(url, "ThrottlingException", "Rate exceeded") if calls > after else None

    return instead(client, operation, act)


def sandbox(client: Any, *, verified: frozenset[str]) -> Any:
    """Refuse mails to addresses that SES has not verified, as its sandbox does."""

    def act(body: dict[str, Any], url: str) -> AWSResponse | None:
        refused = [each for each in body["Destination"]["ToAddresses"] if each not in verified]
        if not refused:
            return None
        return refusal(
            url,
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region US-EAST-1: "
            + ", ".join(refused),
        )

    return instead(client, "SendEmail", act)


def denied(client: Any, operation: str, action: str, resource: str) -> Any:
    """Refuse an operation as IAM does."""
    message = (
        f"User `arn:aws:sts::000000000000:assumed-role/role/name' is not authorized to perform `{action}' on"
        f" resource `{resource}'"
    )
    return instead(client, operation, lambda _body, url: refusal(url, "AccessDeniedException", message, 403))


def stopped_event(
    arn: str,
    *,
    code: str = "TaskFailedToStart",
    reason: str = "CannotPullContainerError: pull image manifest has been retried 5 time(s)",
    exit_code: int | None = None,
    started_by: str = "llmready-dispatcher",
    ran: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return EventBridge's event of a stopped task, as ECS sends it.

    Args:
        arn: ARN of the task.
        code: ECS's ``stopCode``.
        reason: ECS's ``stoppedReason``.
        exit_code: Exit code of the container; None for one that never started.
        started_by: The value of ``startedBy`` that RunTask set.
        ran: When the containers started and stopped (ISO 8601); None when they never did.
    """
    container = {
        "containerArn": f"{arn}/container",
        "lastStatus": "STOPPED",
        "name": "worker",
        "taskArn": arn,
        **({} if exit_code is None else {"exitCode": exit_code}),
    }
    detail = {
        "taskArn": arn,
        "clusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/c",
        "startedBy": started_by,
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stopCode": code,
        "stoppedReason": reason,
        "containers": [container],
        "createdAt": "2026-11-29T02:00:00.000Z",
        **({"startedAt": ran[0], "executionStoppedAt": ran[1], "stoppedAt": ran[1]} if ran else {}),
    }
    return {
        "version": "0",
        "id": "9bcdac79-b31f-4d3d-9410-fbd727c29fab",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "000000000000",
        "time": "2026-11-29T02:01:00Z",
        "region": "us-east-1",
        "resources": [arn],
        "detail": detail,
    }


def frozen_index(client: Any, index: str, snapshot: dict[str, Any] | None = None) -> Any:
    """Let queries of an index return an earlier state, because global secondary indexes are eventually consistent.

    Args:
        client: The DynamoDB client.
        index: Name of the index.
        snapshot: An earlier answer of Query; None for an index that does not show the newest items yet.
    """
    stale = {"Items": [], "Count": 0, "ScannedCount": 0}
    if snapshot is not None:
        stale = {name: snapshot[name] for name in stale}

    def act(body: dict[str, Any], url: str) -> AWSResponse | None:
        return answer(url, stale) if body.get("IndexName") == index else None

    return instead(client, "Query", act)


def hot_partition(client: Any, operation: str) -> Any:
    """Refuse an operation as DynamoDB does if one partition gets too many requests."""
    message = (
        "Throughput exceeds the current throughput limit for your table or index. DynamoDB is automatically scaling"
        " your table or index so please try again shortly."
    )
    return instead(client, operation, lambda _body, url: refusal(url, "ThrottlingException", message))


def no_concurrency(client: Any) -> Any:
    """Refuse invocations as Lambda does when the account's concurrent executions are used up."""
    return instead(
        client,
        "Invoke",
        lambda _body, url: refusal(url, "TooManyRequestsException", "Rate Exceeded.", 429),
    )
