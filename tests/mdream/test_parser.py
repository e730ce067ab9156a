"""The converter's parser reads invalid HTML as browsers do, within limits."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.page.parse_limits import is_sane
from testkit.parser_trees import trees

URL = "https://example.com/docs/page.html"
MOST_SECONDS = 8.0
MOST_MEGABYTES = 400
MOST_GROWTH = 30
"""Characters of Markdown for each character of HTML."""


@pytest.mark.parametrize(
    ("page", "outline"),
    [
        ("<bé>wax</bé>", "<bé>wax</>"),
        ("<a href=/map>see<div>the map</a>and go", "<a /map>see</><div><a /map>the map</>and go</>"),
        ("<p><a href=/map><div>the map</div></a>", "<p><a /map></></><div><a /map>the map</></>"),
        ("<a href=/one>one<li><a href=/two>two", "<a /one>one</><li><a /one></><a /two>two</></>"),
        ("<a href=/map><x-note>the map</a>and", "<a /map><x-note>the map</></>and"),
        ("<!-- note --!>after", "after"),
        ("<!-->after", "after"),
        ("<script><!-- <script> </script> --></script>after", "<script></>after"),
        ("<head><noscript><iframe src=x></noscript>after", "<head><noscript></></>after"),
        ("<ul><li>one<ol></li><li>two</ol></ul>", "<ul><li>one<ol><li>two</></></></>"),
        ("<h2>title</h3>text", "<h2>title</>text"),
        (
            "<table><thead><th>port<tr><td>north</table>",
            "<table><thead><tr><th>port</></><tr><td>north</></></></>",
        ),
        ("<image src=x>", "<img></>"),
        ("<svg><g>drawn<p>text", "<svg><g>drawn</></><p>text</>"),
        ("<svg><title>a chart</svg>text", "<svg><title>a chart</></>text"),
        ("<td>no table</td>", "no table"),
        ("<p>one<table><tr><td>two</p>three</table>", "<p>one</><table><tr><td>two<p></>three</></></>"),
    ],
)
def test_tree_of_invalid_html(page: str, outline: str) -> None:
    (tree,) = trees([(page, False)])
    children = tree[2:]
    assert "".join(map(_outline, children)) == outline


def _outline(node: Any) -> str:
    if isinstance(node, str):
        return node
    name, attributes, *children = node
    href = f" {attributes['href']}" if attributes["href"] else ""
    inside = "" if name in ("script", "noscript") else "".join(map(_outline, children))
    return f"<{name}{href}>{inside}</>"


SHAPES = {
    "nested fonts and paragraphs": "".join(f"<font a{number}><p>x" for number in range(12_000)),
    "links left open around blocks": "<a href=x><div>y" * 30_000,
    "formatting that crosses blocks": "<b><i><a href=x><div></b></i></a>" * 20_000,
    "blocks that leave links": ("<a href=x><div>" + "<p>t</p>" * 50 + "</a>") * 2_000,
    "a table of one row": "<table><tr>" + "<td>x" * 60_000 + "</table>",
    "a wide table of many rows": "<table><tr>" + "<td>x" * 20_000 + "<tr><td>y" * 20_000 + "</table>",
    "nested blocks": "<div>" * 25_000 + "x",
    "nested unknown elements": "<x-y>" * 25_000 + "x",
    "nested lists": "<ul><li>x" * 25_000,
    "nested quotations": "<blockquote>x" * 25_000,
    "nested definitions": "<dl><dt>a<dd>" * 25_000,
    "end tags without a start": "</h1></p></li>" * 50_000,
    "comments within scripts": "<script>" + "<!-- <script " * 50_000,
    "links in noscript": "<noscript><a href=x></noscript>" * 30_000,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_parsing_time_is_proportional_to_the_size(shape: str) -> None:
    page = SHAPES[shape].encode()
    converter = Converter()
    await converter.start()
    try:
        began = time.perf_counter()
        _, markdown = await converter.read(page, URL)
        seconds = time.perf_counter() - began
        peak = _peak_megabytes(converter)
    finally:
        await converter.close()
    assert seconds < MOST_SECONDS
    assert peak < MOST_MEGABYTES
    assert len(markdown) <= MOST_GROWTH * len(page)


def _peak_megabytes(converter: Converter) -> float:
    child = converter._child
    assert child is not None
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_open_formatting_before_many_blocks_is_parsed_only_by_our_parser() -> None:
    assert not is_sane("".join(f"<font a{number}><p>x" for number in range(2_500)))
    assert is_sane("<p><b>bold</b> and <i>italic</i></p>" * 2_500)


@pytest.mark.parametrize(
    "flat",
    ["<LI>An item of an old page", "A line<BR>", "<P>A paragraph", '<line x1="1"/>', "<stop offset=1 />"],
)
def test_flat_pages_are_not_taken_for_deep_ones(flat: str) -> None:
    assert is_sane(f"<body>{flat * 6_000}")
    assert not is_sane(f"<body>{flat * 6_000}{'<div>' * 6_000}")
