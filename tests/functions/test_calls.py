"""The number of AWS calls of a request, and the size of its messages; the functions run in this process."""

import importlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.plans import Lane
from llmready.domain.tokens import Audience, check
from testkit.emulator import Place
from testkit.people import new_user, new_website
from testkit.service import access_token

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(place: Place, calls: list[str]) -> Call:
    """Return a function that sends a request of a user with the pro plan.

    Its attributes are ``user`` and ``website``.
    """
    user = new_user()
    place.users.create(user)
    website = new_website(user)
    place.websites.create(website, limit=999)
    token = access_token(user.id)
    # Reads use a cached check of the sign-in that is at most a minute old.
    claims = check(bootstrap.keys(), Audience.ACCESS, token)
    bootstrap.open_families().check(claims, changes=False, time=now())

    def send(function: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        calls.clear()
        event = {
            "version": "2.0",
            "rawPath": f"/api/v1{path}",
            "rawQueryString": "",
            "headers": {"authorization": f"Bearer {token}", "content-type": "application/json"},
            "requestContext": {
                "requestId": "r",
                "stage": "$default",
                "http": {"method": method, "path": f"/api/v1{path}", "sourceIp": "192.0.2.1"},
            },
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        context = SimpleNamespace(
            function_name="f",
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
            aws_request_id="a",
            get_remaining_time_in_millis=lambda: 10_000,
        )
        handler = importlib.import_module(f"functions.{function}.handler").handler
        return dict(handler(event, context))

    send.user, send.website = user, website  # type: ignore[attr-defined]
    return send


def test_a_start_and_its_poll(place: Place, calls: list[str], call: Call) -> None:
    started = call("generations", "POST", "/generations/start", {"website_id": call.website.id})  # type: ignore[attr-defined]
    assert started["statusCode"] == 202, started["body"]
    # Whether the sign-in was revoked, one read, the limiter, the transaction, the message, the trigger.
    assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "TransactWriteItems", "SendMessage", "Invoke"]

    generation = json.loads(started["body"])["generation_id"]
    assert call("generations", "GET", f"/generations/{generation}")["statusCode"] == 200
    assert calls == ["BatchGetItem"]

    (message,) = place.sqs.receive_message(QueueUrl=place.queue_urls[Lane.PRIORITY])["Messages"]
    assert len(message["Body"].encode()) < 1024
    assert generation in message["Body"]


@pytest.mark.parametrize(
    ("function", "path", "expected"),
    [
        ("generations", "/generations/quota/check", ["GetItem", "GetItem"]),
        ("generations", "/generations/history", ["GetItem", "Query"]),
        ("websites", "/websites/stats/user", ["GetItem", "GetItem"]),
        ("websites", "/websites", ["Query", "GetItem"]),
        ("websites", "/websites/{website}", ["BatchGetItem"]),
        ("websites", "/websites/{website}/stats", ["BatchGetItem"]),
        ("auth", "/auth/me", ["GetItem"]),
        ("public", "/plans", []),
        ("public", "/health", []),
    ],
)
def test_reads(calls: list[str], call: Call, function: str, path: str, expected: list[str]) -> None:
    path = path.replace("{website}", call.website.id)  # type: ignore[attr-defined]
    assert call(function, "GET", path)["statusCode"] == 200
    assert calls == expected
