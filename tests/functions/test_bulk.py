"""Bulk requests: the result of each item, and the number of transactions."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from llmready import bootstrap
from testkit.emulator import Place
from testkit.people import started
from tests.functions.member import Member, member


@pytest.fixture
def ada(place: Place, calls: list[str]) -> Member:
    person = member(place)
    calls.clear()
    return person


def results(answer: tuple[int, Any]) -> list[dict[str, Any]]:
    status, body = answer
    assert status == 200, body
    found: list[dict[str, Any]] = body["results"]
    assert [result["index"] for result in found] == list(range(len(found)))
    assert body["failed"] == sum(result["error"] is not None for result in found)
    assert body["succeeded"] == len(found) - body["failed"]
    return found


def statuses(answer: tuple[int, Any]) -> list[int]:
    return [result["status"] for result in results(answer)]


def codes(answer: tuple[int, Any]) -> list[str | None]:
    return [result["error"] and result["error"]["code"] for result in results(answer)]


def urls(number: int) -> list[dict[str, str]]:
    return [{"url": f"site{n}.example.com"} for n in range(number)]


def created(ada: Member, number: int) -> list[str]:
    return [result["id"] for result in results(ada.ask("POST", "/websites/bulk", {"create": urls(number)}))]


def kept(ada: Member) -> tuple[list[str], int, int]:
    """Return the URLs of all websites, and the counts of all and of the active ones."""
    _, listed = ada.ask("GET", "/websites?per_page=100")
    _, stats = ada.ask("GET", "/websites/stats/user")
    assert listed["total"] == stats["total_websites"]
    found = [website["url"] for website in reversed(listed["items"])]
    return found, stats["total_websites"], stats["active_websites"]


def test_bulk_of_fifty_with_one_bad_item(ada: Member, calls: list[str]) -> None:
    items: list[object] = [*urls(49)]
    items.insert(20, {"url": "ftp://bad.example.com"})
    done = results(ada.ask("POST", "/websites/bulk", {"create": items}))
    assert [result["status"] for result in done] == [201] * 20 + [422] + [201] * 29
    assert done[20]["error"]["detail"] == "The URL must begin with http:// or https://."
    # The session, the limit of requests, the account, the limit of changes, and of each of two groups the claims and
    # the transaction.
    groups = ["BatchGetItem", "TransactWriteItems"] * 2
    assert calls == ["GetItem", "UpdateItem", "GetItem", "UpdateItem", *groups]
    assert kept(ada) == ([f"https://site{n}.example.com" for n in range(49)], 49, 49)
    assert done[0]["website"] == ada.ask("GET", f"/websites/{done[0]['id']}")[1]


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        (7, 422, "validation_error"),
        ({}, 422, "validation_error"),
        ({"url": "https://a.example.com", "max_pages": 0}, 422, "validation_error"),
        ({"url": "https://a.example.com", "max_pages": 5000}, 422, "validation_error"),
        ({"url": "https://a.example.com", "colour": "red"}, 422, "validation_error"),
        ({"url": "http://127.0.0.1/"}, 422, "url_not_public"),
        ({"url": "https://www.site0.example.com/"}, 409, "website_exists"),
        ({"url": "https://there.example.com"}, 409, "website_exists"),
    ],
)
def test_a_bad_item_among_good_ones(ada: Member, bad: object, status: int, code: str) -> None:
    assert ada.ask("POST", "/websites", {"url": "there.example.com"})[0] == 201
    answer = ada.ask("POST", "/websites/bulk", {"create": [*urls(2), bad, {"url": "last.example.com"}]})
    assert statuses(answer) == [201, 201, status, 201]
    assert codes(answer) == [None, None, code, None]
    expected = ["there", "site0", "site1", "last"]
    assert kept(ada) == ([f"https://{name}.example.com" for name in expected], 4, 4)


def test_the_error_of_an_item_names_its_index_the_field_and_the_rule(ada: Member) -> None:
    site = "https://a.example.com"
    create = [
        {"url": "https://good.example.com"},
        7,
        {},
        {"url": site, "max_pages": 0, "timeout": 7},
        {"url": site, "colour": "red"},
        {"url": site, "include_patterns": ["/ok", 7]},
    ]
    done = results(ada.ask("POST", "/websites/bulk", {"create": create}))
    assert [result["status"] for result in done] == [201, 422, 422, 422, 422, 422]
    assert [result["error"]["detail"] for result in done[1:]] == [
        "The item at index 1 is not valid. item: must be an object.",
        "The item at index 2 is not valid. url: is required.",
        "The item at index 3 is not valid. max_pages: must be at least 1; timeout: must be at least 30.",
        "The item at index 4 is not valid. colour: is not a known field.",
        "The item at index 5 is not valid. include_patterns.1: must be text.",
    ]
    assert done[3]["error"]["errors"] == [
        {"field": "max_pages", "message": "must be at least 1"},
        {"field": "timeout", "message": "must be at least 30"},
    ]
    website_id = done[0]["id"]
    update = [{"name": "No ID"}, {"id": website_id, "is_active": None}, {"id": website_id, "name": "New"}]
    changed = results(ada.ask("POST", "/websites/bulk", {"update": update}))
    assert [result["status"] for result in changed] == [422, 422, 200]
    assert [result["error"]["detail"] for result in changed[:2]] == [
        "The item at index 0 is not valid. id: is required.",
        "The item at index 1 is not valid. is_active: must not be null.",
    ]
    deleted = results(ada.ask("POST", "/websites/bulk", {"delete": [7, "", {"id": website_id}]}))
    assert [result["status"] for result in deleted] == [422, 422, 200]
    assert [result["error"]["detail"] for result in deleted[:2]] == [
        "The item at index 0 is not valid. id: must be text.",
        "The item at index 1 is not valid. id: must not be empty.",
    ]
    assert all(set(result) == {"index", "status", "id", "website", "error"} for result in deleted)


def test_bulk_creation_stops_at_the_plans_limit(place: Place, calls: list[str]) -> None:
    ben = member(place, "standard")
    assert ben.ask("POST", "/websites", {"url": "there.example.com", "is_active": False})[0] == 201
    items = [
        *urls(3),
        {"url": "there.example.com"},
        {"url": "site9.example.com"},
        *urls(2),
        {"url": "over.org"},
    ]
    calls.clear()
    answer = ben.ask("POST", "/websites/bulk", {"create": items})
    assert statuses(answer) == [201, 201, 201, 409, 201, 409, 409, 403]
    assert results(answer)[-1]["error"]["detail"].startswith("Your plan allows 5 websites;")
    assert kept(ben)[1:] == (5, 4)
    assert codes(ben.ask("POST", "/websites/bulk", {"create": [*urls(2), {"url": "x.org"}]})) == [
        "website_exists",
        "website_exists",
        "plan_limit",
    ]


def test_many_changes(ada: Member, calls: list[str]) -> None:
    ids = created(ada, 50)
    calls.clear()
    changes: list[dict[str, Any]] = [{"id": website_id, "is_active": False} for website_id in ids]
    changes[3] = {"id": "nobody", "is_active": False}
    changes[4]["url"] = "https://site5.example.com"
    changes[6]["name"] = None
    answer = ada.ask("POST", "/websites/bulk", {"update": changes})
    assert [(n, status) for n, status in enumerate(statuses(answer)) if status != 200] == [(3, 404), (4, 409)]
    assert results(answer)[6]["website"]["name"] == "site6.example.com"
    assert calls.count("TransactWriteItems") <= 3
    assert kept(ada)[1:] == (50, 2)
    assert ada.ask("GET", f"/websites/{ids[7]}")[1]["is_active"] is False
    assert ada.ask("GET", "/websites?is_active=true")[1]["total"] == 2


def test_changes_that_build_on_each_other(ada: Member) -> None:
    first, second = created(ada, 2)
    changes = [
        {"id": first, "url": "https://moved.example.com", "name": "Once"},
        {"id": second, "url": "https://site0.example.com"},
        {"id": first, "name": "Twice", "is_active": False},
        {"id": first, "max_pages": 100_000_000},
        {"id": second, "timeout": None},
    ]
    answer = ada.ask("POST", "/websites/bulk", {"update": changes})
    assert statuses(answer) == [200, 200, 200, 422, 422]
    _, website = ada.ask("GET", f"/websites/{first}")
    assert (website["url"], website["name"], website["is_active"]) == (
        "https://moved.example.com",
        "Twice",
        False,
    )
    assert kept(ada) == (["https://moved.example.com", "https://site0.example.com"], 2, 1)
    # The previous URL can be used again.
    assert ada.ask("POST", "/websites", {"url": "site1.example.com"})[0] == 201


def test_changes_of_one_website_are_stored_once(ada: Member, calls: list[str]) -> None:
    ids = created(ada, 2)
    calls.clear()
    changes = [{"id": ids[0], "name": f"name {number}"} for number in range(50)]
    answer = ada.ask("POST", "/websites/bulk", {"update": changes})
    assert statuses(answer) == [200] * 50
    assert calls.count("TransactWriteItems") == 1
    assert {result["website"]["name"] for result in results(answer)} == {"name 49"}
    taken = {"id": ids[0], "url": "https://site1.example.com"}
    answer = ada.ask(
        "POST", "/websites/bulk", {"update": [{"id": ids[0], "name": "x"}, taken, {"id": ids[1]}]}
    )
    assert statuses(answer) == [409, 409, 200]
    assert ada.ask("GET", f"/websites/{ids[0]}")[1]["name"] == "name 49"


def test_changes_are_limited_by_the_number_and_size_of_websites(place: Place, ada: Member) -> None:
    # A thousand units a minute: a change takes two, and each kilobyte of a request one.
    unknown = [{"id": "x", "name": "New"}] * 50
    answers = [ada.ask("POST", "/websites/bulk", {"update": unknown})[0] for _ in range(13)]
    assert answers[:8] == [200] * 8
    assert 429 in answers
    grace = member(place)
    large = [{"id": "x", "include_patterns": ["/" + "a" * 190 for _ in range(40)]}] * 50
    answers = [grace.ask("POST", "/websites/bulk", {"update": large})[0] for _ in range(4)]
    assert answers[0] == 200
    assert 429 in answers


def test_a_thousand_websites_can_be_deleted_in_a_minute(ada: Member) -> None:
    answers = [ada.ask("POST", "/websites/bulk", {"delete": ["x"] * 50})[0] for _ in range(19)]
    assert answers == [200] * 19


def test_many_deletions(place: Place, ada: Member, calls: list[str]) -> None:
    ids = created(ada, 50)
    running = place.websites.get_for_user(ada.user.id, ids[9])[1]
    assert running is not None
    started(place, ada.user, running)
    stranger = member(place)
    foreign = created(stranger, 1)
    calls.clear()
    wanted = [*ids[:9], ids[9], *ids[10:40], ids[0], foreign[0], {"id": ids[41]}, {"id": 7}, "no id"]
    answer = ada.ask("POST", "/websites/bulk", {"delete": wanted})
    assert statuses(answer) == [200] * 9 + [409] + [200] * 30 + [404, 404, 200, 422, 404]
    assert codes(answer)[9] == "generation_in_progress"
    assert calls.count("TransactWriteItems") == 2
    assert kept(ada)[1:] == (10, 10)
    assert kept(stranger)[1:] == (1, 1)
    assert statuses(ada.ask("POST", "/websites/bulk", {"create": urls(50)})).count(201) == 40


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"create": []},
        {"create": urls(51)},
        {"delete": ["x"] * 51},
        {"create": urls(1), "delete": ["x"]},
        {"create": None},
        {"create": {"url": "example.com"}},
        {"other": urls(1)},
        [],
    ],
)
def test_invalid_body_changes_nothing(ada: Member, body: object) -> None:
    status, problem = ada.ask("POST", "/websites/bulk", body)
    assert (status, problem["code"]) == (422, "validation_error")
    assert re.fullmatch(
        "body: must be an object with exactly one of create, update and delete|(?:create|delete): must .*",
        "; ".join(f"{error['field']}: {error['message']}" for error in problem["errors"]),
    )
    assert kept(ada) == ([], 0, 0)


def test_a_null_beside_the_list_is_accepted(ada: Member) -> None:
    assert statuses(ada.ask("POST", "/websites/bulk", {"create": urls(1), "update": None})) == [201]


@pytest.fixture
def conflicts() -> Iterator[list[str]]:
    """Refuse the next transactions with these reasons, as DynamoDB does if transactions conflict."""
    reasons: list[str] = []

    def answer(**_: object) -> tuple[SimpleNamespace, dict[str, Any]] | None:
        if not reasons:
            return None
        error = {"Code": "TransactionCanceledException", "Message": "cancelled"}
        refused = {"Error": error, "CancellationReasons": [{"Code": reasons.pop(0)}]}
        return SimpleNamespace(status_code=400), refused

    events = bootstrap.client("dynamodb").meta.events
    events.register("before-call.dynamodb.TransactWriteItems", answer)
    yield reasons
    events.unregister("before-call.dynamodb.TransactWriteItems", answer)


def test_short_transaction_conflicts_are_retried(ada: Member, conflicts: list[str]) -> None:
    conflicts += ["TransactionConflict"] * 3
    assert statuses(ada.ask("POST", "/websites/bulk", {"create": urls(3)})) == [201] * 3
    assert kept(ada)[1:] == (3, 3)


def test_permanent_transaction_conflicts_are_reported(ada: Member, conflicts: list[str]) -> None:
    conflicts += ["TransactionConflict"] * 8
    items = [*urls(2), {"url": "ftp://bad.example.com"}]
    answer = ada.ask("POST", "/websites/bulk", {"create": items})
    assert (statuses(answer), codes(answer)) == (
        [503, 503, 422],
        ["try_again", "try_again", "validation_error"],
    )
    assert kept(ada) == ([], 0, 0)


def test_items_changed_after_the_read_are_reported_individually(ada: Member, conflicts: list[str]) -> None:
    ids = created(ada, 3)
    conflicts.append("ConditionalCheckFailed")
    answer = ada.ask("POST", "/websites/bulk", {"delete": [*ids, "nobody"]})
    assert statuses(answer) == [200, 200, 200, 404]
    conflicts.append("ConditionalCheckFailed")
    assert statuses(ada.ask("POST", "/websites/bulk", {"create": [*urls(3), *urls(1)]})) == [201] * 3 + [409]
    assert kept(ada)[1:] == (3, 3)
