"""Limits of the reads and answers of a user: all lists, and the answers to changes and HEAD requests."""

import importlib
import inspect
from typing import Any

import pytest

from llmready.domain.rate_limits import Rate
from llmready.http import answer_sizes
from llmready.http.api import Api
from testkit.emulator import Place
from tests.functions.member import Member, member

FUNCTIONS = ("auth", "firecrawl", "generations", "keys", "public", "webhooks", "websites")
LONG = "\U0001f35e" * 50


@pytest.fixture
def ada(place: Place, calls: list[str]) -> Member:
    assert calls == []
    return member(place)


def lists() -> list[tuple[str, str]]:
    found = []
    for function in FUNCTIONS:
        app = importlib.import_module(f"functions.{function}.handler").app
        found += [
            (function, route.func.__name__)
            for route in [*app._static_routes, *app._dynamic_routes]
            if route.method == "GET" and "per_page" in inspect.signature(route.func).parameters
        ]
    return found


def test_every_list_is_limited() -> None:
    assert {name for _, name in lists()} >= {"list_websites", "history"}
    for function, name in lists():
        module = importlib.import_module(f"functions.{function}.handler")
        assert "limit_list(" in inspect.getsource(getattr(module, name)), name


def large_website(ada: Member) -> str:
    body = {
        "url": "a.example.com",
        "include_patterns": [LONG] * 25,
        "exclude_patterns": [LONG] * 24,
        "description": LONG * 40,
    }
    status, website = ada.ask("POST", "/websites", body)
    assert status == 201, website
    return str(website["id"])


@pytest.mark.parametrize("method", ["PATCH", "BULK"])
def test_answers_to_changes_count(ada: Member, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    website = large_website(ada)
    monkeypatch.setattr(answer_sizes, "SENT", Rate(10, 86_400))

    def change() -> Any:
        if method == "PATCH":
            return ada.raw("PATCH", f"/websites/{website}", {})["statusCode"]
        return ada.raw("POST", "/websites/bulk", {"update": [{"id": website}] * 5})["statusCode"]

    answers = [change() for _ in range(4)]
    # A change that exceeds the limit is answered, because it happened.
    assert answers[0] == 200
    assert answers[-1] == 429
    assert ada.raw("GET", "/websites/stats/user")["statusCode"] == 200


def test_head_counts_like_get_and_is_refused_before_its_work(
    ada: Member, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large_website(ada)
    monkeypatch.setattr(answer_sizes, "SENT", Rate(10, 86_400))
    answers = [ada.raw("HEAD", "/websites") for _ in range(3)]
    assert [answer["statusCode"] for answer in answers] == [200, 429, 429]
    assert {answer["body"] for answer in answers} == {""}
    calls.clear()
    assert ada.raw("GET", "/websites")["statusCode"] == 429
    assert "Query" not in calls
    assert "BatchGetItem" not in calls


def test_lists_of_websites_count_twice(ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    units: list[tuple[int, int]] = []

    def count(_app: Api, per_page: int, _offset: int = 0, *, weight: int = 1) -> None:
        units.append((per_page, weight))

    monkeypatch.setattr(Api, "limit_list", count)
    assert ada.raw("GET", "/websites?per_page=50")["statusCode"] == 200
    assert units == [(50, 2)]


def test_an_answer_beyond_the_limit_counts_in_all_processes(
    ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    website = large_website(ada)
    monkeypatch.setattr(answer_sizes, "SENT", Rate(10, 86_400))
    app = importlib.import_module("functions.websites.handler").app
    waits = []
    for _ in range(4):
        app._answer_sizes._spent.clear()  # as in another process
        assert ada.raw("PATCH", f"/websites/{website}", {})["statusCode"] == 200
        waits += [int(status.wait) for _, status in app._answer_sizes._spent.values()]
    assert waits == sorted(set(waits)), "each answer increases the time that the next one waits"
    assert len(waits) >= 2
