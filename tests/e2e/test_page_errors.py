"""If some pages fail, the generation completes with the others and lists the failed ones."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from testkit.sites import Answer, page, serve
from testkit.system import Person, System

pytestmark = pytest.mark.e2e

BROKEN = [f"/broken/{number:03}" for number in range(60)]


def _half_broken(path: str, _url: str) -> Answer:
    if path == "/":
        return Answer(page("Home", "What this site is about. " * 9, (*BROKEN, "/good", "/down", "/round")))
    if path == "/good":
        return Answer(page("Good", "A page that is there. " * 9))
    if path == "/down":
        return Answer("", status=500)
    if path == "/round":
        return Answer("", status=302, headers=(("Location", "/round?again"),))
    if path == "/round?again":
        return Answer("", status=302, headers=(("Location", "/round"),))
    return Answer("gone", status=404)


def _gone(_path: str, _url: str) -> Answer:
    return Answer("gone", status=404)


@pytest.fixture(scope="module")
def owner(system: System) -> Person:
    return system.user("pro")


@pytest.fixture(scope="module")
def partly(owner: Person, site_ports: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return a generation of a site of which half of the pages fail, and the URL of the site."""
    with serve(_half_broken, port=site_ports[-2]) as site:
        yield site.url.rstrip("/"), owner.finished(owner.start(owner.website(site.url)))


def _all(person: Person, generation: str, per_page: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    for _ in range(100):
        answer = person.http.get(f"/generations/{generation}/errors", params={"per_page": per_page, **cursor})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"items", "next_cursor"}
        assert len(body["items"]) <= per_page
        found += body["items"]
        if body["next_cursor"] is None:
            return found
        cursor = {"cursor": body["next_cursor"]}
    raise AssertionError("the list does not end")


def test_failed_pages_are_listed(owner: Person, partly: tuple[str, dict[str, Any]]) -> None:
    origin, done = partly
    assert (done["status"], done["pages_crawled"]) == ("completed", 2), done
    assert done["pages_failed"] == 62
    items = _all(owner, done["id"], 25)
    assert all(set(item) == {"url", "code", "detail"} for item in items)
    codes = {item["url"].removeprefix(origin): item["code"] for item in items}
    assert len(items) == len(codes) == 62
    assert {codes[path] for path in BROKEN} == {"http_error"}
    assert (codes["/down"], codes["/round"]) == ("server_error", "too_many_redirects")
    assert all(item["detail"].endswith(".") for item in items)
    assert items == _all(owner, done["id"], 100) == _all(owner, done["id"], 7)


def test_the_manifest_says_the_same(owner: Person, partly: tuple[str, dict[str, Any]]) -> None:
    _, done = partly
    location = owner.http.get(f"/generations/{done['id']}/download").headers["Location"]
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(location).content))
    failures = json.loads(archive.read("manifest.json"))["failures"]
    assert sorted(failures, key=str) == sorted(_all(owner, done["id"], 50), key=str)


def test_failed_pages_are_hidden_from_other_users(system: System, partly: tuple[str, dict[str, Any]]) -> None:
    _, done = partly
    answer = system.user().http.get(f"/generations/{done['id']}/errors")
    assert (answer.status_code, answer.json()["code"]) == (404, "generation_not_found")


@pytest.mark.parametrize("cursor", ["x", "ZXJyb3JzOi0x", "ZXJyb3JzOjk5OTk5", "%00", "a" * 201, ""])
def test_invented_cursor_is_refused(cursor: str, owner: Person, partly: tuple[str, dict[str, Any]]) -> None:
    answer = owner.http.get(f"/generations/{partly[1]['id']}/errors", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_site_without_pages_fails_with_its_reason(owner: Person, site_ports: list[int]) -> None:
    with serve(_gone, port=site_ports[-3]) as site:
        done = owner.finished(owner.start(owner.website(site.url)))
    assert (done["status"], done["error_code"]) == ("failed", "http_error")
    assert done["error_message"] == f"{site.url} answers 404."
    assert _all(owner, done["id"], 50) == [
        {"url": site.url, "code": "http_error", "detail": f"{site.url} answers 404."}
    ]
