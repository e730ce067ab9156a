"""Responses of earlier crawls: revalidation, and sharing of publicly cacheable responses."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from llmready.crawler.fetch.http_cache import (
    CachedResponse,
    CacheFile,
    CacheWriter,
    HttpCache,
    fresh_seconds,
)
from llmready.crawler.fetch.response import Response
from llmready.crawler.urls import parse
from testkit.crawler_program import Run, call
from testkit.serving import HTML, Answer, Request, Site, links, page, serving

NAMES = [f"/p{number}" for number in range(8)]
FRESH = {"Content-Type": HTML, "Cache-Control": "public, max-age=3600"}


class Edition:
    """A site whose pages have validators, and that records the pages that it sent in full."""

    def __init__(self, site: Site, validator: str) -> None:
        self.pages = {"/": page("Home", links(*NAMES)), **{name: page(f"Page {name}") for name in NAMES}}
        self.headers: dict[str, str] = {}
        self.full: list[str] = []
        self._validator = validator
        site.answer_request = self._answer

    def _answer(self, request: Request) -> Answer | None:
        body = self.pages.get(request.path)
        if body is None:
            return None
        mark = f"{sum(body.encode())}"
        if self._validator == "ETag":
            given, sent = request.headers.get("If-None-Match"), {"ETag": f'"{mark}"'}
        else:
            stamp = f"Mon, 01 Jan 2024 00:00:{int(mark) % 60:02} GMT"
            given, sent = request.headers.get("If-Modified-Since"), {"Last-Modified": stamp}
        if given in sent.values():
            return Answer(status=304, headers=sent)
        self.full.append(request.path)
        return Answer(body, headers={"Content-Type": HTML, **sent, **self.headers})


def _kept(path: Path) -> list[CachedResponse]:
    with closing(CacheFile(path)) as file:
        return list(file.index.values())


def _files(run: Run) -> dict[str, bytes]:
    return {
        str(file.relative_to(run.out)): file.read_bytes()
        for file in run.out.rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }


@pytest.mark.parametrize("validator", ["ETag", "Last-Modified"])
def test_unchanged_pages_are_not_downloaded_again(validator: str, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{number}.answers" for number in range(3))
    with serving({}) as site:
        edition = Edition(site, validator)
        whole = call(site.url, tmp_path / "a", "--keep", str(first)).completed()
        assert sorted(edition.full) == ["/", *NAMES]

        edition.full.clear()
        again = call(site.url, tmp_path / "b", "--previous", str(first), "--keep", str(second)).completed()
        assert edition.full == []
        assert _files(again) == _files(whole)

        edition.pages["/p3"] = page("Page three, rewritten", links("/new"))
        edition.pages["/new"] = page("New")
        changed = call(site.url, tmp_path / "c", "--previous", str(second), "--keep", str(third)).completed()
        assert sorted(edition.full) == ["/new", "/p3"]
        assert changed.urls(site.url) == {"/", *NAMES, "/new"}
        assert "Page three, rewritten" in changed.full
        # The cache for the next crawl is complete, although most of its responses were not sent again.
        edition.full.clear()
        call(site.url, tmp_path / "d", "--previous", str(third)).completed()
        assert edition.full == []


def test_removed_page_is_not_kept(tmp_path: Path) -> None:
    kept = tmp_path / "kept.answers"
    with serving({}) as site:
        edition = Edition(site, "ETag")
        call(site.url, tmp_path / "a", "--keep", str(kept)).completed()
        del edition.pages["/p5"]
        found = call(site.url, tmp_path / "b", "--previous", str(kept)).completed()
    assert found.urls(site.url) == {"/", *NAMES} - {"/p5"}
    assert [one["code"] for one in found.manifest["failures"]] == ["http_error"]


def test_page_with_new_noindex_is_left_out(tmp_path: Path) -> None:
    kept = tmp_path / "kept.answers"
    with serving({}) as site:
        edition = Edition(site, "ETag")
        call(site.url, tmp_path / "a", "--keep", str(kept)).completed()
        answer = site.answer_request
        assert answer is not None

        def forbidding(request: Request) -> Answer | None:
            found = answer(request)
            if request.path == "/p5" and found is not None:
                found.headers["X-Robots-Tag"] = "noindex"
            return found

        site.answer_request = forbidding
        found = call(site.url, tmp_path / "b", "--previous", str(kept)).completed()
    assert "/p5" in edition.full
    assert found.urls(site.url) == {"/", *NAMES} - {"/p5"}


@pytest.mark.parametrize("harm", ["cut", "garbage", "flipped", "empty", "missing"])
def test_a_damaged_file_counts_as_empty(harm: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.answers"
    with serving({}) as site:
        edition = Edition(site, "ETag")
        call(site.url, tmp_path / "a", "--keep", str(kept)).completed()
        data = kept.read_bytes()
        broken = {
            "cut": data[: len(data) // 2],
            "garbage": bytes(range(256)) * 40,
            # The bodies are damaged, not the index, so the damage is detected when a body is read.
            "flipped": bytes(byte ^ 0xFF for byte in data[: len(data) // 3]) + data[len(data) // 3 :],
            "empty": b"",
        }.get(harm)
        if broken is None:
            kept.unlink()
        else:
            kept.write_bytes(broken)
        edition.full.clear()
        found = call(site.url, tmp_path / "b", "--previous", str(kept)).completed()
    assert found.urls(site.url) == {"/", *NAMES}
    assert edition.full


def test_fresh_shared_responses_are_used_without_a_request(tmp_path: Path) -> None:
    first, second = tmp_path / "first.answers", tmp_path / "second.answers"
    pages: dict[str, Answer | str] = {
        "/": Answer(page("Home", links("/public", "/private")), headers=FRESH),
        "/public": Answer(page("Public"), headers=FRESH),
        "/private": Answer(page("Private"), headers={**FRESH, "Set-Cookie": "visitor=1"}),
    }
    with serving(pages) as site:
        whole = call(site.url, tmp_path / "a", "--share", str(first)).completed()
        asked = len(site.requests)
        again = call(site.url, tmp_path / "b", "--shared", str(first), "--share", str(second)).completed()
        assert {"/", "/public"}.isdisjoint(site.paths[asked:])
        assert "/private" in site.paths[asked:]
        assert _files(again) == _files(whole)
        for request in site.requests:
            assert {"cookie", "authorization"}.isdisjoint(name.lower() for name in request.headers)
    # Fresh responses of other crawls are kept for later crawls.
    assert {known.url for known in _kept(second)} >= {f"{site.url}/", f"{site.url}/public"}


@pytest.mark.parametrize("status", [200, 304])
def test_a_page_that_was_changed_right_before_the_first_crawl_stays_the_same(
    status: int, tmp_path: Path
) -> None:
    changed = datetime(2025, 3, 1, 12, tzinfo=UTC)
    sent = changed + timedelta(seconds=30)
    files = [tmp_path / f"{number}.answers" for number in range(3)]
    found: list[dict[str, bytes]] = []
    with serving({}) as site:

        def answer(request: Request) -> Answer | None:
            if request.path != "/":
                return None
            dates = {
                "Last-Modified": format_datetime(changed, usegmt=True),
                "Date": format_datetime(sent, usegmt=True),
            }
            if status == 304 and "If-Modified-Since" in request.headers:
                return Answer(status=304, headers=dates)
            return Answer(page("Home"), headers={"Content-Type": HTML, **dates})

        site.answer_request = answer
        found.append(_files(call(site.url, tmp_path / "0", "--keep", str(files[0])).completed()))
        for number in (1, 2):
            sent += timedelta(days=1)
            words = ("--previous", str(files[number - 1]), "--keep", str(files[number]))
            found.append(_files(call(site.url, tmp_path / str(number), *words).completed()))
    assert found[0] == found[1] == found[2]


def test_only_publicly_cacheable_responses_are_shared(tmp_path: Path) -> None:
    shared = tmp_path / "shared.answers"
    headers = {
        "max-age": {"Cache-Control": "max-age=60"},
        "s-maxage": {"Cache-Control": "max-age=0, s-maxage=60"},
        "expires": {"Expires": "Fri, 01 Jan 2100 00:00:00 GMT"},
        "vary-encoding": {"Cache-Control": "max-age=60", "Vary": "Accept-Encoding, Accept"},
        "no-freshness": {"ETag": '"1"'},
        "cookie": {"Cache-Control": "max-age=60", "Set-Cookie": "a=b"},
        "vary-cookie": {"Cache-Control": "max-age=60", "Vary": "Accept-Encoding, Cookie"},
        "vary-all": {"Cache-Control": "max-age=60", "Vary": "*"},
        "private": {"Cache-Control": "private, max-age=60"},
        "no-store": {"Cache-Control": "no-store, max-age=60"},
        "no-cache": {"Cache-Control": "no-cache, max-age=60"},
        "zero": {"Cache-Control": "max-age=0"},
        "old": {"Cache-Control": "max-age=60", "Age": "60"},
        "expired": {"Expires": "0"},
    }
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*(f"/{name}" for name in headers))),
        **{
            f"/{name}": Answer(page(name), headers={"Content-Type": HTML, **own})
            for name, own in headers.items()
        },
    }
    with serving(pages) as site:
        call(site.url, tmp_path / "run", "--share", str(shared)).completed()
    assert {known.url.removeprefix(f"{site.url}/") for known in _kept(shared)} == {
        "max-age",
        "s-maxage",
        "expires",
        "vary-encoding",
    }


def test_shared_responses_are_fresh_for_a_day_at_most() -> None:
    assert fresh_seconds({"Cache-Control": "max-age=999999999"}) == 86_400
    assert fresh_seconds({"Cache-Control": "public, max-age=99"}) == 99


@pytest.mark.parametrize(
    "lines",
    [
        [("Cache-Control", "public, max-age=600"), ("Cache-Control", "private, no-store")],
        [("cache-control", "public, max-age=600"), ("Cache-Control", "no-cache")],
        [("Cache-Control", "max-age=600"), ("Vary", "Accept"), ("Vary", "Cookie")],
        [("Cache-Control", "max-age=600"), ("Vary", "Accept-Encoding"), ("vary", "*")],
        [("Cache-Control", "max-age=600"), ("Cache-Control", "max-age=0")],
        [("Cache-Control", "max-age=0"), ("Cache-Control", "max-age=600")],
    ],
)
def test_each_line_of_a_header_can_forbid_sharing(lines: list[tuple[str, str]]) -> None:
    assert fresh_seconds(CIMultiDict(lines)) == 0


@pytest.mark.parametrize("seconds", [90_000, 1e18, float("inf"), float("nan")], ids=str)
def test_a_shared_file_cannot_be_fresh_for_longer_than_a_day(tmp_path: Path, seconds: float) -> None:
    response = Response(parse("https://example.org/"), 200, CIMultiDict(), b"<p>text")
    for file, fresh_until in (("good", time.time() + 86_400), ("bad", time.time() + seconds)):
        with CacheWriter(tmp_path / file) as writer:
            writer.add(response, "text/html", fresh_until)
    assert (_entries(tmp_path / "good"), _entries(tmp_path / "bad")) == (1, 0)
    with HttpCache(shared=tmp_path / "bad", share=tmp_path / "next") as cache:
        assert cache.find(response.url, "text/html") is None
    assert _entries(tmp_path / "next") == 0


@pytest.mark.parametrize("headers", [["a"], "text", 1, None], ids=str)
def test_a_file_with_headers_of_another_type_counts_as_empty(tmp_path: Path, headers: Any) -> None:
    with CacheWriter(tmp_path / "bad") as writer:
        writer.copy(CachedResponse("https://example.org/", "text/html", "", "", headers, 0, 0, 0, 0), b"")
    assert _entries(tmp_path / "bad") == 0


def _entries(file: Path) -> int:
    with closing(CacheFile(file)) as cache:
        return len(cache.index)


def test_stale_shared_response_is_revalidated(tmp_path: Path) -> None:
    shared = tmp_path / "shared.answers"
    with serving({}) as site:
        edition = Edition(site, "ETag")
        edition.headers = {"Cache-Control": "max-age=3600", "Age": "3599"}
        call(site.url, tmp_path / "a", "--share", str(shared)).completed()
        edition.full.clear()
        _expire(shared)
        call(site.url, tmp_path / "b", "--shared", str(shared)).completed()
        assert edition.full == []
        conditional = [request.path for request in site.requests if "If-None-Match" in request.headers]
        assert sorted(conditional) == ["/", *NAMES]


def _expire(path: Path) -> None:
    """Rewrite an HTTP cache as if some time had passed."""
    with closing(CacheFile(path)) as old:
        bodies = [(known, old.packed(known)) for known in old.index.values()]
    with CacheWriter(path) as writer:
        for known, packed in bodies:
            fields = {name: getattr(known, name) for name in CachedResponse.__slots__}
            writer.copy(CachedResponse(**{**fields, "fresh_until": 1.0}), packed)


def test_a_shared_file_cannot_smuggle_headers(tmp_path: Path) -> None:
    """The crawler that wrote the file may have been taken over by a page."""
    shared = tmp_path / "shared.answers"
    with serving({"/": page("Home", links("/p"))}) as site:
        with CacheWriter(shared) as writer:
            writer.copy(
                CachedResponse(f"{site.url}/p", "text/html", "x\r\nCookie: a=b", "", {}, 0.0, 0, 0, 0), b""
            )
        found = call(site.url, tmp_path / "run", "--shared", str(shared)).completed()
        assert found.urls(site.url) == {"/"}
        assert not [request for request in site.requests if "Cookie" in json.dumps(request.headers)]
