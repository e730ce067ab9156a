"""Faults between a boto3 client and AWS: before a call, after it, or in place of its answer."""

import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError

TRANSACTION = "TransactWriteItems"


class Fault(StrEnum):
    """What happens to each attempt of a call."""

    CUT = "cut before it arrived"
    LOST = "done, its answer lost"
    LOST_ONCE = "done, its first answer lost"
    THROTTLED = "throttled"
    KILLED_BEFORE = "the process killed before it"
    KILLED_AFTER = "the process killed after it"


class _Body(io.BytesIO):
    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


def refusal(url: str, code: str, **more: Any) -> AWSResponse:
    """Return AWS's answer to a refused call."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "Injected.", **more}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-query-error": f"{code};Sender",
        "Content-Length": str(len(body)),
    }
    return AWSResponse(url, 400, HTTPHeaders.from_dict(headers), _Body(body))


def conflict(url: str, writes: int) -> AWSResponse:
    """Return DynamoDB's answer to a transaction that conflicts with another one."""
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(writes - 1))]
    return refusal(url, "TransactionCanceledException", CancellationReasons=reasons)


Decide = Callable[[str, int], Fault | None]


class Faults:
    """Counts the calls of clients and makes some of them fail.

    Args:
        decide: Returns the fault of a call, given its name and its number, which begins at zero.
    """

    def __init__(self, decide: Decide) -> None:
        self.calls: list[str] = []
        self._decide = decide
        self._lock = threading.Lock()
        self._local = threading.local()

    def watch(self, client: Any) -> None:
        """Intercept the calls of a client."""
        events = client.meta.events
        session = client._endpoint.http_session
        events.register("before-call", self._begin, unique_id="faults-begin")
        events.register(
            "before-send", lambda request, **_: self._send(session, request), unique_id="faults-send"
        )

    def leave(self, client: Any) -> None:
        """Stop intercepting the calls of a client."""
        client.meta.events.unregister("before-call", unique_id="faults-begin")
        client.meta.events.unregister("before-send", unique_id="faults-send")

    def _begin(self, model: Any, **_: object) -> None:
        with self._lock:
            number = len(self.calls)
            self.calls.append(model.name)
        self._local.fault = self._decide(model.name, number)
        self._local.tries = 0

    def _send(self, session: Any, request: Any) -> AWSResponse | None:
        fault = getattr(self._local, "fault", None)
        self._local.tries = getattr(self._local, "tries", 0) + 1
        match fault:
            case Fault.CUT:
                raise ConnectionClosedError(endpoint_url=request.url)
            case Fault.THROTTLED:
                return refusal(request.url, "ThrottlingException")
            case Fault.LOST_ONCE if self._local.tries > 1:
                return None
            case Fault.LOST | Fault.LOST_ONCE:
                session.send(request)
                raise ConnectionClosedError(endpoint_url=request.url)
            case Fault.KILLED_BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            case Fault.KILLED_AFTER:
                session.send(request)
                os.kill(os.getpid(), signal.SIGKILL)
        return None


@contextmanager
def conflicts(client: Any, among: Callable[[], bool]) -> Iterator[None]:
    """Make transactions of a client conflict with others whenever ``among`` returns true."""

    def meet(request: Any, **_: object) -> AWSResponse | None:
        if not among():
            return None
        return conflict(request.url, len(json.loads(request.body)["TransactItems"]))

    name = f"before-send.dynamodb.{TRANSACTION}"
    client.meta.events.register(name, meet, unique_id="conflicts")
    try:
        yield
    finally:
        client.meta.events.unregister(name, unique_id="conflicts")
