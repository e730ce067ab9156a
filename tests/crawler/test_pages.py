"""The metadata of a page, and the conversion of its HTML."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.crawler.convert.charset import decode
from llmready.crawler.convert.node_child import Converter
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.failures import Code, Failure
from llmready.crawler.page.excerpt import first_paragraph
from llmready.crawler.page.media import is_page_path
from llmready.crawler.page.metadata import PageMetadata, read_metadata
from llmready.crawler.urls import parse

URL = parse("https://example.com/a/b.html")


Read = Callable[..., PageMetadata]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """Reads single pages with one converter."""
    with asyncio.Runner() as runner:
        converter = Converter()
        runner.run(converter.start())

        def read_one(html: str, robots_header: str = "") -> PageMetadata:
            source = html.encode("utf-8", errors="replace")
            raw, _ = runner.run(converter.read(source, str(URL)))
            return read_metadata(raw, URL, robots_header)

        yield read_one
        runner.run(converter.close())


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="c.html">', ["/a/c.html"]),
        ('<a href="c.html#x"><a href="c.html"><a href="#y"><a>', ["/a/c.html"]),
        ('<base href="/x/"><a href="c.html">', ["/x/c.html"]),
        ('<base href="https://other.example/"><a href="c">', ["https://other.example/c"]),
        ('<template><base href="/x/"></template><a href="c.html">', ["/a/c.html"]),
        ('<svg><g><base href="/x/"></g></svg><math><base href="/y/"></math><a href="c.html">', ["/a/c.html"]),
        ('<template><svg><foreignObject><base href="/x/"></svg></template><a href="c">', ["/a/c"]),
        ('<svg><foreignObject><p><base href="/x/"></svg><a href="c.html">', ["/x/c.html"]),
        ('<template><base href="/x/"></template><base href="/y/"><a href="c.html">', ["/y/c.html"]),
        ('<template><meta name="robots" content="nofollow"></template><a href="/c">', ["/c"]),
        ('<a href="?p=2">', ["/a/b.html?p=2"]),
        (
            '<a href=" ?p=2"><a href="&#10;?p=3"><a href=" #x">',
            ["/a/b.html", "/a/b.html?p=2", "/a/b.html?p=3"],
        ),
        ('<a href="https:/c"><a href="https:?p=2">', ["/a/b.html?p=2", "/c"]),
        ('<map><area href="/m"></map><iframe src="/f"></iframe>', ["/f", "/m"]),
        ('<a rel="NoFollow noopener" href="/no"><a rel="next" href="/yes">', ["/yes"]),
        ('<link rel="next" href="/2"><link rel="stylesheet" href="/s">', ["/2"]),
        (
            '<a href="/a.pdf"><a href="/a.PNG"><a href="/a.tar.gz"><a href="/v1.2"><a href="/a.php">',
            ["/v1.2", "/a.php"],
        ),
        ('<meta name="robots" content="nofollow"><a href="/x">', []),
        ('<a href="/&lt;x&gt;">', ["/%3Cx%3E"]),
        ('<a href="/?a=1&copy=2&amp;b=3&#38;c=4&amp=5">', ["/?a=1&copy=2&b=3&c=4&amp=5"]),
        ('<a href="/&eacute;&copy">', ["/%C3%A9%C2%A9"]),
        (
            "<nav hidden><a HREF='/in-menu'></nav><noscript><a href=/without-scripts></noscript>",
            ["/in-menu", "/without-scripts"],
        ),
        (
            "<script>'<a href=/script>'</script><!-- <a href=/comment> --><textarea><a href=/text></textarea>",
            [],
        ),
        (
            "<frameset><frame src=left.html><frame src=right.html></frameset>",
            ["/a/left.html", "/a/right.html"],
        ),
    ],
)
def test_links(read: Read, html: str, found: list[str]) -> None:
    links = [str(url).removeprefix("https://example.com") for url in read(html).links]
    assert sorted(links) == sorted(found)


@pytest.mark.parametrize(
    ("head", "header", "noindex", "nofollow"),
    [
        ("", "", False, False),
        ('<meta name="ROBOTS" content="NoIndex, follow">', "", True, False),
        ('<meta name="robots" content="none">', "", True, True),
        ('<meta name="googlebot" content="noindex">', "", False, False),
        ('<meta name="robots" content="all"><meta name="LLMReadyBot" content="noindex">', "", True, False),
        ('<meta name="robots" content="all"><meta name="robots" content="nofollow">', "", False, True),
        ("", "noindex", True, False),
        ("", "googlebot: noindex", False, False),
        ("", "googlebot: nofollow, llmreadybot: noindex, nofollow", True, True),
        ("", "unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow", False, True),
    ],
)
def test_robots_rules_of_a_page(read: Read, head: str, header: str, noindex: bool, nofollow: bool) -> None:  # noqa: FBT001
    facts = read(f"<html><head>{head}</head><body>x</body></html>", header)
    assert (facts.noindex, facts.nofollow) == (noindex, nofollow)


def test_facts(read: Read) -> None:
    facts = read(
        "<title>\n A &amp;  B </title><meta property='og:site_name' content='Site'>"
        "<meta name='Description' content='D\n d'>"
        "<link rel='canonical' href='../c?utm_source=x'><meta http-equiv='Refresh' content='0;URL=\"/r\"'>"
        "<div role='main'><h1>Head <b>ing</b></h1></div>"
    )
    assert (facts.title, facts.heading, facts.site_name, facts.description) == (
        "A & B",
        "Head ing",
        "Site",
        "D d",
    )
    assert str(facts.canonical) == "https://example.com/c"
    assert str(facts.refresh) == "https://example.com/r"


@pytest.mark.parametrize("content", ["30", "60; url=/x", "0; url=", "", "x; url=/y"])
def test_page_that_refreshes_itself_is_not_a_redirect(read: Read, content: str) -> None:
    assert read(f'<meta http-equiv="refresh" content="{content}">').refresh is None


@pytest.mark.parametrize(
    ("html", "modified"),
    [
        ("<meta property='article:modified_time' content='2026-03-01T10:00:00Z'>", "2026-03-01T10:00:00Z"),
        (
            '<script type="application/ld+json">{"dateModified": "2026-04-01"}</script><time class=updated>',
            "2026-04-01",
        ),
        (
            '<script>{"dateModified": "2026-04-01"}</script><time class="entry updated" datetime=2025-01-01>',
            "2025-01-01",
        ),
        ("<time datetime=2025-01-01>", ""),
        ("<meta name=revised content=lately>", ""),
    ],
)
def test_when_a_page_was_changed(read: Read, html: str, modified: str) -> None:
    assert read(html).modified == modified


@pytest.mark.parametrize(
    ("html", "lang"),
    [
        ("<html lang=pt_BR><body>x", "pt-BR"),
        ("<html xml:lang=de><body>x", "de"),
        ("<meta http-equiv=content-language content=fr>", "fr"),
        ("<html lang='no language'>", ""),
    ],
)
def test_the_language_of_a_page(read: Read, html: str, lang: str) -> None:
    assert read(html).lang == lang


@given(st.text(max_size=200) | st.text(alphabet="<>/=\"' abmetlinkhrf&;#", max_size=200))
def test_invalid_markup_raises_no_error(read: Read, html: str) -> None:
    read(html)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/html", "é"),
        ("é".encode("latin-1"), "text/html", "é"),
        ("€".encode("cp1252"), "text/html; charset=iso-8859-1", "€"),
        ("я".encode("koi8-r"), 'text/html; charset="KOI8-R"', "я"),
        (b"\xef\xbb\xbf" + "é".encode(), "text/html; charset=latin-1", "é"),
        ("é".encode("utf-16"), "text/html", "é"),
        ("日本".encode("shift_jis"), "text/html; charset=Shift_JIS", "日本"),
        (b"a\xff", "text/html; charset=utf-8", "a\ufffd"),
        (b"abc", "text/html; charset=zlib_codec", "abc"),
        (b"abc", "text/html; charset=nonsense", "abc"),
        (b"abc", "text/html; charset=unicode_escape", "abc"),
    ],
)
def test_charsets(body: bytes, content_type: str, text: str) -> None:
    assert decode(body, content_type) == text


@given(st.binary(max_size=100), st.text(max_size=30))
def test_every_byte_sequence_decodes(body: bytes, label: str) -> None:
    assert isinstance(decode(body, f"text/html; charset={label}"), str)


@pytest.mark.parametrize(
    ("path", "is_page"), [("/a", True), ("/a.html", True), ("/v1.2/x", True), ("/a.pdf", False)]
)
def test_extensions(path: str, is_page: bool) -> None:  # noqa: FBT001
    assert is_page_path(path) is is_page


@pytest.mark.parametrize(
    ("markdown", "excerpt"),
    [
        (
            "# T\n\n- list\n\nThis is the **first** paragraph with [a link](https://x.y/(z)) in it.",
            "This is the first paragraph with a link in it.",
        ),
        (
            "```\nThis is code, long enough to be a paragraph.\n```\n\nThen comes the prose that a reader wants.",
            "Then comes the prose that a reader wants.",
        ),
        (
            "*New in version 3.3: Formerly a part of another module.*\n\nIt has the classes that others build on.",
            "It has the classes that others build on.",
        ),
        (
            "A name with\\_escapes in it, as Markdown writes them.",
            "A name with_escapes in it, as Markdown writes them.",
        ),
        ("Short.\n\n| a | b |\n| --- | --- |", ""),
        ("All Methods Static Methods Instance Methods Concrete Methods", ""),
        ("[18. Installation from Source Code on Windows, with all it needs.](https://x.y/w)", ""),
        (
            "This prints all files that are older than a day: ## Using it",
            "This prints all files that are older than a day:",
        ),
        (
            "A name_with_underscores and \\*stars\\* stays as it is in the text.",
            "A name_with_underscores and *stars* stays as it is in the text.",
        ),
    ],
)
def test_excerpts(markdown: str, excerpt: str) -> None:
    assert first_paragraph(markdown) == excerpt


def test_a_long_excerpt_ends_with_a_sentence() -> None:
    text = first_paragraph("This sentence is one of many. " * 30)
    assert text.endswith("many.")
    assert len(text) <= 300


def _convert(*pages: str) -> list[str]:
    async def go() -> list[str]:
        converter = Converter()
        await converter.start()
        try:
            return await asyncio.gather(*(converter.convert(html.encode(), str(URL)) for html in pages))
        finally:
            await converter.close()

    return asyncio.run(go())


def test_conversion_keeps_the_text_and_removes_navigation() -> None:
    (markdown,) = _convert(
        "<title>T</title><nav>MENU</nav><header>BANNER</header>"
        "<main><header><h1>Title<a class=headerlink>¶</a></h1></header>"
        "<p>Long enough text, so that the main part of this page counts as its content. <a href='../x?q=1'>l</a></p>"
        "<pre><code class='language-python'>if a &lt; b:\n    pass</code></pre>"
        "<table><tr><th>A<th>B<tr><td>1<td>2</table>"
        "<aside class=note>A note.</aside></main><footer>FOOT</footer>"
    )
    assert markdown.startswith("# Title\n")
    for gone in ("MENU", "BANNER", "FOOT", "¶"):
        assert gone not in markdown
    assert "[l](https://example.com/x?q=1)" in markdown
    assert "```python\nif a < b:\n    pass\n```" in markdown
    assert "| A | B |\n| --- | --- |\n| 1 | 2 |" in markdown
    assert "A note." in markdown


@pytest.mark.parametrize(
    "html",
    [
        "<main></main><p>All the text of this page lies outside of a main element, as it does on some sites.</p>",
        "<p>All the text of this page lies outside of a main element, as it does on some sites.</p>",
        "<header><p>All the text of this page lies outside of a main element, as it does on some sites.</p></header>",
    ],
)
def test_a_page_without_a_good_main_part_keeps_its_text(html: str) -> None:
    assert "All the text of this page" in _convert(html)[0]


def test_definition_lists_without_end_tags_become_terms_with_items() -> None:
    (markdown,) = _convert(
        "<dl><dt>first <code>a()</code><dd>One.<pre>x = 1</pre><dl><dt>inner<dd>Deep.</dl><dt>second<dd>Two "
        "<a href=/l>l</a>.</dl><details><summary>More</summary><p>Hidden text.</p></details>"
    )
    assert markdown == (
        "first `a()`\n\n- One.\n\n  ```\n  x = 1\n  ```\n\n  inner\n  - Deep.\n\nsecond\n\n"
        "- Two [l](https://example.com/l).\n\nMore\n\nHidden text."
    )


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        # Javadoc's wrappers: lists that hold headings or a declaration.
        (
            (
                "<ul class=blockList><li><dl><dt>Since:<dd>2.0</dl><pre>class A</pre></ul>"
                "<ul class=blockList><li><ul><li><h3>Fields</h3><p>None.</p></ul></ul>"
            ),
            "Since:\n\n- 2.0\n\n```\nclass A\n```\n\n### Fields\n\nNone.",
        ),
        ("<ul><li>A<li><ul><li>B<li><ul><li>C</ul></ul><li>D</ul>", "- A\n  - B\n    - C\n- D"),
        ("<ol><li><ul><li>A</ul></ol>", "- A"),
        ("<ul><li>A<li>B<ul><li>C</ul></ul>", "- A\n- B\n  - C"),
        ("<ol><li>A<pre>x = 1</pre><li>B</ol>", "1. A\n\n   ```\n   x = 1\n   ```\n\n2. B"),
        # DocBook's tables of contents.
        (
            (
                "<dl><dt>I. <a href=/1>One</a><dd><dl><dt><a href=/2>Two</a><dt><a href=/3>Three</a></dl>"
                "<dt><a href=/4>Four</a></dl>"
            ),
            (
                "- I. [One](https://example.com/1)\n  - [Two](https://example.com/2)\n"
                "  - [Three](https://example.com/3)\n- [Four](https://example.com/4)"
            ),
        ),
        (
            "<dl><dt><a href=/1>One</a> is a number of its own<dt><a href=/2>Two</a> is twice as much</dl>",
            "- [One](https://example.com/1) is a number of its own\n- [Two](https://example.com/2) is twice as much",
        ),
        ("<dl><dt><a href=/1>One</a><dd>Is one.</dl>", "[One](https://example.com/1)\n\n- Is one."),
    ],
)
def test_lists_contain_the_visible_items(html: str, markdown: str) -> None:
    assert _convert(f"<main><p>Words before the list.</p>{html}</main>") == [
        f"Words before the list.\n\n{markdown}"
    ]


def test_ids_of_sections_do_not_mark_them_as_noise() -> None:
    (markdown,) = _convert(
        "<main><h1>Reference</h1><p>What the language has, in the order of its grammar.</p><section id=comments>"
        "<h3>Comments</h3><p>They begin with a sign.</p></section><div class=section id=search><h3>Search</h3>"
        "<p>Finds what matches.</p></div><h3 id=navigation><span id=CookieDomain>Cookie</span> domain</h3>"
        "<div id=comments><p>Joe: nice page, this.</p></div></main>"
    )
    assert re.findall(r"(?m)^### (.*)", markdown) == ["Comments", "Search", "Cookie domain"]
    assert "They begin with a sign." in markdown
    assert "Finds what matches." in markdown
    assert "Joe" not in markdown


def test_a_heading_is_one_line() -> None:
    (markdown,) = _convert(
        "<main><p>Words before it.</p><h2>impl Any <span>where<br>T: Sized</span></h2></main>"
    )
    assert markdown == "Words before it.\n\n## impl Any where T: Sized"


def test_invisible_lines_of_code_are_left_out() -> None:
    (markdown,) = _convert(
        "<main><p>An example of the language.</p><pre><code class='language-rust'><span class=boring>fn main() {\n"
        "</span>let x = 1;\n<span class=boring>}</span></code></pre></main>"
    )
    assert markdown == "An example of the language.\n\n```rust\nlet x = 1;\n```"


def test_a_page_with_only_a_table_of_contents_keeps_it_without_navigation_links() -> None:
    walk = "<table><tr><td><a href=/p>Prev</a><td><a href=/u>Up</a><td><a href=/n>Next</a></table>"
    (markdown,) = _convert(
        f"<div class=navheader>{walk}</div><div class=chapter><h2>Chapter 1</h2><div class=toc>"
        "<p><b>Table of Contents</b></p><dl class=toc>"
        "<dt><span><a href=/1>1.1. Installation</a></span><dt><span><a href=/2>1.2. First steps</a></span></dl>"
        f"</div></div><div class=navfooter>{walk}</div>"
    )
    assert markdown == (
        "## Chapter 1\n\n**Table of Contents**\n\n- [1.1. Installation](https://example.com/1)\n"
        "- [1.2. First steps](https://example.com/2)"
    )


def test_page_with_only_a_title_keeps_no_footer() -> None:
    (markdown,) = _convert(
        "<main><h1>class Array</h1></main><footer><a href=/v>Validate</a> Generated by a generator of pages.</footer>"
    )
    assert markdown == "# class Array"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<img src=i.png alt='A diagram'>", "![A diagram](https://example.com/a/i.png)"),
        (
            "<img src='data:image/gif;base64,R0' data-src=/late.png alt=Late>",
            "![Late](https://example.com/late.png)",
        ),
        ("<img src='data:image/svg+xml,x' alt='Only words'>", "Only words"),
        (
            "<a href=/><img src=/logo.png alt=Home></a>",
            "[![Home](https://example.com/logo.png)](https://example.com/)",
        ),
        ("<a href=c.html>l</a>", "[l](https://example.com/a/c.html)"),
        ("<a href=../c?x=1#part>l</a>", "[l](https://example.com/c?x=1#part)"),
        ("<a href=?p=2>l</a>", "[l](https://example.com/a/b.html?p=2)"),
        ("<a href=//other.example/c>l</a>", "[l](https://other.example/c)"),
        ("<a href=https:/c>l</a>", "[l](https://example.com/c)"),
        ("<a href=' ?p=2'>l</a>", "[l](https://example.com/a/b.html?p=2)"),
        ("<a href=https:////other.example/c>l</a>", "[l](https://other.example/c)"),
        ("<a href=///other.example/c>l</a>", "[l](https://other.example/c)"),
        ("<a href='#part'>l</a>", "l"),
        ("<a name=part>l</a>", "l"),
        ("<a href=mailto:a@example.com>l</a>", "[l](mailto:a@example.com)"),
    ],
)
def test_images_keep_their_descriptions_and_links_are_absolute(html: str, markdown: str) -> None:
    assert _convert(f"<main><p>Before it. {html} After it.</p></main>") == [
        f"Before it. {markdown} After it."
    ]


@pytest.mark.parametrize("tag", ["template", "svg", "math"])
def test_a_base_that_is_not_part_of_the_document_changes_no_link_in_the_markdown(tag: str) -> None:
    base = f"<{tag}><base href=https://other.example/></{tag}>"
    markdown = _convert(f"{base}<main><p>Before it. <a href=c.html>l</a> After it.</p></main>")
    assert markdown == ["Before it. [l](https://example.com/a/c.html) After it."]


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ("<pre><code class='language-rust'>x = 1</code></pre>", "rust"),
        (
            "<div class='highlight-python3'><div class=highlight><pre><span></span>x = 1</pre></div></div>",
            "python",
        ),
        ("<div class='sourceCode'><pre class='sourceCode js'><code>x = 1</code></pre></div>", "javascript"),
        ("<pre data-lang=yml>x = 1</pre>", "yaml"),
        ("<pre class='brush: sql'>x = 1</pre>", "sql"),
        # Without a configured language, Sphinx highlights most text as Python.
        ("<div class='highlight-default'><pre>x <span class=o>=</span> 1</pre></div>", ""),
        ("<div class='highlight-default'><pre><span class=nf>x</span> = 1</pre></div>", "python"),
        ("<div class='highlight-default'><pre><span class=gp></span>x = 1</pre></div>", "pycon"),
        (
            "<table><tr><td class=linenos><pre>1</pre><td class=code><pre class=language-c>x = 1</pre></table>",
            "c",
        ),
        ("<pre class='language-\">evil'>x = 1</pre>", ""),
        ("<pre>x = 1</pre>", ""),
    ],
)
def test_code_keeps_its_language(html: str, language: str) -> None:
    assert _convert(f"<main><p>Some words.</p>{html}</main>") == [f"Some words.\n\n```{language}\nx = 1\n```"]


def test_cells_are_one_line_and_row_spans_keep_columns() -> None:
    (markdown,) = _convert(
        "<main><table><thead><tr><th>A<th>B<th>C</thead><tbody><tr><td rowspan=2><p>one</p><p>two</p><td>x|y"
        "<td><ul><li>l</li><li>m</li></ul><tr><td><pre>a\nb</pre><td>z</table></main>"
    )
    assert markdown == (
        "| A | B | C |\n| --- | --- | --- |\n"
        "| one<br>two | x\\|y | <ul><li>l</li><li>m</li></ul> |\n|  | `a`<br>`b` | z |"
    )


def test_layout_rows_become_lines() -> None:
    # Doxygen's tables of members.
    (markdown,) = _convert(
        "<main><p>Words before the table.</p><table><tr><td colspan=2><h2>Functions</h2><tr><td>int<td>"
        "<a href=/f>f</a> (int x)<tr><td>&#160;<td>Does it. <a href=#d>More...</a>"
        "<tr><td colspan=2>&#160;</table></main>"
    )
    assert markdown == (
        "Words before the table.\n\n## Functions\n\nint [f](https://example.com/f) (int x)\n\nDoes it."
    )


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 400 + "<p>deep</p>",
        "<p>" * 3000 + "deep",
        "<table><tr><td>" * 200 + "deep",
        "<b><i><a href=x><div>" * 200 + "deep" + "</b></i></a>" * 200,
        "<ul><li>" * 150 + "deep",
        "<main><p>deep</main></main></div></p></p></section>",
        "<!-- never closed <p>x</p>",
        "deep <a href='never closed>x</a>",
        "<svg><path/><title>x</title></svg><p>deep</p><!doctype html><?php x ?></3><p",
        "<select><option>x<option>y</select><textarea><p>x</textarea><p>deep",
        "<p>a < b & c <3 <- deep</p>",
    ],
)
def test_invalid_html_is_still_read(html: str) -> None:
    (markdown,) = _convert(html)
    assert "deep" in markdown or "deep" not in html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1) alt=i>",
    "<img src='javascript:alert(1)' alt=i>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>' alt=i>",
    "<a href='javascript:alert(1)'>a</a>",
    "<a href=' jav&#x09;ascript:alert(1)'>a</a>",
    "<a href='&#1;javascript:alert(1)'>a</a>",
    "<a href='data:text/html,<script>1</script>'>a</a>",
    "<a href='vbscript:x'>a</a>",
    "<a href='/ok' onclick='alert(1)' title='x\" onmouseover=\"1'>a</a>",
    "<svg onload=alert(1)><a xlink:href='javascript:1'><text>t</text></a></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<object data='javascript:1'></object><embed src='javascript:1'>",
    "<form action='javascript:1'><button formaction='javascript:1'>b</button></form>",
    "<math><mi xlink:href='javascript:1'>m</mi></math>",
    "<base href='javascript:alert(1)//'><a href='x'>a</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&lt;img src=x onerror=alert(1)&gt;",
    "[a](javascript:alert(1)) &lt;javascript:alert(1)&gt;",
    "<p>[x]: javascript:alert(1)</p><p>[x]</p>",
    "<p>```</p><p>&lt;img src=x onerror=1&gt;</p>",
    "<style>@import 'javascript:1'</style>",
    "<b style='background:url(javascript:1)'>b</b>",
    "<template><img src=x onerror=1></template><noscript><img src=x onerror=1></noscript>",
    "<img alt='](javascript:alert(1))' src=x><img alt='&quot;&gt;&lt;script&gt;' src=x>",
    "<video src='javascript:1' onerror=1><source src=x onerror=1></video>",
    "<p>a\u202eb\u2066c\x00d</p>",
]
WRAPPINGS = [
    "{}",
    "<table><tr><td>{}<ul><li>{}</li></ul></td></tr></table>",
    "<dl><dt>{}<dd>{}</dl>",
    "<details><summary>{}</summary>{}</details>",
    "<ul><li>{}<blockquote>{}</blockquote></ul>",
    "<h2>{}</h2>",
    "<a href='/x'>{}</a>",
    "<figure>{}<figcaption>{}</figcaption></figure>",
]


def test_no_markup_of_a_page_stays_active() -> None:
    pages = [wrapping.replace("{}", hostile) for hostile in HOSTILE for wrapping in WRAPPINGS]
    for html, markdown in zip(pages, map(clean_markdown, _convert(*pages)), strict=True):
        assert not re.search(r"(?<![\\`])<[a-z][^>\n]*[\s/](?:on\w+|href|src|style|action)\s*=", markdown), (
            html
        )
        assert not re.search(
            r"(?<!\\)<(?:script|iframe|object|embed|svg|img|style|form|base|math)\b", markdown
        ), html
        assert not re.search(r"(?<!\\)\]\(\s*<?(?:javascript|data|vbscript):", markdown), html
        assert not re.search(r"(?<!\\)<(?:javascript|data):", markdown), html
        assert not re.search("[\x00\u202e\u2066]", markdown), html


def test_a_page_with_a_million_elements_is_converted_and_so_is_the_next() -> None:
    async def go() -> tuple[str, str]:
        converter = Converter()
        await converter.start()
        try:
            large = await converter.convert(b"<p>first</p>" + b"<i>" * 1_100_000 + b"last", str(URL))
            return large, await converter.convert(b"<p>well</p>", str(URL))
        finally:
            await converter.close()

    large, well = asyncio.run(go())
    assert large.startswith("first")
    assert "last" in large
    assert well == "well"


def test_converter_answers_match_their_requests() -> None:
    pages = [
        f"<main><p>{'word ' * (number * 40 % 700 + 20)} number {number}.</p></main>" for number in range(60)
    ]
    for number, markdown in enumerate(_convert(*pages)):
        assert markdown.endswith(f"number {number}.")


def test_crashed_converter_is_replaced_and_loses_only_its_page() -> None:
    async def go() -> tuple[list[str | BaseException], str]:
        converter = Converter()
        await converter.start()
        page: Callable[[int], str] = "<p>{}</p>".format
        child = converter._child
        assert child is not None
        child.kill()
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(converter.convert(page(n).encode(), str(URL))) for n in range(4)]
        first = await asyncio.gather(*waiting, return_exceptions=True)
        later = await converter.convert(b"<p>later</p>", str(URL))
        await converter.close()
        return first, later

    first, later = asyncio.run(go())
    lost = [one for one in first if isinstance(one, Failure)]
    assert [one.code for one in lost] in ([], [Code.CONVERTER_FAILED])
    assert [one for one in first if isinstance(one, str)] == [str(n) for n in range(len(lost), 4)]
    assert later == "later"


@pytest.mark.parametrize("shift", range(8))
async def test_multibyte_characters_at_any_chunk_boundary(shift: int) -> None:
    """The converter searches bytes part by part.

    No character may be cut, and no part may be read in another encoding.
    """
    signs = "é—漢字😀ß\u00a0à"
    texts = [f"y{'x' * (number * 97 + shift)} {signs}{number}" for number in range(40)]
    html = "".join(f"<p>{text}</p>" for text in texts)
    converter = Converter()
    await converter.start()
    try:
        told, markdown = await converter.read(
            f"<title>{signs}</title><meta name=description content='{signs}'>{html}".encode(),
            "https://example.com/",
        )
    finally:
        await converter.close()
    assert told["title"] == signs
    assert list(map(tuple, told["metas"])) == [("description", "", signs)]
    assert markdown.replace("\u00a0", " ").split("\n\n") == [text.replace("\u00a0", " ") for text in texts]
