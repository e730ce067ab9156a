"""Lists of a user with many websites and generations: the data that each page reads, and invalid requests."""

import base64
import importlib
from collections.abc import Iterator

import pytest

from llmready import bootstrap
from llmready.domain.clock import new_id
from llmready.domain.rate_limits import Rate
from llmready.domain.website import Website
from llmready.http import api
from llmready.http.route_limits import ProcessLimit
from testkit.emulator import Place
from testkit.items import many_generations, stored, stored_websites
from testkit.people import new_website
from testkit.table_reads import table_reads
from tests.functions.member import Member, member

READ = 1024 * 1024  # bytes, what DynamoDB returns at most at once
# More than the deepest page shows; websites are as large as their descriptions may be.
WEBSITES, GENERATIONS = 1100, 1100


@pytest.fixture
def ada(place: Place, calls: list[str]) -> Member:
    assert calls == []
    return member(place)


@pytest.fixture
def reads() -> Iterator[list[tuple[str, int]]]:
    """Record the reads of the table: the call and the number of bytes that it returned."""
    with table_reads(bootstrap.client("dynamodb")) as found:
        yield found


def owner_of_much(place: Place, ada: Member) -> list[Website]:
    websites = [
        new_website(ada.user, description="x" * 2000, include_patterns=["/docs/*"], is_active=bool(n % 2))
        for n in range(WEBSITES)
    ]
    stored_websites(place, ada.user, websites)
    generations = many_generations(ada.user, websites[0], GENERATIONS)
    stored(place, ada.user, websites[:1], generations)
    return websites


def walked(ada: Member, path: str) -> tuple[list[str], int]:
    ids: list[str] = []
    cursor, total = "", 0
    for _ in range(100):
        _, answer = ada.ask("GET", f"{path}&per_page=100{cursor}")
        ids += [item["id"] for item in answer["items"]]
        total = answer["total"]
        if answer["next_cursor"] is None:
            return ids, total
        cursor = f"&cursor={answer['next_cursor']}"
    raise AssertionError("the list has no end")


def a_cursor_walks_over_everything(ada: Member, websites: list[Website]) -> None:
    ids = sorted((website.id for website in websites), reverse=True)
    assert walked(ada, "/websites?") == (ids, WEBSITES)
    active = {website.id for website in websites if website.is_active}
    assert walked(ada, "/websites?is_active=true") == (
        [found for found in ids if found in active],
        len(active),
    )
    generations, total = walked(ada, "/generations/history?")
    assert (len(set(generations)), len(generations), total) == (GENERATIONS,) * 3
    assert generations == sorted(generations, reverse=True)


def test_long_lists_can_be_paged(place: Place, ada: Member, reads: list[tuple[str, int]]) -> None:
    """Each page reads little data, and a cursor reaches all entries.

    This is one test, because filling the table takes long.
    """
    websites = owner_of_much(place, ada)
    each_page_reads_little(ada, websites, reads)
    a_cursor_walks_over_everything(ada, websites)


def each_page_reads_little(ada: Member, websites: list[Website], reads: list[tuple[str, int]]) -> None:
    site = websites[0].id
    for path in (
        "/websites?per_page=100",
        "/websites?per_page=100&page=10",
        "/websites?per_page=100&page=5&is_active=true",
        "/websites?per_page=100&page=5&is_active=false",
        "/websites/stats/user",
        f"/websites/{site}/stats",
        "/generations/history?per_page=100",
        "/generations/history?per_page=100&page=10",
        "/generations/history?per_page=100&page=3&status=cancelled",
        f"/generations/history?per_page=100&page=10&website_id={site}",
        f"/generations/history?per_page=100&page=3&website_id={site}&status=failed",
        f"/generations/history?per_page=100&website_id={websites[1].id}",
    ):
        reads.clear()
        status, answer = ada.ask("GET", path)
        assert status == 200, (path, answer)
        # Long lists are also counted, with an UpdateItem.
        made = [(name, size) for name, size in reads if name != "UpdateItem"]
        assert {name for name, _ in made} <= {"Query", "GetItem", "BatchGetItem"}, path
        assert len(made) <= 4, (path, made)
        assert max(size for _, size in made) <= READ, (path, reads)
        # The second of the two reads that a page may take is the look-up of what it shows.
        assert sum(size for _, size in made) <= READ, (path, reads)


@pytest.mark.parametrize("function", ["generations", "webhooks"])
def test_lists_are_limited_by_their_length(
    ada: Member, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    app = importlib.import_module(f"functions.{function}.handler").app
    monkeypatch.setattr(app, "_few_listed", ProcessLimit("lists", Rate(1, 3600)))
    monkeypatch.setattr(api, "_LISTED", Rate(20, 3600))
    path = "/generations/history"
    if function == "webhooks":
        webhook = ada.ask("POST", "/webhooks", {"url": "https://hooks.example.org/"})[1]["id"]
        path = f"/webhooks/{webhook}/deliveries"
    answers = [ada.raw("GET", f"{path}?per_page={count}")["statusCode"] for count in (1, 100, 19, 90, 80)]
    assert answers == [200, 200, 200, 429, 200]


def test_entries_before_a_page_count_as_well(ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    app = importlib.import_module("functions.generations.handler").app
    monkeypatch.setattr(app, "_few_listed", ProcessLimit("lists", Rate(1, 3600)))
    monkeypatch.setattr(api, "_LISTED", Rate(20, 3600))
    path = "/generations/history?per_page=10&page=100"
    answers = [ada.raw("GET", path)["statusCode"] for _ in range(3)]
    assert answers == [200, 200, 429]


@pytest.mark.parametrize("path", ["/websites", "/generations/history"])
def test_pages_outside_of_a_list(ada: Member, path: str) -> None:
    for query in ("page=11&per_page=100", "page=51", "page=1000&per_page=2"):
        status, problem = ada.ask("GET", f"{path}?{query}")
        assert (status, problem["code"]) == (422, "use_cursor")
    for query in ("page=0", "page=-1", "page=x", "page=1001", "per_page=0", "per_page=101", "page=1e3"):
        status, problem = ada.ask("GET", f"{path}?{query}")
        assert (status, problem["code"]) == (422, "validation_error"), query
    assert ada.ask("GET", f"{path}?page=10&per_page=100")[1]["items"] == []
    forged = [
        "x",
        "%00",
        "ä",
        "A" * 201,
        base64.urlsafe_b64encode(b"[[]]").decode(),
        base64.urlsafe_b64encode(b'["../../x"]').decode(),
        base64.urlsafe_b64encode(b"LISTED#ACTIVE#").decode(),
        base64.urlsafe_b64encode(b"\xff" * 9).decode(),
    ]
    for cursor in forged:
        status, problem = ada.ask("GET", f"{path}?cursor={cursor}")
        assert (status, problem["code"]) == (422, "validation_error"), cursor


def test_cursor_never_shows_other_users_items(place: Place, ada: Member) -> None:
    ben = member(place)
    for person in (ada, ben):
        for n in range(3):
            assert person.ask("POST", "/websites", {"url": f"site{n}.example.com"})[0] == 201
    cursor = ben.ask("GET", "/websites?per_page=1")[1]["next_cursor"]
    own = {item["id"] for item in ada.ask("GET", "/websites")[1]["items"]}
    shown = ada.ask("GET", f"/websites?cursor={cursor}")[1]["items"]
    assert {item["id"] for item in shown} <= own
    # A cursor with an unknown ID is a valid position.
    nowhere = base64.urlsafe_b64encode(new_id().encode()).decode().rstrip("=")
    assert len(ada.ask("GET", f"/websites?cursor={nowhere}")[1]["items"]) == 3
