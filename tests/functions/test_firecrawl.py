"""The endpoint for clients of Firecrawl: its answers, its cache, and its refusals."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.clock import new_id, now, timestamp
from llmready.domain.generation import Failure, Generation, Status
from llmready.domain.rate_limits import Rate
from testkit.emulator import Place
from testkit.people import claimed, with_website
from tests.functions.member import Member, member
from tests.functions.test_archive_files import Shelf, files_of, pages

pytestmark = pytest.mark.usefixtures("calls")


def start(who: Member, url: str = "https://example.org", **fields: Any) -> tuple[int, dict[str, Any]]:
    status, answer = who.at("POST", "/v1/llmstxt", {"url": url, **fields})
    return status, dict(answer)


def read(who: Member, generation: str) -> tuple[int, dict[str, Any]]:
    status, answer = who.at("GET", f"/v1/llmstxt/{generation}")
    return status, dict(answer)


@pytest.fixture
def shelf(place: Place, tmp_path: Path) -> Shelf:
    return Shelf(place, tmp_path, member(place))


def test_a_start_is_answered_200_and_polled(place: Place) -> None:
    ada = member(place)
    status, answer = start(ada, "docs.example.org", maxUrls=7, origin="python-sdk@4", unknown={"a": 1})
    assert (status, set(answer), answer["success"]) == (200, {"success", "id"}, True)
    generation = place.generations.get(ada.user.id, answer["id"])
    assert generation is not None
    assert (generation.settings.max_pages, generation.website_url) == (7, "https://docs.example.org")
    assert place.websites.get_for_user(ada.user.id, generation.website_id)[1].max_pages is None  # type: ignore[union-attr]
    status, shown = read(ada, answer["id"])
    expires = datetime.fromisoformat(shown.pop("expiresAt"))
    assert timedelta(days=364) < expires - now() < timedelta(days=366)
    assert (status, shown) == (200, {"success": True, "status": "processing", "data": {"llmstxt": ""}})


def test_max_urls_is_ten_unless_it_is_said_and_never_above_the_plan(place: Place) -> None:
    cases: list[tuple[str, dict[str, Any], int]] = [
        ("pro", {}, 10),
        ("free", {"maxUrls": 5000}, 100),
        ("pro", {"maxUrls": 5000}, 1000),
    ]
    for plan, fields, pages_at_most in cases:
        ada = member(place, plan)
        generation = place.generations.get(ada.user.id, start(ada, **fields)[1]["id"])
        assert generation is not None
        assert generation.settings.max_pages == pages_at_most


def test_the_texts_of_a_completed_generation(shelf: Shelf) -> None:
    files = files_of(pages(start="Begin here."))
    generation = shelf.complete(files)
    status, shown = read(shelf.who, generation.id)
    assert (status, shown["status"]) == (200, "completed")
    assert shown["data"] == {"llmstxt": files["llms.txt"].decode()}
    assert "error" not in shown


def test_full_text_is_returned_on_request(shelf: Shelf) -> None:
    files = files_of(pages(start="Begin here."))
    generation = shelf.complete(files)
    assert start(shelf.who, maxUrls=50, showFullText=True) == (200, {"success": True, "id": generation.id})
    data = read(shelf.who, generation.id)[1]["data"]
    assert data == {
        "llmstxt": files["llms.txt"].decode(),
        "llmsfulltxt": files["llms-full.txt"].decode(),
    }


def test_the_size_of_the_answers_is_limited(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmready.http.answer_sizes.SENT", Rate(50, 86_400))
    generation = shelf.complete(files_of(pages(long="word " * 40_000)))
    bootstrap.services().text_requests.remember(shelf.who.user.id, generation.id, full=True, time=now())
    answers = [read(shelf.who, generation.id) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[2][1] == {"success": False, "error": "You sent too many requests; please wait a moment."}


def test_cache_returns_a_fresh_generation_with_enough_pages(shelf: Shelf, place: Place) -> None:
    quota = place.quotas.get(shelf.who.user.id, now().strftime("%Y-%m")).taken
    old = shelf.complete(files_of(pages(start="Begin here.")))
    place.generations.get(shelf.who.user.id, old.id)
    assert start(shelf.who, "http://www.example.org/", maxUrls=100)[1]["id"] == old.id
    assert place.quotas.get(shelf.who.user.id, old.month).taken == quota + 1
    assert old.settings.max_pages == 100
    larger = start(shelf.who, maxUrls=101)[1]["id"]
    assert larger != old.id
    assert start(shelf.who, maxUrls=101)[1]["id"] == larger, "the running one is the answer"
    assert start(shelf.who, cache=False)[1]["id"] == larger
    assert start(shelf.who, maxUrls=100)[1]["id"] == old.id


def test_expired_generation_is_crawled_again(shelf: Shelf) -> None:
    expired = shelf.complete(files_of(pages(start="Begin here.")), kept_days=-1)
    assert start(shelf.who)[1]["id"] != expired.id


def test_generation_older_than_a_day_is_crawled_again(shelf: Shelf, place: Place) -> None:
    old = shelf.complete(files_of(pages(start="Begin here.")))
    assert start(shelf.who)[1]["id"] == old.id
    place.dynamodb.update_item(
        TableName=place.name,
        Key={"pk": {"S": f"USER#{old.user_id}"}, "sk": {"S": f"GEN#{old.id}"}},
        UpdateExpression="SET completed_at = :then",
        ExpressionAttributeValues={":then": {"S": timestamp(now() - timedelta(hours=24, seconds=1))}},
    )
    assert start(shelf.who)[1]["id"] != old.id


def test_without_cache_it_is_crawled_again(shelf: Shelf) -> None:
    old = shelf.complete(files_of(pages(start="Begin here.")))
    assert start(shelf.who, cache=False)[1]["id"] != old.id


def ended(place: Place, who: Member, status: Status) -> Generation:
    generation = place.generations.get(who.user.id, start(who)[1]["id"])
    assert generation is not None
    leased = claimed(place, generation)
    if status is Status.FAILED:
        failure = Failure(code="dns_failure", message="The host was not found.")
        done = leased.failed(time=now(), failure=failure)
    else:
        done = leased.cancelled(time=now())
    place.generations.finish(done, None, was=Status.PROCESSING)
    return done


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(Status.FAILED, "The host was not found."), (Status.CANCELLED, "The generation was cancelled.")],
)
def test_failed_generation_reports_its_reason(place: Place, status: Status, sentence: str) -> None:
    ada = member(place)
    generation = ended(place, ada, status)
    code, shown = read(ada, generation.id)
    assert shown.pop("expiresAt")
    assert (code, shown) == (
        200,
        {"success": False, "status": "failed", "data": {"llmstxt": ""}, "error": sentence},
    )


def test_a_result_over_5_mb_names_the_download(shelf: Shelf) -> None:
    generation = shelf.complete(files_of(pages(start="word " * 1_100_000)))
    start(shelf.who, maxUrls=50, showFullText=True)
    status, shown = read(shelf.who, generation.id)
    assert (status, shown["status"], shown["success"]) == (200, "failed", False)
    assert f"/api/v1/generations/{generation.id}/download" in shown["error"]


@pytest.mark.parametrize("character", ['"', "\\", "\x01", "\n"])
def test_a_result_that_exceeds_lambdas_limit_as_json_names_the_download(shelf: Shelf, character: str) -> None:
    generation = shelf.complete(files_of(pages(start=character * 4_500_000)))
    start(shelf.who, maxUrls=50, showFullText=True)
    status, shown = read(shelf.who, generation.id)
    assert (status, shown["status"], shown["success"]) == (200, "failed", False)
    assert f"/api/v1/generations/{generation.id}/download" in shown["error"]


def test_expired_texts_are_failed(shelf: Shelf) -> None:
    generation = shelf.complete(files_of(pages(start="Begin here.")), kept_days=-1)
    status, shown = read(shelf.who, generation.id)
    assert (status, shown["status"]) == (200, "failed")
    assert "expired" in shown["error"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": "http://127.0.0.1"},
        {"url": "ftp://example.org"},
        {"url": "https://example.org", "maxUrls": 0},
        {"url": "https://example.org", "maxUrls": 5001},
        {"url": "https://example.org", "maxUrls": "many"},
        {"url": "https://example.org", "maxUrls": "10"},
        {"url": "https://example.org", "cache": "perhaps"},
        {"url": "https://example.org", "cache": 1},
        {"url": "https://example.org", "showFullText": 0},
        ["https://example.org"],
        "text",
    ],
)
def test_invalid_bodies_return_400(place: Place, body: object) -> None:
    status, answer = member(place).at("POST", "/v1/llmstxt", body)
    assert (status, answer["success"]) == (400, False)
    assert isinstance(answer["error"], str)
    assert isinstance(answer["details"], list)


def test_refusals_have_firecrawls_form(place: Place) -> None:
    ada = member(place, "free")
    with_website(place, ada.user, "https://example.org")
    status, answer = start(ada, "https://another.example.org")
    assert (status, answer["success"]) == (403, False)

    ben = member(place, "free")
    website = with_website(place, ben.user, "https://example.org")
    done = ended(place, ben, Status.CANCELLED)
    assert start(ben)[0] == 200
    ben_second = start(ben, cache=False)
    assert ben_second[0] == 200
    assert done.website_id == website.id
    for unknown in (new_id(), "x", done.id):
        assert read(ada, unknown) == (404, {"success": False, "error": "There is no such generation."})
    nobody = Member(ada.user, "llmr_" + "x" * 38)
    status, answer = start(nobody)
    assert (status, answer["success"]) == (401, False)
    status, answer = ada.at("PUT", "/v1/llmstxt", {})
    assert (status, answer["success"]) == (405, False)
    status, answer = ada.at("GET", "/v1/llmstxt/a/b")
    assert (status, answer["success"]) == (404, False)


def test_exhausted_quota_returns_402(place: Place) -> None:
    ada = member(place, "free")
    generation = place.generations.get(ada.user.id, start(ada)[1]["id"])
    assert generation is not None
    place.dynamodb.update_item(
        TableName=place.name,
        Key={"pk": {"S": f"USER#{ada.user.id}"}, "sk": {"S": f"SITE#{generation.website_id}"}},
        UpdateExpression="REMOVE active_generation_id",
    )
    status, answer = start(ada, cache=False)
    assert (status, answer["success"]) == (402, False)
    assert bootstrap.services().quotas.get(ada.user.id, generation.month).taken == 1
