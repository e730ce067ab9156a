"""Starts by ID and by URL: created objects, refusals, and answers to repeated requests."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.clock import new_id, now
from llmready.domain.errors import Conflict
from llmready.domain.quota import month_of
from llmready.usecases.start_generation import StartRequest, start_generation
from testkit.emulator import Place
from testkit.people import with_website
from tests.functions.member import Member, member

pytestmark = pytest.mark.usefixtures("calls")


def start(who: Member, body: dict[str, Any], key: str | None = None) -> tuple[int, Any]:
    return who.ask("POST", "/generations/start", body, headers={"idempotency-key": key} if key else None)


def websites(who: Member) -> list[dict[str, Any]]:
    return list(who.ask("GET", "/websites")[1]["items"])


def taken(place: Place, who: Member) -> int:
    return place.quotas.get(who.user.id, month_of(now())).taken


def test_a_start_by_url_adds_the_website(place: Place) -> None:
    ada = member(place)
    status, answer = start(ada, {"url": "docs.python.org"})
    assert (status, answer["status"]) == (202, "pending")
    (website,) = websites(ada)
    assert (website["url"], website["name"]) == ("https://docs.python.org", "docs.python.org")
    assert (website["max_pages"], website["timeout"], website["is_active"]) == (None, 300, True)
    generation = ada.ask("GET", f"/generations/{answer['generation_id']}")[1]
    assert (generation["website_id"], generation["trigger"]) == (website["id"], "manual")
    assert ada.ask("GET", "/websites/stats/user")[1]["active_websites"] == 1
    assert ada.ask("GET", "/websites?is_active=true")[1]["total"] == 1
    assert taken(place, ada) == 1


@pytest.mark.parametrize(
    "typed", ["example.org/docs", "http://www.example.org/docs/", "HTTPS://EXAMPLE.ORG/docs"]
)
def test_a_start_by_url_uses_the_website_with_that_canonical_url(place: Place, typed: str) -> None:
    ada = member(place)
    website = with_website(place, ada.user, "https://example.org/docs", max_pages=7)
    status, answer = start(ada, {"url": typed})
    assert status == 202
    generation = place.generations.get(ada.user.id, answer["generation_id"])
    assert generation is not None
    assert (generation.website_id, generation.settings.max_pages) == (website.id, 7)
    assert len(websites(ada)) == 1
    again = start(ada, {"url": typed})
    assert (again[0], again[1]["code"]) == (409, "generation_in_progress")
    assert again[1]["generation_id"] == answer["generation_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"url": None}, "body"),
        ({"url": "https://example.org", "website_id": "x"}, "body"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"url": "http://user:pw@example.org"}, "url"),
        ({"url": "https://example.org:8443/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "https://example.org", "max_pages": 5}, "max_pages"),
    ],
)
def test_invalid_bodies_start_nothing(place: Place, body: dict[str, Any], field: str) -> None:
    ada = member(place)
    status, problem = start(ada, body)
    assert status == 422, problem
    assert problem["errors"][0]["field"].startswith(field)
    assert (websites(ada), taken(place, ada)) == ([], 0)


def test_a_refused_start_by_url_creates_nothing(place: Place) -> None:
    ada = member(place, "free")
    assert start(ada, {"url": "https://one.example.org"})[0] == 202
    before = websites(ada)
    status, problem = start(ada, {"url": "https://two.example.org"})
    assert (status, problem["code"]) in ((403, "quota_exceeded"), (403, "plan_limit"))
    assert (websites(ada), taken(place, ada)) == (before, 1)

    ben = member(place, "free")
    with_website(place, ben.user, "https://one.example.org")
    status, problem = start(ben, {"url": "https://two.example.org"})
    assert (status, problem["code"]) == (403, "plan_limit")
    assert (len(websites(ben)), taken(place, ben)) == (1, 0)
    assert start(ben, {"url": "https://two.example.org"})[0] == 403
    assert start(ben, {"url": "https://one.example.org"})[0] == 202


def test_without_quota_the_answer_says_when_it_is_back(place: Place) -> None:
    ada = member(place, "free")
    assert start(ada, {"url": "https://one.example.org"})[0] == 202
    user = place.users.set_plan(ada.user, "starter", now(), by="test")
    place.users.set_plan(user, "free", now(), by="test")
    website = with_website(place, ada.user, "https://two.example.org")
    status, problem = start(ada, {"website_id": website.id})
    assert (status, problem["code"]) == (403, "plan_limit")
    place.websites.delete(website, now())
    quota = ada.ask("GET", "/generations/quota/check")[1]
    assert quota["remaining_generations"] == 0
    assert quota["resets_at"].endswith("-01T00:00:00.000Z")
    assert quota["resets_at"] > now().isoformat()


def test_repeated_start_by_url_returns_the_first_generation(place: Place) -> None:
    ada = member(place)
    key = new_id()
    first = start(ada, {"url": "https://example.org/a"}, key)
    assert first[0] == 202
    assert start(ada, {"url": "example.org/a/"}, key) == first
    other = start(ada, {"url": "https://example.org/b"}, key)
    assert (other[0], other[1]["code"]) == (422, "idempotency_key_reused")
    by_id = start(ada, {"website_id": websites(ada)[0]["id"]}, key)
    assert (by_id[0], by_id[1]["code"]) == (422, "idempotency_key_reused")
    assert (len(websites(ada)), taken(place, ada)) == (1, 1)


def test_many_starts_of_one_new_url_make_one_website_and_one_generation(place: Place) -> None:
    ada = member(place)
    request = StartRequest(user_id=ada.user.id, url="https://race.example.org")

    def attempt(_: int) -> tuple[str, str]:
        try:
            generation = start_generation(
                bootstrap.services(), request, account=lambda user: user or ada.user, limit=lambda: None
            )
        except Conflict as conflict:
            return conflict.code, str(conflict.extra["generation_id"])
        return "started", generation.id

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(12)))
    assert sorted(word for word, _ in answers) == [*["generation_in_progress"] * 11, "started"]
    assert len({generation for _, generation in answers}) == 1
    assert (len(websites(ada)), taken(place, ada)) == (1, 1)


def test_a_start_by_url_costs_one_read_when_the_website_is_new(place: Place, calls: list[str]) -> None:
    ada = member(place)
    calls.clear()
    assert start(ada, {"url": "https://new.example.org"})[0] == 202
    wanted = ["BatchGetItem", "UpdateItem", "TransactWriteItems", "SendMessage", "Invoke"]
    assert [call for call in calls if call != "GetItem"] == wanted


def test_max_pages_null_means_the_current_plan(place: Place) -> None:
    ada = member(place, "free")
    status, website = ada.ask("POST", "/websites", {"url": "https://example.org"})
    assert (status, website["max_pages"]) == (201, None)
    assert ada.ask("PATCH", f"/websites/{website['id']}", {"max_pages": 20})[1]["max_pages"] == 20
    assert ada.ask("PATCH", f"/websites/{website['id']}", {"max_pages": None})[1]["max_pages"] is None
    assert ada.ask("GET", f"/websites/{website['id']}")[1]["max_pages"] is None
    user = place.users.set_plan(ada.user, "standard", now(), by="test")
    answer = start(ada, {"website_id": website["id"]})[1]
    generation = place.generations.get(user.id, answer["generation_id"])
    assert generation is not None
    assert (generation.settings.max_pages, generation.limited_by_plan) == (500, True)


def test_only_changed_fields_are_checked_against_the_plan(place: Place) -> None:
    ada = member(place, "pro")
    _, website = ada.ask(
        "POST", "/websites", {"url": "https://example.org", "max_pages": 900, "timeout": 3000}
    )
    place.users.set_plan(ada.user, "free", now(), by="test")
    path = f"/websites/{website['id']}"
    same = {"url": website["url"], "max_pages": 900, "timeout": 3000, "name": "Renamed"}
    assert ada.ask("PUT", path, same)[1]["name"] == "Renamed"
    for field, value in (("max_pages", 901), ("max_pages", 101), ("timeout", 301), ("timeout", 3001)):
        status, problem = ada.ask("PATCH", path, {field: value})
        assert (status, problem["errors"][0]["field"]) == (422, field), value
    answer = start(ada, {"website_id": website["id"]})[1]
    generation = place.generations.get(ada.user.id, answer["generation_id"])
    assert generation is not None
    assert (generation.settings.max_pages, generation.settings.timeout) == (100, 300)
    assert json.dumps(ada.ask("GET", path)[1]["max_pages"]) == "900"


def test_plans_say_how_many_generations_run_at_once(place: Place) -> None:
    plans = {plan["name"]: plan for plan in member(place).ask("GET", "/plans")[1]["items"]}
    shown = {
        name: (plan["concurrent_generations"], plan["schedule"], plan["longest_crawl"])
        for name, plan in plans.items()
    }
    assert shown == {
        "free": (1, "monthly", 300),
        "starter": (1, "weekly", 900),
        "standard": (2, "daily", 1800),
        "pro": (4, "daily", 3600),
    }
