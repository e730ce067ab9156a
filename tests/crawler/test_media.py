"""Which responses are pages: media types as browsers read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from multidict import CIMultiDict

from llmready.crawler.fetch.response import Response
from llmready.crawler.page.media import Media, is_page, media_of
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving

if TYPE_CHECKING:
    from pathlib import Path

URL = parse("https://bakery.example/rolls")
AS_HTML = (
    "text/html, text/html; charset=utf-8",
    "text/html charset=utf-8",
    "text/html;;charset=utf-8",
    "TEXT/HTML ; charset=utf-8",
    "text/html, */*",
    "text/plain, text/html",
    '"text/html"',
    "html",
    "text",
    "charset=utf-8",
    "none",
    "*/*",
    "unknown/unknown",
    "application/unknown",
    "",
)


def _media(body: bytes, *types: str) -> Media:
    response = Response(URL, 200, CIMultiDict([("Content-Type", kind) for kind in types]), body)
    found = media_of(response)
    assert is_page(response) or found is Media.OTHER
    return found


@pytest.mark.parametrize("kind", AS_HTML)
def test_types_that_browsers_show_as_html(kind: str) -> None:
    assert _media(b"\n<!doctype html><p>Rolls", kind) is Media.HTML


@pytest.mark.parametrize(
    ("types", "media"),
    [
        (("text/plain", "text/html"), Media.HTML),
        (("text/html", "text/plain; charset=utf-8"), Media.TEXT),
        (("text/html", "*/*"), Media.HTML),
        (("text/html", "odd"), Media.HTML),
        (("text/html, application/pdf",), Media.OTHER),
        (("application/json",), Media.OTHER),
        (("application/octet-stream",), Media.OTHER),
    ],
)
def test_the_last_valid_type_counts(types: tuple[str, ...], media: Media) -> None:
    assert _media(b"<p>Rolls", *types) is media


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n\0\0<p>",
        b'{"html": "<p>"}',
        b"<?xml version='1.0'?><rss>",
        b" <svg>",
        b"only text",
        b"",
    ],
)
@pytest.mark.parametrize("kind", ["*/*", "", "html"])
def test_other_bodies_without_a_type_are_no_pages(body: bytes, kind: str) -> None:
    assert _media(body, kind) is Media.OTHER


def test_pages_with_unusual_types_are_kept(tmp_path: Path) -> None:
    kinds = {f"/{number}": kind for number, kind in enumerate(AS_HTML)}

    def served(path: str) -> Answer:
        body = page(f"Page {path}", f"<p>The pâte of {path}.</p>{links(*kinds)}")
        return Answer(body, headers={"Content-Type": kinds.get(path, "text/html, text/html; charset=utf-8")})

    with serving({path: served(path) for path in ("/", *kinds)}) as site:
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", *kinds}
    assert found.full.count("The pâte of") == len(kinds) + 1
