"""The total size of include and exclude patterns is limited, because each change of a website writes them."""

from typing import Any

import pytest

from testkit.emulator import Place
from testkit.people import with_website
from tests.functions.member import member

pytestmark = pytest.mark.usefixtures("calls")

FULL = ["/" + "a" * 199] * 50  # 10,000 bytes
EMOJI = "\N{GRINNING FACE}"  # four bytes


@pytest.mark.parametrize(
    "patterns",
    [
        {"include_patterns": FULL, "exclude_patterns": ["b"]},
        {"include_patterns": ",".join(FULL), "exclude_patterns": "b"},
        {"include_patterns": [EMOJI * 200] * 13},
        {"exclude_patterns": [EMOJI * 50] * 50, "include_patterns": ["b"]},
    ],
    ids=["both lists", "text", "characters of several bytes", "the excluded ones"],
)
def test_patterns_that_are_too_large_together_are_refused(place: Place, patterns: dict[str, Any]) -> None:
    ada = member(place)
    status, website = ada.ask("POST", "/websites", {"url": "example.org", "include_patterns": FULL})
    assert (status, website["include_patterns"]) == (201, FULL)
    path = f"/websites/{website['id']}"
    refusals = [
        ada.ask("POST", "/websites", {"url": "example.com", **patterns}),
        ada.ask("PUT", path, {"url": "example.org", **patterns}),
        ada.ask("PATCH", path, patterns),
        ada.ask("POST", f"{path}/preview", patterns),
    ]
    for status, problem in refusals:
        assert status == 422, problem
        assert problem["errors"][0]["field"] == "include_patterns"
        assert problem["detail"].endswith("the limit is 10,000. Use fewer or shorter patterns.")
    body = {"create": [{"url": "example.com", **patterns}, {"url": "example.net"}]}
    assert [each["status"] for each in ada.ask("POST", "/websites/bulk", body)[1]["results"]] == [422, 201]
    body = {"update": [{"id": website["id"], **patterns}, {"id": website["id"], "name": "New"}]}
    assert [each["status"] for each in ada.ask("POST", "/websites/bulk", body)[1]["results"]] == [422, 200]
    assert ada.ask("GET", path)[1]["exclude_patterns"] == []


def test_the_list_that_a_change_omits_counts(place: Place) -> None:
    ada = member(place)
    website = ada.ask("POST", "/websites", {"url": "example.org", "include_patterns": FULL})[1]
    path = f"/websites/{website['id']}"
    assert ada.ask("PATCH", path, {"exclude_patterns": ["b"]})[0] == 422
    assert ada.ask("POST", f"{path}/preview", {"exclude_patterns": ["b"]})[0] == 422
    assert ada.ask("PATCH", path, {"include_patterns": FULL[1:], "exclude_patterns": ["b"]})[0] == 200


def test_larger_patterns_that_are_stored_already_are_kept_or_reduced(place: Place) -> None:
    ada = member(place)
    website = with_website(place, ada.user, include_patterns=FULL, exclude_patterns=FULL)
    path = f"/websites/{website.id}"
    assert ada.ask("PATCH", path, {"name": "New"})[0] == 200
    assert ada.ask("PATCH", path, {"include_patterns": FULL})[0] == 200
    assert ada.ask("POST", f"{path}/preview", {})[1]["code"] == "no_generation"
    assert ada.ask("POST", "/generations/start", {"website_id": website.id})[0] == 202
    assert ada.ask("PATCH", path, {"include_patterns": FULL[:-1]})[0] == 200
    assert ada.ask("PATCH", path, {"include_patterns": FULL})[0] == 422, "they may not grow again"


def test_writes_of_a_large_website_count_by_its_size(place: Place) -> None:
    """DynamoDB charges each of them for the whole website, however small the request is."""
    ada = member(place)
    path = f"/websites/{with_website(place, ada.user, include_patterns=[EMOJI * 200] * 50).id}"
    answers = [ada.ask("PATCH", path, {"name": f"name {number}"})[0] for number in range(30)]
    assert answers[:10] == [200] * 10
    assert 429 in answers
    while ada.ask("PATCH", path, {"name": "New"})[0] == 200:
        pass
    website_id = path.rpartition("/")[2]
    assert ada.ask("POST", "/websites/bulk", {"update": [{"id": website_id, "name": "New"}]})[0] == 429
    assert ada.ask("POST", "/websites/bulk", {"delete": [website_id]})[0] == 429
    assert ada.ask("DELETE", path)[0] == 429
    assert ada.ask("GET", path)[0] == 200


def test_many_large_websites_can_be_changed_at_once(place: Place) -> None:
    """They exceed the units of a minute, but are counted only up to this number."""
    ada = member(place)
    made = [with_website(place, ada.user, include_patterns=[EMOJI * 200] * 50) for _ in range(30)]
    body = {"update": [{"id": website.id, "name": "New"} for website in made]}
    assert ada.ask("POST", "/websites/bulk", body)[0] == 200
    assert ada.ask("POST", "/websites/bulk", body)[0] == 429
