"""Sitemaps and bodies that break a standard, and that browsers or other crawlers read."""

from __future__ import annotations

import gzip
import resource
import threading
import time
from urllib.parse import unquote

import pytest

from llmready.crawler.failures import Failure
from llmready.crawler.fetch.bodies import Body, Budget
from llmready.crawler.fetch.sitemap_file import MAX_SITEMAPS, parse_sitemap
from llmready.crawler.page.excerpt import first_paragraph
from llmready.crawler.urls import parse

HOME = parse("https://bakery.example/sitemap.xml")
PAGE = b"<p>Rolls at six</p>"


def _pages(xml: str | bytes) -> list[str]:
    found = parse_sitemap(xml if isinstance(xml, bytes) else xml.encode(), HOME)
    return [str(entry.url).removeprefix("https://bakery.example") for entry in found.pages]


def _set(inner: str, names: str = "") -> str:
    return f"<urlset {names}>{inner}</urlset>"


@pytest.mark.parametrize(
    ("inner", "paths"),
    [
        ("<url><loc>/a?x=1&y=2</loc></url><url><loc>/b</loc></url>", ["/a?x=1&y=2", "/b"]),
        ("<url><loc>/a</loc><n>fresh&nbsp;bread</n></url><url><loc>/b</loc></url>", ["/a", "/b"]),
        ("<url><loc>/a</loc><n>\x0b</n></url><url><loc>/b</loc></url>", ["/a", "/b"]),
    ],
)
def test_common_mistakes_in_sitemaps_lose_nothing(inner: str, paths: list[str]) -> None:
    assert _pages(_set(inner)) == paths


def test_unescaped_characters_are_repaired_anywhere_in_a_large_file() -> None:
    paths = [f"/&eacute;&eacute;&uuml;{'x' * (number % 7)}{number}" for number in range(20_000)]
    inner = "".join(f"<url><loc>{path}?a=1&b=2</loc></url>" for path in paths)
    read = [path.replace("&eacute;", "é").replace("&uuml;", "ü") for path in paths]
    assert [unquote(page) for page in _pages(_set(inner))] == [f"{path}?a=1&b=2" for path in read]


@pytest.mark.parametrize(
    "rest",
    ["<a>" * 200 + "</a>" * 200, "<a/>" * 1_100_000, "&" * 1_100_000, f"<a b='{'x' * 2_000_000}'/>"],
    ids=["deep", "many", "unescaped", "long"],
)
def test_content_before_a_limit_is_read_and_the_rest_is_reported(rest: str) -> None:
    found = parse_sitemap(_set(f"<url><loc>/a</loc></url>{rest}<url><loc>/b</loc></url>").encode(), HOME)
    assert [entry.url.path for entry in found.pages] == ["/a"]
    assert not found.is_complete


def test_deeply_nested_elements_take_no_memory() -> None:
    body = b"<urlset>" + b"<a>" * 3_300_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parse_sitemap(body, HOME)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_sitemap_is_not_read_further_once_the_crawl_has_ended() -> None:
    ended = threading.Event()
    ended.set()
    assert not parse_sitemap(_set("<url><loc>/a</loc></url>").encode(), HOME, ended).pages


def test_an_address_longer_than_any_url_is_left_out() -> None:
    assert _pages(_set(f"<url><loc>/{'a' * 20_000}</loc></url><url><loc>/b</loc></url>")) == ["/b"]


def test_the_address_of_a_picture_is_not_that_of_the_page() -> None:
    names = 'xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"'
    assert _pages(_set("<url><i:image><i:loc>/roll.png</i:loc></i:image><loc>/a</loc></url>", names)) == [
        "/a"
    ]


def test_a_sitemap_in_utf_16() -> None:
    xml = '<?xml version="1.0" encoding="utf-16"?>' + _set("<url><loc>/a</loc></url>")
    assert _pages(xml.encode("utf-16")) == ["/a"]


def test_a_huge_index_is_cut() -> None:
    index = "<sitemapindex>" + "<sitemap><loc>/x.xml</loc></sitemap>" * 200_000 + "</sitemapindex>"
    began = time.perf_counter()
    assert len(parse_sitemap(index.encode(), HOME).sitemaps) == MAX_SITEMAPS
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("encoding", ["none", "utf-8", "identity, gzip", "", "UTF-8, identity"])
def test_bodies_with_wrong_encodings_are_read(encoding: str) -> None:
    for packed in (gzip.compress(PAGE), PAGE):
        if "gzip" in encoding and packed is PAGE:
            continue
        body = Body(encoding, 1000, Budget(1000))
        for at in range(len(packed)):
            body.feed(packed[at : at + 1])
        assert body.bytes() == PAGE


def test_an_unknown_encoding_of_binary_data_is_a_failure() -> None:
    with pytest.raises(Failure, match="unknown encoding"):
        Body("compress", 1000, Budget(1000)).feed(b"\x1f\x9d\x00\x00")


def test_unpacked_bytes_count_against_the_limit() -> None:
    with pytest.raises(Failure, match="larger than"):
        Body("", 1000, Budget(10_000)).feed(gzip.compress(bytes(5000)))


@pytest.mark.parametrize("text", ["![" * 500_000, "[a](<" * 500_000, "[" * 500_000, "[a](" * 500_000])
def test_the_first_paragraph_of_hostile_text_takes_little_time(text: str) -> None:
    began = time.perf_counter()
    first_paragraph(text)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("unit", ["\\[", "[a\\", '[a](b "c\\[', "[a](b(c)"])
def test_escaped_brackets_take_no_longer_than_prose(unit: str) -> None:
    text = "x " + unit * 10_000
    began = time.process_time()
    first_paragraph(text)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (r"[all \[kinds\] of rolls](/rolls)", "all [kinds] of rolls"),
        (r"\[all kinds](/rolls)", "[all kinds](/rolls)"),
        (r"\\[all kinds](/rolls)", "\\all kinds"),
        ('[all kinds](</rolls and more> "Rolls")', "all kinds"),
        ("[all kinds](/rolls_(fresh))", "all kinds"),
    ],
)
def test_links_in_a_paragraph_are_read_as_their_text(link: str, text: str) -> None:
    assert first_paragraph(f"We bake {link} before the sun rises over the harbour. Come early.") == (
        f"We bake {text} before the sun rises over the harbour. Come early."
    )


@pytest.mark.parametrize(
    "page", ["<!doctype html><p>No sitemap here<br>", "<html><head><meta charset=utf-8></head>"]
)
def test_a_page_in_place_of_a_sitemap_is_not_reported_as_incomplete(page: str) -> None:
    found = parse_sitemap(page.encode(), HOME)
    assert (found.pages, found.is_complete) == ([], True)
