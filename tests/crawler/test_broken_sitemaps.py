"""Sitemaps that are not well-formed XML are read on after the error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from llmready.crawler.fetch.sitemap_file import MAX_SITEMAPS, MAX_URLS, Sitemap, parse_sitemap
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, page, serving

if TYPE_CHECKING:
    from pathlib import Path

HOME = parse("https://bakery.example/sitemap.xml")
XML = '<?xml version="1.0" encoding="UTF-8"?>'
NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
A, B, C = (f"<url><loc>https://bakery.example/{name}</loc></url>" for name in "abc")


def _read(xml: str | bytes) -> Sitemap:
    return parse_sitemap(xml if isinstance(xml, bytes) else xml.encode(), HOME)


def _paths(found: Sitemap) -> list[str]:
    return [entry.url.target for entry in found.pages]


def _set(inner: str, head: str = XML) -> str:
    return f'{head}<urlset xmlns="{NS}">{inner}</urlset>'


ERRORS = {
    "undeclared image": f"{A}<url><image:image><image:loc>/i.png</image:loc></image:image><loc>/c</loc></url>{B}",
    "undeclared xhtml": f'{A}<url><xhtml:link rel="alternate" hreflang="de" href="/de"/><loc>/c</loc></url>{B}',
    "undeclared video": f"{A}<url><loc>/c</loc><video:video><loc>/v</loc></video:video></url>{B}",
    "mismatch": f"{A}<url><loc>/c</lco></url>{B}",
    "unclosed": f"{A}<url><loc>/c</url>{B}",
    "unclosed entry": f"{A}<url><loc>/c</loc>{B}",
    "missing tags between": f"{A}</lru><url><loc>/c</loc><loc>/b</loc></url>",
    "end tag of nothing": f"{A}</loc><url><loc>/c</loc></url>{B}",
    "less than": f"{A}<url><loc>/c</loc><n>1 < 2</n></url>{B}",
    "reference to NUL": f"{A}&#0;<url><loc>/c</loc></url>{B}",
    "attribute twice": f"{A}<url a='1' a='2'><loc>/c</loc></url>{B}",
    "attribute without quotes": f"{A}<url><loc a=b>/c</loc></url>{B}",
    "hyphens in a comment": f"{A}<!-- a -- b -->{C}{B}",
    "comment without end": f"{A}{C}<!-- a {B}",
    "second root": f"{A}{C}</urlset><urlset>{B}",
    "script behind": f"{A}{C}{B}</urlset><script>1</script>",
}


@pytest.mark.parametrize("name", ERRORS)
def test_the_rest_behind_an_error_is_read_and_reported(name: str) -> None:
    found = _read(_set(ERRORS[name]))
    assert sorted(set(_paths(found))) == ["/a", "/b", "/c"]
    assert not found.is_complete


HEADS = {
    "warning": f"<br />\n<b>Warning</b>: foo in bar on line <b>3</b><br />\n{XML}",
    "text": f"Warning: foo in bar on line 3\n{XML}",
    "text before a prefix": "Notice: foo\n",
    "declaration twice": f"{XML}\n{XML}",
    "comment": f"<!-- made by hand -->{XML}",
    "unknown encoding": '<?xml version="1.0" encoding="utf8mb4"?>',
    "wrong encoding": '<?xml version="1.0" encoding="utf-16"?>',
    "entity": f'{XML}<!DOCTYPE urlset [<!ENTITY a "b">]>',
}


@pytest.mark.parametrize("name", HEADS)
def test_a_wrong_beginning_loses_nothing_and_is_reported(name: str) -> None:
    found = _read(_set(A + B, HEADS[name]))
    assert _paths(found) == ["/a", "/b"]
    assert not found.is_complete


def test_prefixes_without_a_declaration_and_capital_letters() -> None:
    inner = "<s:url><s:loc>/a</s:loc><s:priority>0.9</s:priority></s:url>"
    found = _read(f"<s:urlset>{inner}</s:urlset>")
    assert [(entry.url.path, entry.priority) for entry in found.pages] == [("/a", 0.9)]
    assert not found.is_complete
    found = _read("<URLSET><URL><LOC>/a</LOC></URL><Url><Loc>/b</Loc></Url></URLSET>")
    assert (_paths(found), found.is_complete) == (["/a", "/b"], True)


def test_bytes_of_another_encoding() -> None:
    body = _set(f"{A}<url><loc>/café</loc></url>{B}").encode("latin-1")
    assert _paths(_read(body)) == ["/a", "/caf%C3%A9", "/b"]


def test_character_references_and_cdata_are_decoded() -> None:
    inner = "<url><loc><![CDATA[/a?x=1&amp;]]>&amp;y=&#50;&copy=3&nothing;</loc></bad></url>"
    assert _paths(_read(_set(inner))) == ["/a?x=1&amp;&y=2&copy=3&nothing;"]


def test_entities_of_the_document_are_not_used() -> None:
    found = _read(_set(f"<url><loc>/x&e;</loc></url>{A}", '<!DOCTYPE urlset [<!ENTITY e "no">]>'))
    assert (_paths(found), found.is_complete) == (["/a"], False)


def test_an_address_that_is_cut_off_is_left_out() -> None:
    for end in ("/c", "/c</lo", "/c<!-- "):
        assert _paths(_read(f"<urlset>{A}{B}<url><loc>{end}")) == ["/a", "/b"]


def test_an_index_and_feeds_with_errors() -> None:
    found = _read("<sitemapindex><sitemap><loc>/a.xml</loc></bad></sitemap></sitemapindex>")
    assert [url.path for url in found.sitemaps] == ["/a.xml"]
    assert not found.pages
    rss = "<rss><channel><link>/</link><item><title>R&D <b></title><link>/a</link></item></channel></rss>"
    assert _paths(_read(rss)) == ["/a"]
    links = "<link rel='self' href='/x'/><link href='/a'/>"
    assert _paths(_read(f"<feed><link href='/'/><entry>{links}<b></entry></feed>")) == ["/a"]


def test_the_first_link_of_an_entry_to_a_translation_is_not_its_address() -> None:
    link = '<x:link xmlns:x="http://www.w3.org/1999/xhtml" rel="alternate" href="/de"/>'
    assert _paths(_read(_set(f"<url>{link}<loc>/a</loc></url>"))) == ["/a"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_with_a_byte_order_mark(encoding: str) -> None:
    text = "https://bakery.example/a\nhttps://bakery.example/b\n"
    assert _paths(_read(text.encode(encoding))) == ["/a", "/b"]


@pytest.mark.parametrize(
    "body", ["<!doctype html><p>No <b>map</p>", "<html><body><a>x</b><loc>/a</loc>", "", "<"]
)
def test_other_documents_are_neither_used_nor_reported(body: str) -> None:
    found = _read(body)
    assert (_paths(found), found.sitemaps, found.is_complete) == ([], [], True)


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a",
        "<a ",
        "<!--",
        "<![CDATA[",
        "<loc>",
        "<url><loc>",
        "&",
        "<a:",
        "</",
        "<link href='",
        "x",
        "<a>" * 9,
    ],
)
def test_hostile_text_behind_an_error_takes_little_time(unit: str) -> None:
    began = time.process_time()
    found = _read(f"<urlset><url><loc>/a</loc></b></url>{unit * (3_000_000 // len(unit))}")
    assert time.process_time() - began < 6
    assert not found.is_complete
    assert _paths(found)[:1] == ["/a"]


def test_the_limits_hold_behind_an_error() -> None:
    assert len(_read(f"<urlset></b>{A * (MAX_URLS + 10)}").pages) == MAX_URLS
    index = "<sitemap><loc>/a.xml</loc></sitemap>" * (MAX_SITEMAPS + 10)
    assert len(_read(f"<sitemapindex></b>{index}").sitemaps) == MAX_SITEMAPS
    assert _paths(_read(f"<urlset></b><url><loc>/{'a' * 20_000}</loc></url>{B}")) == ["/b"]


def test_a_crawl_reads_a_broken_sitemap_and_warns(tmp_path: Path) -> None:
    sitemap = Answer(_set(A + B).replace("https://bakery.example", "").replace("</url>", "</lru>", 1))
    pages = {"/": page("Home"), "/a": page("A", "<p>Words of a.</p>"), "/b": page("B", "<p>Words of b.</p>")}
    with serving({**pages, "/sitemap.xml": sitemap}) as site:
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/a", "/b"}
    assert "could be read only in part" in " ".join(found.manifest["notes"])
