"""Call the functions in this process over HTTP events, with separate resources in the emulator."""

import base64
import importlib
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aws_lambda_powertools.utilities.parameters import clear_caches

from llmready import bootstrap
from llmready.domain.clock import new_id, now
from llmready.domain.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, Audience, issue
from llmready.settings import settings
from testkit.documented import check_refusal
from testkit.emulator import Place

PASSWORD = "correct horse battery"
NEW = "a new and longer password"
SOURCE = "192.0.2.1"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str
    cookies: list[str]

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Service:
    """Sends requests to the functions as API Gateway does, and runs the notifier and the cleanup."""

    def __init__(self, place: Place):
        self.place = place

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        source: str = SOURCE,
        headers: dict[str, str] | None = None,
        cookies: list[str] | None = None,
    ) -> Answer:
        path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": f"/api/v1{path}",
            "rawQueryString": query,
            "queryStringParameters": dict(parse_qsl(query)) or None,
            "headers": {
                "content-type": "application/json",
                **({"authorization": f"Bearer {token}"} if token is not None else {}),
                **(headers or {}),
            },
            "requestContext": {
                "requestId": "r",
                "stage": "$default",
                "http": {"method": method, "path": f"/api/v1{path}", "sourceIp": source},
            },
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
            **({"cookies": cookies} if cookies else {}),
        }
        answer = _handler(path.split("/")[1])(event, lambda_context())
        if answer["headers"].get("Content-Type") == "application/problem+json" and answer["body"]:
            check_refusal(method, path, answer["statusCode"], json.loads(answer["body"]))
        return Answer(answer["statusCode"], answer["headers"], answer["body"], answer.get("cookies", []))

    def notify(self) -> None:
        """Run the notifier until its queues are empty."""
        for url in (self.place.mail_queue_url, self.place.webhook_queue_url):
            self._work_off(url)

    def _work_off(self, url: str) -> None:
        while messages := self.place.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            records = [
                {"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"}
                for message in messages
            ]
            failed = _handler("notifier")({"Records": records}, lambda_context())
            assert failed == {"batchItemFailures": []}
            for message in messages:
                self.place.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def clean_up(self, event: dict[str, str] | None = None) -> dict[str, int]:
        return dict(_handler("cleanup")(event or {}, lambda_context()))

    def mails(self, address: str) -> list[dict[str, Any]]:
        """Run the notifier, then return the mails to an address."""
        self.notify()
        with urllib.request.urlopen(f"{self.place.emulator.endpoint}/_ministack/ses/messages") as answer:
            accounts = json.load(answer)["messages"]
        return [mail for mails in accounts.values() for mail in mails if mail["To"] == [address]]

    def token_for(self, address: str) -> str:
        """Return the token of the newest mail to an address."""
        return str(re.findall(r"#token=([\w=-]+)", self.mails(address)[-1]["BodyText"])[-1])

    def items(self) -> list[dict[str, Any]]:
        """Return everything in the table."""
        pages = self.place.dynamodb.get_paginator("scan").paginate(TableName=self.place.name)
        return [item for page in pages for item in page["Items"]]

    def token_of(self, user_id: str) -> str:
        """Sign a stored user in and return the access token."""
        return access_token(user_id)

    def register(self, address: str, password: str = PASSWORD) -> Answer:
        return self.ask("POST", "/auth/register", {"email": address, "password": password})

    def login(self, address: str, password: str = PASSWORD, **options: Any) -> Answer:
        return self.ask("POST", "/auth/login", {"email": address, "password": password}, **options)

    def person(self, address: str) -> "Member":
        """Sign up and in."""
        assert self.register(address).status == 201
        return self.signed_in(address)

    def confirmed_person(self, address: str) -> "Member":
        """Sign up and in, and confirm the address."""
        member = self.person(address)
        assert self.ask("POST", "/auth/verify-email", {"token": self.token_for(address)}).status == 200
        return member

    def signed_in(self, address: str, password: str = PASSWORD) -> "Member":
        answer = self.login(address, password)
        assert answer.status == 200, answer.body
        return Member(self, address, answer.json)


@dataclass
class Member:
    """A user who is signed in."""

    service: Service
    address: str
    tokens: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self._claims["sub"])

    @property
    def family(self) -> str:
        """ID of the refresh token family."""
        return str(self._claims["scope"])

    @property
    def _claims(self) -> dict[str, Any]:
        claims = self.tokens["access_token"].split(".")[1]
        return dict(json.loads(base64.urlsafe_b64decode(claims + "==")))

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        return self.service.ask(method, path, body, token=self.tokens["access_token"], **options)

    def refresh(self) -> Answer:
        return self.service.ask("POST", "/auth/refresh", {"refresh_token": self.tokens["refresh_token"]})


def access_token(user_id: str) -> str:
    """Sign a stored user in and return the access token."""
    family, time = new_id(), now()
    user = bootstrap.services().users.get(user_id)
    assert user is not None
    assert bootstrap.services().sessions.open(
        user_id,
        family,
        new_id(),
        opened_at=time,
        expires_at=time + REFRESH_LIFETIME,
        password_hash=user.password_hash,
    )
    return issue(
        bootstrap.keys(),
        Audience.ACCESS,
        subject=user_id,
        time=time,
        lifetime=ACCESS_LIFETIME,
        scope=family,
    )


def forget() -> None:
    """Make the process rebuild its adapters and read its settings again."""
    settings.cache_clear()
    clear_caches()  # type: ignore[no-untyped-call]
    for name in dir(bootstrap):
        if hasattr(made := getattr(bootstrap, name), "cache_clear"):
            made.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """Replace parts of the services of this process for the rest of a test."""
    services = replace(bootstrap.services(), **parts)
    monkeypatch.setattr(bootstrap, "services", lambda: services)


def clients() -> Iterator[Any]:
    """Yield the AWS clients of this process."""
    for service in ("dynamodb", "sqs", "lambda", "s3", "sesv2"):
        yield bootstrap.client(service)


def _handler(function: str) -> Any:
    return importlib.import_module(f"functions.{function}.handler").handler


def lambda_context() -> SimpleNamespace:
    """Return the parts of a Lambda context that the functions read."""
    return SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        aws_request_id="a",
        get_remaining_time_in_millis=lambda: 60_000,
    )
