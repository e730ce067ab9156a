"""Random pages of hostile text and nesting are converted, and their Markdown contains no active parts."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from llmready.crawler.convert.destinations import is_safe
from llmready.crawler.convert.node_child import Converter
from llmready.crawler.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

PAGES = int(os.environ.get("LLMREADY_FUZZ_DOCUMENTS", "500"))
URL = "https://example.com/bakery/bread.html"
OWN_TAGS = {"<br>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>"}
"""Tags that the converter writes in the cells of tables."""
OUTER = ("a", "td", "th", "h2", "li", "figcaption", "button", "summary")
BLOCKS = """
    address article aside blockquote center details dialog dir div dl dt dd fieldset figure figcaption footer form h1
    h3 header hgroup hr li listing main menu nav ol p plaintext pre search section summary table tr td th caption ul
    xmp a b em del code math script iframe img button template noscript textarea svg q sup rt
""".split()  # noqa: SIM905
SIGNS = [
    *"<>[](){}!*_~`#+-=|:.$\\/&;\"'%1ax \n",
    *"\u2028\u0085\u200b\U000e0041\r",
    *"""
    &lt; &gt; &amp; &#91; &#93; &#13; &#x2028; &#x2029; &#x85; &#0; &#x200b; &#xad; &#x2060; &#xfeff; &#x202e; &Tab;
    &NewLine; &nbsp; &zwj; &colon; &lpar; &emsp; &lt;img &lt;/p &lt;!-- &lt;? &lt;a&#32;href=javascript:1&gt;
    javascript: ](javascript:1) ]: [x] [x]: ``` ~~~ --- $$ \\( \\) \\[ \\] &lt;&#x200b;img&#32;src=x&#32;onerror=y&gt;
    <br> <b> </b> <i> </i> <code> </code> <span> </span> <!----> <wbr> <sup> </sup> </a> </math>
    <p> </p> <pre> </pre> <ul><li> </ul> <blockquote> </blockquote> <h2> </h2> <table><tr><td> <td> <tr><td> </table>
    """.split(),  # noqa: SIM905
    "<a href=/x>",
    "<a href='#x'>",
    "<img src=/i.png alt='&lt;img&#x2028;&#x2028;&lt;p&gt;`[x]: '>",
    "<math alttext='&lt;img ` [x]: javascript:1'>",
    "<script type=math/tex><img ` </script>",
    "<input type=checkbox>",
]


@pytest.fixture(scope="module")
def converter() -> Iterator[tuple[asyncio.Runner, Converter]]:
    with asyncio.Runner() as runner:
        child = Converter()
        runner.run(child.start())
        yield runner, child
        runner.run(child.close())


def nested(choice: random.Random, depth: int) -> str:
    """Return elements in each other, with and without attributes and end tags."""
    parts = []
    for number in range(choice.randint(1, 3)):
        tag = choice.choice(OUTER if depth % 2 == 0 else BLOCKS)
        inner = nested(choice, depth - 1) if depth else f"text {number}"
        given = {
            "a": " href=/x",
            "img": " src=/i.png alt=i",
            "iframe": " src='https://youtube.com/embed/x'",
        }.get(tag, "")
        parts.append(f"<{tag}{given}>{inner}{choice.choice((f'</{tag}>', f' more</{tag}>', ''))}")
    return " and ".join(parts)


def test_every_nesting_of_elements_is_converted(converter: tuple[asyncio.Runner, Converter]) -> None:
    runner, child = converter
    choice = random.Random(20)
    for _ in range(PAGES):
        page = f"<main><h1>Bread</h1><p>It is baked.</p>{nested(choice, 4)}</main>"
        try:
            assert runner.run(child.convert(page.encode(), URL)), page
        except Failure as failure:
            pytest.fail(f"{failure}: {page}")


def test_nothing_that_the_converter_writes_acts(converter: tuple[asyncio.Runner, Converter]) -> None:
    """The Markdown is examined before cleaning, so that only the converter is tested."""
    runner, child = converter
    choice = random.Random(21)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 - the worst case
    for _ in range(PAGES):
        body = "".join(choice.choices(SIGNS, k=choice.randint(5, 60)))
        page = f"<main><h1>Bread</h1><p>It is baked.</p><p>{body}</p><p>It ends.</p></main>"
        markdown = runner.run(child.convert(page.encode(), URL))
        assert (found := acting(parser.parse(markdown))) == [], f"{found}\n{page!r}\n{markdown!r}"


def test_unclosed_formula_does_not_depend_on_the_page_before(
    converter: tuple[asyncio.Runner, Converter],
) -> None:
    runner, child = converter
    longer = f"<main><h1>Bread</h1>{'<div>' * 40}<p>It {'is baked ' * 2000}</p>{'</div>' * 40}</main>"
    page = "<main><h1>Bread</h1><p>It is baked à point, and then <math alttext='a+b'><mi>a"
    runner.run(child.convert(longer.encode(), URL))
    assert runner.run(child.convert(page.encode(), URL)).endswith("and then $a+b$")


def test_a_page_of_very_many_headings_is_converted(converter: tuple[asyncio.Runner, Converter]) -> None:
    runner, child = converter
    page = f"<main><h1>Bread</h1><p>It is baked.</p>{'<h2>' * 200_000}"
    assert runner.run(child.convert(page.encode(), URL)) == "# Bread\n\nIt is baked."


def acting(tokens: list[Token]) -> list[str]:
    """Return raw HTML that the converter does not write, and destinations with an unsafe scheme."""
    found = []
    for token in tokens:
        if token.type in ("html_inline", "html_block") and token.content not in OWN_TAGS:
            found.append(token.content)
        found += [
            str(value)
            for name, value in token.attrs.items()
            if name in ("href", "src") and not is_safe(str(value))
        ]
        found += acting(token.children or [])
    return found
