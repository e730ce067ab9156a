"""Stages with a distribution: requests that the API accepts, and the source address that rate limits use."""

import importlib
import json
from collections.abc import Callable

import pytest

from testkit.emulator import Place
from testkit.service import Answer, Service, lambda_context

SetUp = Callable[..., Service]
FIRST, SECOND, THIRD = "first-" + "a" * 40, "second-" + "b" * 40, "third-" + "c" * 40
# The source address that the gateway sees is an address of CloudFront.
EDGE = "130.176.0.1"


@pytest.fixture
def store(place: Place) -> Callable[..., str]:
    """Return a function that stores the values of the secret header and returns the secret's ARN."""
    client = place.emulator.client("secretsmanager")
    arn = client.create_secret(Name=f"{place.name}-origin", SecretString="{}")["ARN"]

    def storing(value: str, previous: str | None = None) -> str:
        text = json.dumps({"value": value} | ({"previous": previous} if previous else {}))
        client.put_secret_value(SecretId=arn, SecretString=text)
        return str(arn)

    return storing


def login(service: Service, *, secret: str | None = None, viewer: str = "192.0.2.7", **more: str) -> Answer:
    headers = {"X-LLMReady-Viewer": viewer, **({"X-LLMReady-Origin": secret} if secret else {}), **more}
    return service.login("nobody@example.org", source=EDGE, headers=headers)


@pytest.mark.parametrize("secret", [None, "", SECOND, FIRST[:-1], "ä"])
@pytest.mark.parametrize("path", ["/auth/login", "/websites", "/keys", "/generations"])
def test_calls_past_the_distribution_are_refused(
    set_up: SetUp, store: Callable[..., str], secret: str | None, path: str
) -> None:
    service = set_up(origin_secret=store(FIRST))
    headers = {} if secret is None else {"x-llmready-origin": secret}
    answer = service.ask("GET", path, headers=headers)
    assert (answer.status, answer.json["code"]) == (403, "direct_call")


def test_the_limits_count_the_address_of_the_viewer(set_up: SetUp, store: Callable[..., str]) -> None:
    service = set_up(origin_secret=store(FIRST), logins_per_minute=2)
    assert [login(service, secret=FIRST).status for _ in range(3)] == [401, 401, 429]
    assert login(service, secret=FIRST, viewer="192.0.2.8").status == 401
    networks = [login(service, secret=FIRST, viewer=f"2001:db8:0:{n}::{n}") for n in (1, 1, 2)]
    assert [answer.status for answer in networks] == [401, 401, 401]
    assert login(service, secret=FIRST, viewer="2001:db8:0:1:9::1").status == 429


def test_without_a_distribution_viewer_headers_are_ignored(set_up: SetUp) -> None:
    service = set_up(logins_per_minute=2)
    answers = [login(service, secret=FIRST, viewer=f"192.0.2.{n}") for n in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]


@pytest.mark.parametrize("viewer", ["", "nobody", "192.0.2.1, 192.0.2.2"])
def test_a_viewer_that_is_no_address_is_counted_as_the_distribution(
    set_up: SetUp, store: Callable[..., str], viewer: str
) -> None:
    service = set_up(origin_secret=store(FIRST), logins_per_minute=1)
    assert login(service, secret=FIRST, viewer=viewer).status == 401
    assert login(service, secret=FIRST, viewer=viewer + "x").status == 429


def test_problems_name_the_host_that_the_viewer_asked_for(set_up: SetUp, store: Callable[..., str]) -> None:
    service = set_up(origin_secret=store(FIRST), stage="dev")
    answer = login(service, secret=FIRST, **{"X-LLMReady-Host": "app.example.com"})
    assert answer.json["type"].startswith("https://app.example.com/api/v1/problems/")
    odd = login(service, secret=FIRST, **{"X-LLMReady-Host": 'evil"/><script>'})
    assert odd.json["type"].startswith("https://api.example.com/api/v1/problems/")


def test_the_secret_is_rotated_without_a_refused_request(set_up: SetUp, store: Callable[..., str]) -> None:
    service = set_up(origin_secret=store(FIRST))
    assert login(service, secret=FIRST).status == 401  # the function has read the secret
    store(SECOND, previous=FIRST)
    assert login(service, secret=FIRST).status == 401
    # The distribution sends the new value although the function read the secret less than a minute ago.
    assert login(service, secret=SECOND).status == 401
    assert login(service, secret=FIRST).status == 401
    assert login(service, secret=THIRD).status == 403


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/docs", "/nowhere"])
def test_open_pages_are_refused_past_the_distribution_as_well(
    set_up: SetUp, store: Callable[..., str], path: str
) -> None:
    set_up(origin_secret=store(FIRST))
    public = importlib.import_module("functions.public.handler").handler
    statuses = []
    for headers in ({}, {"x-llmready-origin": FIRST}):
        http = {"method": "GET", "path": path, "sourceIp": EDGE}
        context = {"requestId": "r", "stage": "$default", "http": http}
        event = {"version": "2.0", "rawPath": path, "headers": headers, "requestContext": context}
        statuses.append(public(event, lambda_context())["statusCode"])
    assert statuses == [403, 404 if path == "/nowhere" else 200]
