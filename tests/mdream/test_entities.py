"""Character references: all names of the standard in text, and the special rule for attributes."""

from __future__ import annotations

import html
from html.entities import html5
from typing import TYPE_CHECKING

import pytest

from llmready.crawler.characters import clean_text
from llmready.crawler.convert.node_child import Converter
from llmready.crawler.single_pages import HTML_IN_UTF8, convert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://example.com/bread.html"
NUMBERS = [
    "&#65;",
    "&#x41;",
    "&#X41",
    "&#128;",
    "&#0;",
    "&#x110000;",
    "&#xD800;",
    "&#8364",
    "&#;",
    "&#x;",
    "&nonsense;",
]


@pytest.fixture
async def converter() -> AsyncIterator[Converter]:
    started = Converter()
    await started.start()
    yield started
    await started.close()


async def test_every_character_reference_is_resolved(converter: Converter) -> None:
    references = [f"&{name}" for name in sorted(html5)] + NUMBERS
    lines = [f"{number} {reference} ." for number, reference in enumerate(references)]
    code = "\n".join(lines)
    page = f"<main><pre><code>{code}</code></pre></main>".encode()
    markdown = (await convert(page, HTML_IN_UTF8, URL, converter)).markdown
    # Highlighters write the indentation of code with no-break spaces, which a compiler would refuse.
    expected = clean_text(html.unescape(code)).replace("\u00a0", " ")
    shown = markdown.partition("\n")[2].rpartition("\n```")[0]
    assert len(html5) == 2231
    assert shown.split("\n") == expected.split("\n")


async def test_query_parameter_is_not_a_character_reference(converter: Converter) -> None:
    page = (
        b"<main><p>Bread: <a href='/a?x=1&copy=2&lt=3&amp;reg;=4&eacute;;=5'>all kinds</a> of it.</p></main>"
    )
    markdown = (await convert(page, HTML_IN_UTF8, URL, converter)).markdown
    assert "(https://example.com/a?x=1&copy=2&lt=3&amp;reg;=4%C3%A9;=5)" in markdown
