"""Rate limits over HTTP: their answers, and their behaviour when the table fails."""

import importlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.rate_limits import Rate
from testkit.people import with_website
from testkit.service import PASSWORD, Answer, Service

SetUp = Callable[..., Service]
HEADERS = {"RateLimit", "RateLimit-Policy"}
OPEN: list[tuple[str, dict[str, str], str]] = [
    ("register", {"email": "{n}@example.org", "password": PASSWORD}, "registrations"),
    ("login", {"email": "{n}@example.org", "password": PASSWORD}, "logins"),
    ("refresh", {"refresh_token": "x"}, "logins"),
    ("logout", {"refresh_token": "x"}, "logins"),
    ("forgot-password", {"email": "{n}@example.org"}, "registrations"),
    ("resend-verification", {"email": "{n}@example.org"}, "registrations"),
    ("verify-email", {"token": "x"}, "logins"),
    ("reset-password", {"token": "x", "new_password": PASSWORD}, "logins"),
]


def refused(answer: Answer, code: str = "too_many_requests") -> None:
    assert (answer.status, answer.json["code"]) == (429, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert re.fullmatch(r'"\w+";r=0;t=\d+', answer.headers["RateLimit"])
    assert answer.headers["RateLimit"].endswith(f"t={answer.headers['Retry-After']}")


@pytest.mark.parametrize(("path", "body", "kind"), OPEN, ids=[path for path, _, _ in OPEN])
def test_open_routes_are_limited_for_each_source_address(
    set_up: SetUp, path: str, body: dict[str, str], kind: str
) -> None:
    service = set_up(**{f"{kind}_per_minute": 3})

    def ask(number: int, source: str) -> Answer:
        filled = {name: value.replace("{n}", f"u{number}") for name, value in body.items()}
        # Source addresses in headers are ignored.
        return service.ask(
            "POST", f"/auth/{path}", filled, source=source, headers={"X-Forwarded-For": f"10.0.0.{number}"}
        )

    answers = [ask(number, "192.0.2.9") for number in range(4)]
    assert all(answer.status != 429 for answer in answers[:3])
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert all(answer.headers["RateLimit-Policy"].endswith(";q=3;w=60") for answer in answers)
    refused(answers[3])
    assert ask(5, "192.0.2.10").status != 429


@pytest.mark.parametrize(("path", "_", "kind"), OPEN, ids=[path for path, _, _ in OPEN])
@pytest.mark.parametrize("body", ["{", "[]", '{"surprise": 1}'], ids=["no JSON", "a list", "a wrong field"])
def test_bodies_that_are_refused_count_against_the_limit(
    set_up: SetUp, path: str, _: object, kind: str, body: str
) -> None:
    service = set_up(**{f"{kind}_per_minute": 2})
    answers = [service.ask("POST", f"/auth/{path}", body) for _ in range(3)]
    assert [answer.status for answer in answers] == [422, 422, 429]
    refused(answers[2])


def test_bodies_that_are_refused_count_against_the_limits_of_users(service: Service) -> None:
    ada = service.person("ada.refused@example.org")
    for method, path, body, rate in (
        ("POST", "/websites/bulk", {"surprise": 1}, 20),
        ("POST", "/keys", {"surprise": 1}, 20),
        ("POST", "/auth/change-password", {"surprise": 1}, 20),
        ("GET", "/auth/me/export?cursor=%21", None, 10),
    ):
        answers = [ada.ask(method, path, body) for _ in range(rate + 1)]
        assert [answer.status for answer in answers[:rate]] == [422] * rate, path
        refused(answers[rate])


def test_changes_are_limited_for_each_user_before_their_bodies_are_read(service: Service) -> None:
    ada, ben = service.person("ada.changes.much@example.org"), service.person("ben.changes@example.org")
    statuses = [ada.ask("POST", "/websites", {"surprise": 1}).status for _ in range(640)]
    while 429 not in statuses and len(statuses) < 1500:  # the limit fills again while a slow machine asks
        statuses.append(ada.ask("POST", "/websites", {"surprise": 1}).status)
    assert set(statuses[:600]) == {422}
    assert 429 in statuses
    assert ben.ask("POST", "/websites", {"surprise": 1}).status == 422
    assert ada.ask("GET", "/auth/me").status == 200


OPEN_PAGES = (
    *("/health", "/plans", "/openapi.json", "/docs", "/docs/x.js", "/nothing", "/auth/verify-email"),
    *("/auth/reset-password", "/auth/unsubscribe?token=x"),
)


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_open_pages_are_limited_for_each_source_address(path: str) -> None:
    function = "auth" if path.startswith("/auth") else "public"
    source = f"198.51.100.{OPEN_PAGES.index(path) + 1}"
    statuses = [ask_open(function, path, source) for _ in range(330)]
    while 429 not in statuses and len(statuses) < 1500:  # the limit fills again while a slow machine asks
        statuses.append(ask_open(function, path, source))
    assert 429 not in statuses[:300]
    assert 429 in statuses
    assert ask_open(function, path, f"203.0.113.{OPEN_PAGES.index(path) + 1}") != 429


def test_one_network_of_ipv6_is_one_source(set_up: SetUp) -> None:
    service = set_up(logins_per_minute=2)
    sources = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1"]
    answers = [service.login("x@example.org", source=source).status for source in sources]
    assert answers == [401, 401, 429, 401]
    mapped = [service.login("x@example.org", source=f"::ffff:192.0.2.{n}").status for n in range(3)]
    assert mapped == [401, 401, 401]


def test_starts_are_limited_for_each_user(set_up: SetUp) -> None:
    service = set_up(starts_per_minute=2)
    ada, ben = service.person("ada.starts@example.org"), service.person("ben.starts@example.org")
    user = service.place.users.get(ada.id)
    assert user is not None
    website = with_website(service.place, user)
    first = ada.ask("POST", "/generations/start", {"website_id": website.id})
    assert (first.status, first.headers["RateLimit"]) == (202, '"starts";r=1;t=30')
    assert ada.ask("POST", "/generations/start", {"website_id": website.id}).status == 409
    refused(ada.ask("POST", "/generations/start", {"website_id": website.id}), "too_many_starts")
    assert ben.ask("POST", "/generations/start", {"website_id": website.id}).status == 404


def test_bulk_work_and_exports_are_limited_for_each_user(service: Service) -> None:
    ada, ben = service.person("ada.bulk@example.org"), service.person("ben.bulk@example.org")
    for method, path, body, rate in (
        ("POST", "/websites/bulk", {"delete": ["x"]}, 20),
        ("GET", "/auth/me/export", None, 10),
    ):
        answers = [ada.ask(method, path, body) for _ in range(rate + 1)]
        assert [answer.status for answer in answers[:rate]] == [200] * rate
        refused(answers[rate])
        assert ben.ask(method, path, body).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/me/export"),
        ("POST", "/auth/change-password"),
        ("POST", "/websites/bulk"),
        ("DELETE", "/auth/me"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "/\n", "\x00"], ids=repr)
def test_no_other_spelling_of_a_path_evades_its_limit(
    service: Service, method: str, path: str, end: str
) -> None:
    ada = service.person(f"ada{now():%H%M%S%f}@example.org")
    answer = ada.ask(method, path + end, {} if method != "GET" else None)
    assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_reads_use_no_rate_limit(service: Service) -> None:
    ada = service.person("ada.reads@example.org")
    with calls() as made:
        for path in ("/auth/me", "/websites", "/generations/history", "/generations/quota/check"):
            answer = ada.ask("GET", path)
            assert answer.status == 200
            assert not HEADERS & set(answer.headers)
    assert made
    assert not [body for body in made if "LIMIT#" in body]


def test_simultaneous_starts_do_not_exceed_the_limit(set_up: SetUp) -> None:
    service = set_up(starts_per_minute=5)
    ada = service.person("ada.burst@example.org")
    limiter = service.place.limiter
    with ThreadPoolExecutor(16) as pool:
        standings = list(
            pool.map(lambda _: limiter.take("starts", ada.id, rate=Rate(5), time=now()).wait, range(40))
        )
    assert standings.count(0) == 5


def test_limits_fail_open_and_are_counted(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    ada = service.person("ada.open@example.org")
    for failure in ("InternalServerError", "AccessDeniedException", "ResourceNotFoundException"):
        with failing(lambda body: "LIMIT#" in body, failure):
            answer = service.login(ada.address)
            assert answer.status == 200, answer.body
            assert not HEADERS & set(answer.headers)
        assert '"LimiterUnavailable"' in capsys.readouterr().out


def test_quota_fails_closed(service: Service) -> None:
    ada = service.person("ada.closed@example.org")
    user = service.place.users.get(ada.id)
    assert user is not None
    website = with_website(service.place, user)
    with failing(lambda body: "LIMIT#" in body or "QUOTA#" in body, "InternalServerError"):
        answer = ada.ask("POST", "/generations/start", {"website_id": website.id})
        assert (answer.status, answer.json["code"]) == (503, "try_again")
    assert ada.ask("GET", "/generations/history").json["total"] == 0
    assert ada.ask("GET", "/generations/quota/check").json["generations_used"] == 0
    assert ada.ask("POST", "/generations/start", {"website_id": website.id}).status == 202


@pytest.mark.parametrize("path", ["register", "forgot-password"])
def test_captcha_is_required_if_configured(set_up: SetUp, path: str) -> None:
    with provider() as (url, asked):
        secret = "captcha-secret"
        service = set_up()
        stored = service.place.emulator.client("secretsmanager").create_secret(
            Name=f"{service.place.name}-captcha", SecretString=secret
        )
        service = set_up(captcha_url=url, captcha_secret=stored["ARN"])
        body = {"email": "ada.captcha@example.org"} | ({"password": PASSWORD} if path == "register" else {})
        for answer in (None, "wrong"):
            given = body if answer is None else {**body, "captcha_token": answer}
            found = service.ask("POST", f"/auth/{path}", given)
            assert (found.status, found.json["code"]) == (422, "captcha_failed")
            assert found.json["errors"][0]["field"] == "captcha_token"
        assert "EMAIL#" not in str(service.items())
        assert service.ask("POST", f"/auth/{path}", {**body, "captcha_token": "right"}).status in (200, 201)
        assert asked == [
            {"secret": [secret], "response": [answer], "remoteip": ["192.0.2.1"]}
            for answer in ("wrong", "right")
        ]


def test_captcha_outage_does_not_refuse_requests(set_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    service = set_up()
    stored = service.place.emulator.client("secretsmanager").create_secret(
        Name=f"{service.place.name}-captcha", SecretString="x"
    )
    service = set_up(captcha_url="http://127.0.0.1:9/siteverify", captcha_secret=stored["ARN"])
    body = {"email": "ada.down@example.org", "password": PASSWORD, "captcha_token": "any"}
    assert service.ask("POST", "/auth/register", body).status == 201
    assert '"CaptchaUnavailable"' in capsys.readouterr().out


def ask_open(function: str, path: str, source: str) -> int:
    """Ask a function for an open page, and return the status."""
    path, _, query = path.partition("?")
    event: dict[str, Any] = {
        "rawPath": f"/api/v1{path}",
        "rawQueryString": query,
        "queryStringParameters": dict(parse_qsl(query)) or None,
        "headers": {},
        "requestContext": {
            "requestId": "r",
            "stage": "$default",
            "http": {"method": "GET", "sourceIp": source},
        },
        "isBase64Encoded": False,
    }
    event["requestContext"]["http"]["path"] = event["rawPath"]
    context = SimpleNamespace(
        function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda:x", aws_request_id="a"
    )
    handler = importlib.import_module(f"functions.{function}.handler").handler
    return int(handler(event, context)["statusCode"])


@contextmanager
def failing(matches: Callable[[str], bool], code: str) -> Iterator[None]:
    """Let DynamoDB refuse the matching requests, as if the table were unavailable or deleted."""

    def refuse(params: dict[str, Any], **_: Any) -> Any:
        if not matches(str(params["body"])):
            return None
        error = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return AWSResponse("", 400, HTTPHeaders(), None), error

    events = bootstrap.client("dynamodb").meta.events
    events.register("before-call", refuse)
    try:
        yield
    finally:
        events.unregister("before-call", refuse)


@contextmanager
def calls() -> Iterator[list[str]]:
    made: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        made.append(str(params["body"]))

    events = bootstrap.client("dynamodb").meta.events
    events.register("before-call", note)
    try:
        yield made
    finally:
        events.unregister("before-call", note)


@contextmanager
def provider() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A captcha provider that takes the answer "right"."""
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append(form)
            body = b'{"success": true}' if form["response"] == ["right"] else b'{"success": false}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/siteverify", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
