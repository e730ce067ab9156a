"""The largest requests of the code stay within DynamoDB's limits, which an emulator may not enforce."""

from collections.abc import Iterator
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.controls import Controls
from llmready.domain.website import PATTERNS_BYTES, PATTERNS_LIMIT
from testkit.emulator import Place
from testkit.item_sizes import item_size
from testkit.people import with_website
from tests.functions.member import Member, member
from tests.functions.test_purge import MANY, with_files

MOST_WRITES = 100  # in a transaction
LARGEST_TRANSACTION = 4 * 1024 * 1024
LARGEST_ITEM = 400 * 1024
HARDEST = "\N{GRINNING FACE}"  # four bytes a character, which a limit of characters lets in


class Writes:
    """The sizes of what was written."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.transactions: list[int] = []
        self.items: list[int] = []

    def note(self, params: dict[str, Any], **_: object) -> None:
        contents = [next(iter(write.values())) for write in params["TransactItems"]]
        sizes = [
            item_size(content.get("Item") or content["Key"])
            + item_size(content.get("ExpressionAttributeValues", {}))
            for content in contents
        ]
        self.counts.append(len(contents))
        self.transactions.append(sum(sizes))
        self.items += sizes

    def check(self) -> None:
        assert self.counts, "nothing was written"
        assert max(self.counts) <= MOST_WRITES
        assert max(self.transactions) <= LARGEST_TRANSACTION
        assert max(self.items) <= LARGEST_ITEM


@pytest.fixture
def writes(ada: Member) -> Iterator[Writes]:
    assert ada.token
    noted = Writes()
    events = bootstrap.client("dynamodb").meta.events
    events.register("provide-client-params.dynamodb.TransactWriteItems", noted.note)
    yield noted
    events.unregister("provide-client-params.dynamodb.TransactWriteItems", noted.note)


@pytest.fixture
def ada(place: Place, calls: list[str]) -> Member:
    assert calls == []
    return member(place, "pro")


def _largest(number: int) -> dict[str, Any]:
    """Return a website with the longest fields that the API accepts."""
    # Two lists of as many patterns as possible, which together have the largest size.
    size = PATTERNS_BYTES // (2 * PATTERNS_LIMIT)
    starts = [f"/{number}-{index}-" for index in range(PATTERNS_LIMIT)]
    patterns = [start + HARDEST * ((size - len(start)) // len(HARDEST.encode())) for start in starts]
    return {
        "url": f"https://site{number}.example.com/" + "p" * 1900,
        "name": HARDEST * 200,
        "description": HARDEST * 2000,
        "include_patterns": patterns,
        "exclude_patterns": patterns,
    }


def test_bulk_request_with_the_largest_websites(ada: Member, writes: Writes) -> None:
    largest = [_largest(number) for number in range(3)]
    small = [{"url": f"https://small{number}.example.com"} for number in range(47)]
    status, created = ada.ask("POST", "/websites/bulk", {"create": [*largest, *small]})
    assert (status, created["failed"]) == (200, 0), created
    writes.check()
    ids = [result["id"] for result in created["results"]]
    status, changed = ada.ask(
        "POST", "/websites/bulk", {"update": [{"id": id_, "name": HARDEST * 200} for id_ in ids]}
    )
    assert (status, changed["failed"]) == (200, 0)
    status, deleted = ada.ask("POST", "/websites/bulk", {"delete": ids})
    assert (status, deleted["failed"]) == (200, 0)
    writes.check()


def test_a_start_of_the_largest_website(ada: Member, writes: Writes) -> None:
    status, website = ada.ask("POST", "/websites", _largest(1))
    assert status == 201, website
    headers = {"idempotency-key": "k" * 64}
    body = {"website_id": website["id"]}
    status, _ = ada.ask("POST", "/generations/start", body, headers=headers)
    assert status == 202
    writes.check()
    assert max(writes.items) > PATTERNS_BYTES  # the generation keeps the patterns that it was started with


def test_the_purge_of_a_large_website(place: Place, ada: Member, writes: Writes) -> None:
    website = with_website(place, ada.user)
    with_files(place, ada.user, website, MANY)
    assert ada.ask("DELETE", f"/websites/{website.id}")[0] == 200
    writes.check()
    assert max(writes.counts) == MOST_WRITES


def test_maximum_number_of_blocked_hosts(writes: Writes) -> None:
    label = "a" * 63
    hosts = tuple(f"{number:04}{label[4:]}.{label}.{label}.{label[:57]}.com" for number in range(1000))
    assert {len(host) for host in hosts} == {253}
    full = bootstrap.services().controls.change(lambda _: Controls(blocked_hosts=hosts))
    assert len(full.blocked_hosts) == 1000
    writes.check()
