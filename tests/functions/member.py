"""A signed-in user who calls the functions of this process with events like API Gateway's."""

import importlib
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

from llmready.domain.user import User
from testkit.documented import check_refusal
from testkit.emulator import Place
from testkit.people import registered
from testkit.service import access_token

PUBLIC = {"health", "plans", "openapi.json", "docs", "problems"}


@dataclass(frozen=True)
class Member:
    """A user with an account. For tests that use the fixture ``calls``."""

    user: User
    token: str

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request and return the status and the JSON of the answer."""
        answer = self.raw(method, path, body, headers)
        status, content = answer["statusCode"], json.loads(answer["body"])
        if answer["headers"].get("Content-Type") == "application/problem+json":
            check_refusal(method, path.partition("?")[0], status, content)
        return status, content

    def raw(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request and return the answer as the function gives it."""
        return self._sent(method, f"/api/v1{path}", body, headers)

    def whole(self, method: str, path: str) -> dict[str, Any]:
        """Send a request to a whole path and return the answer as the function gives it."""
        return self._sent(method, path, None, None)

    def at(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request to a path outside ``/api/v1``; return the status and the JSON of the answer."""
        answer = self._sent(method, path, body, None)
        return answer["statusCode"], json.loads(answer["body"])

    def _sent(self, method: str, path: str, body: object, headers: dict[str, str] | None) -> dict[str, Any]:
        path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "queryStringParameters": dict(parse_qsl(query)) or None,
            "headers": {
                "authorization": f"Bearer {self.token}",
                **(headers or {}),
                **({} if _names(headers, "content-type") else {"content-type": "application/json"}),
            },
            "requestContext": {
                "requestId": "r",
                "stage": "$default",
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
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
        resource = path.removeprefix("/api/v1").split("/")[1]
        function = "public" if resource in PUBLIC else {"v1": "firecrawl"}.get(resource, resource)
        handler = importlib.import_module(f"functions.{function}.handler").handler
        return dict(handler(event, context))


def _names(headers: dict[str, str] | None, wanted: str) -> bool:
    return any(name.lower() == wanted for name in headers or {})


def member(place: Place, plan: str = "pro", **fields: Any) -> Member:
    """Return a user with a new account."""
    user = registered(place, plan, **fields)
    return Member(user, access_token(user.id))
