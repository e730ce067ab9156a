"""Expensive requests are refused early, with short answers."""

import json
from time import perf_counter

import pytest

from testkit.service import Answer, Member, Service

MANY = 30_000


@pytest.fixture
def ada(service: Service) -> Member:
    return service.person("ada.large.requests@example.org")


def short(answer: Answer) -> None:
    assert answer.status == 422, answer.body[:300]
    assert len(answer.body) < 16_000
    assert 1 <= len(answer.json["errors"]) <= 20


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/refresh", "/auth/reset-password"])
def test_many_unknown_fields_get_a_short_answer_at_once(service: Service, path: str) -> None:
    body = json.dumps({f"field{number}": number for number in range(MANY)})
    service.ask("POST", path, "{}")  # builds the objects of the first request
    began = perf_counter()
    short(service.ask("POST", path, body))
    assert perf_counter() - began < 0.5


def test_at_most_twenty_errors_are_listed(ada: Member) -> None:
    for count in (1, 19, 20, 21, 90):
        answer = ada.ask("POST", "/websites", {"url": "https://example.com", **surprises(count)})
        short(answer)
        assert len(answer.json["errors"]) == min(count, 20)


def test_a_long_field_name_is_shortened(ada: Member) -> None:
    short(ada.ask("POST", "/websites", {"url": "https://example.com", "x" * 900_000: 1}))


def test_many_items_of_a_list_get_a_short_answer(ada: Member) -> None:
    lists: list[list[object]] = [[1] * 40_000, [{"a": 1}] * 20_000, [[]] * 40_000]
    for patterns in lists:
        short(ada.ask("POST", "/websites", {"url": "https://example.com", "include_patterns": patterns}))


def test_bulk_items_with_many_errors_get_short_answers(ada: Member) -> None:
    items = [{"url": "https://example.com", **surprises(90)}] * 50
    answer = ada.ask("POST", "/websites/bulk", {"create": items})
    assert answer.status == 200
    assert all(len(result["error"]["errors"]) <= 20 for result in answer.json["results"])
    assert len(answer.body) < 250_000


def surprises(count: int) -> dict[str, int]:
    return {f"surprise{number}": 1 for number in range(count)}
