"""Deleting a website with many generations removes the generations and their files."""

import importlib
import json
from typing import Any

import pytest

from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.generation import Generation
from llmready.domain.generation_files import errors_key
from llmready.domain.user import User
from llmready.domain.website import Website
from testkit.emulator import Place
from testkit.items import many_generations, stored
from testkit.people import with_website
from testkit.service import use
from tests.functions.member import Member, member

MANY = 230  # more than two transactions remove


@pytest.fixture
def ada(place: Place, calls: list[str]) -> Member:
    assert calls == []
    return member(place)


def with_files(place: Place, user: User, website: Website, number: int) -> list[Generation]:
    """Store ended generations of a website; every third one has files."""
    generations = many_generations(user, website, number)
    for index in range(0, number, 3):
        generation = generations[index]
        archive = Archive.model_validate({**ARCHIVE, "key": _key(generation)})
        generations[index] = generation.model_copy(update={"archive": archive, "fence": 2})
        place.s3.put_object(Bucket=place.name, Key=archive.key, Body=b"zip")
        place.s3.put_object(Bucket=place.name, Key=errors_key(user.id, generation.id, 1), Body=b"{}")
    stored(place, user, [website], generations)
    return generations


ARCHIVE = {"file_size": 3, "total_files": 1, "sha256": "0" * 64, "content_bytes": 3}


def _key(generation: Generation) -> str:
    return f"generations/{generation.user_id}/{generation.id}/2.zip"


def left(ada: Member, website: Website) -> int:
    found = ada.ask("GET", f"/generations/history?website_id={website.id}&per_page=100")[1]["items"]
    return len(found)


def test_a_large_website_leaves_nothing(place: Place, ada: Member) -> None:
    website, other = with_website(place, ada.user), with_website(place, ada.user)
    with_files(place, ada.user, website, MANY)
    kept = with_files(place, ada.user, other, 4)
    assert ada.ask("GET", "/generations/history")[1]["total"] == MANY + 4

    status, answer = ada.ask("DELETE", f"/websites/{website.id}")
    assert (status, answer["message"]) == (200, "Website deleted successfully.")
    assert left(ada, website) == 0
    history = ada.ask("GET", "/generations/history?per_page=100")[1]
    assert history["total"] == 4
    assert {entry["id"] for entry in history["items"]} == {generation.id for generation in kept}
    assert {key.split("/")[2] for key in place.stored_keys()} == {
        generation.id for index, generation in enumerate(kept) if index % 3 == 0
    }
    assert list(place.purges.due(now())) == []
    assert ada.ask("GET", "/websites")[1]["total"] == 1


def test_large_deletion_continues_in_the_background(
    place: Place, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    website = with_website(place, ada.user)
    with_files(place, ada.user, website, 100)
    fired: list[Any] = []

    class Trigger:
        def fire(self, purge: object) -> None:
            fired.append(purge)

    use(monkeypatch, purge_trigger=Trigger())
    websites = importlib.import_module("functions.websites.handler")
    monkeypatch.setattr(websites, "_PURGE_AT_ONCE", -websites._PURGE_AT_ONCE)
    status, answer = ada.ask("DELETE", f"/websites/{website.id}")
    assert (status, "are being removed" in answer["message"]) == (200, True)
    assert [purge.website_id for purge in fired] == [website.id]
    assert left(ada, website) == 100
    assert ada.ask("GET", f"/websites/{website.id}")[0] == 404

    cleanup = importlib.import_module("functions.cleanup.handler").handler
    context = type("Context", (), {"get_remaining_time_in_millis": lambda _: 60_000})()
    for name in ("function_name", "invoked_function_arn", "aws_request_id"):
        setattr(context, name, "f")
    context.memory_limit_in_mb = 512
    event = {"purge": {"user_id": ada.user.id, "website_id": website.id}}
    assert cleanup(json.loads(json.dumps(event)), context) == {"purged": 1}
    assert left(ada, website) == 0
    assert ada.ask("GET", "/generations/history")[1]["total"] == 0
    assert place.stored_keys() == []
    assert cleanup(event, context) == {"purged": 0}
