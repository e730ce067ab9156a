"""A CommonMark parser reads the same text and structure from the Markdown as the HTML has."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.single_pages import HTML_IN_UTF8, convert
from testkit.markdown_reading import blocks_of
from testkit.random_documents import Source, documents, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://example.com/bakery/bread.html"
EXAMPLES = int(os.environ.get("LLMREADY_FUZZ_DOCUMENTS", "120"))
# Code directly behind a bare address is written as text, because some parsers read its backtick as a part of the
# address.
CODE_BEHIND_ADDRESS = re.compile(r"http://(?:[^\s<]|<(?!code|br|/?(?:p|h\d|li|t[dh]|div)\b)[^>]*>)*<code>")
LEAD = "Baking at home takes a day, of which the baker works for less than half an hour."


@pytest.fixture(scope="module")
def to_markdown() -> Iterator[Callable[[str], str]]:
    with asyncio.Runner() as runner:
        converter = Converter()
        runner.run(converter.start())

        def converted(source: str) -> str:
            page = (
                f"<title>Bread</title><main><h1>Bread</h1><p>{LEAD}</p>{source}<p>{LEAD} It ends.</p></main>"
            )
            return runner.run(convert(page.encode(), HTML_IN_UTF8, URL, converter)).markdown

        yield converted
        runner.run(converter.close())


@settings(
    max_examples=EXAMPLES,
    derandomize="LLMREADY_FUZZ_DOCUMENTS" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(document=documents)
def test_markdown_keeps_text_and_structure(to_markdown: Callable[[str], str], document: list[Source]) -> None:
    source = "".join(block.source for block in document)
    assume(CODE_BEHIND_ADDRESS.search(source) is None)
    markdown = to_markdown(source)
    assert blocks_of(markdown)[2:-1] == merged(document), f"{source}\n----\n{markdown}"
