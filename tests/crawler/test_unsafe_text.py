"""Hostile text of pages, followed through the converter into every file of an archive, contains no active parts."""

from __future__ import annotations

import asyncio
import html
import json
import re
from pathlib import Path

import pytest

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.fetch.response import Response
from llmready.crawler.pack.archive import Bundle, Run, write_archive
from llmready.crawler.page.html import read_html
from llmready.crawler.page.index_pointer import index_pointer, without_index_pointer
from llmready.crawler.page.prepare import prepare
from llmready.crawler.store.pages import PageStore
from llmready.crawler.urls import parse
from testkit.living import living

SITE = parse("https://example.com/")
TARGETS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java&#x09;script:alert(1)",
    "java&NewLine;script:alert(1)",
    "&#1;javascript:alert(1)",
    "javascript&colon;alert(1)",
    "jav&#x61;script:alert`1`",
    "javascript://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "DATA:image/svg+xml,<svg onload=alert(1)>",
    "vbscript:msgbox(1)",
    "vb&Tab;script:x",
    "file:///etc/passwd",
    "blob:https://example.com/1",
    "about:blank",
    "view-source:javascript:1",
    "&#0;javascript:1",
    "&#8238;javascript:1",
    "&Tab;" * 40 + "javascript:1",
    "\njavascript:1",
]
USES = [
    "<a href='{}'>link</a>",
    "<a href='{}' title='t'><img src='{}' alt='alt'></a>",
    "<img src='{}' alt='picture'>",
    "<h2><a href='{}'>Heading</a></h2>",
    "<table><tr><th>A<th>B<tr><td><a href='{}'>1</a><td><img src='{}'></table>",
    "<code><a href='{}'>code</a></code>",
]
MARKUP = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)><a xlink:href='javascript:1'><text>t</text></a></svg>",
    "<img src=x onerror=alert(1) alt=i>",
    "<a href='/ok' onclick='alert(1)' title='x\" onmouseover=\"1'>a</a>",
    "<iframe src='javascript:alert(1)'></iframe><object data='javascript:1'></object>",
    "<form action='javascript:1'><button formaction='javascript:1'>b</button></form>",
    "<math><mi xlink:href='javascript:1'>m</mi></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<p title='--><img src=x onerror=1>'>t</p><!--><img src=x onerror=1>-->",
    "<div class='</div><script>1</script>'>t</div>",
    "<x-evil onclick=alert(1) style='background:url(javascript:1)'>t</x-evil>",
    "<a href=x><a href='javascript:1'>nested</a></a>",
    "<p>a<b onclick=1>b<div><i style=x>c</b></div></i>",
    "<p>[a](<br>javascript:alert(1))</p><p>[a](<br>&lt;javascript:1&gt;<br>'t')</p>",
    "<blockquote><p>[a](<br>javascript:alert(1))</p></blockquote>",
    "<ul><li>[a](<br>javascript:alert(1))<ul><li>![a](<br>data:x)</ul></ul>",
    "< script>alert(1)</ script><scr<script>ipt>alert(1)</scr</script>ipt>",
]
WRITTEN = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:1'>x</a>",
    "[a](javascript:alert(1))",
    "![a](javascript:alert(1))",
    "[a]( <javascript:alert(1)> 't')",
    "[a](" + "&Tab;" * 40 + "javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)",
    "[a][x] [x]",
    "</code></pre><script>alert(1)</script>",
    "---\nurl: javascript:1\n---",
    "a\u202egnp.exe \u2066x\u2069 \u200f\u061c \U000e0041\ufeff\u00ad\u2028b\u2029c",
    "\x00\x01\x08\x0b\x0c\x1b[31mred\x1b[0m\x7f\x85\x9b",
    "&#x202e;&#27;&#0;&#x200b;&#xfeff;&#127;",
]
_TAG = "&lt;img src=x onerror=alert(1)&gt;"
# Removed characters and line ends at positions where they could affect the escaping.
PARTED = [
    f"<p>look &lt;&#x200b;{_TAG[4:]}</p>",
    f"<p>look &lt;<!-- -->{_TAG[4:]} and &lt;<span>{_TAG[4:]}</span>, &lt;<b></b>{_TAG[4:]}</p>",
    "<p>&lt;&#xad;javascript:alert(1)&gt; &lt;/&#x2060;script&gt; &lt;&#8206;!-- x --&gt;</p>",
    f"<p>use <code>one&#13;&#13;{_TAG}</code> or <code>two&#x2028;&#x2028;{_TAG}</code></p>",
    "<p><code>a&#x2029;&#x2029;[x]: javascript:alert(1)&#x2029;&#x2029;[x]</code></p>",
    f"<blockquote><pre>first&#x2028;{_TAG}\u0085{_TAG}</pre></blockquote>",
    f"<ul><li>item<pre>first&#13;{_TAG}</pre></ul>",
    f"<pre>first\n`&#x200b;``\n{_TAG}\n``&#xfeff;`\n\n{_TAG}\n</pre>",
    f"<p>so <code>a `&#x200b;` {_TAG} b</code> and <code>c`&#8288;{_TAG}</code></p>",
    f"<table><tr><th>A<th>B<tr><td>x&#x2028;&#x2028;{_TAG}<td><pre>`&#x200b;`&#13;{_TAG}</pre></table>",
    f"<img src='/a.png' alt='one&#x2028;&#x2028;&lt;&#x200b;{_TAG[4:]}\u0085\u0085{_TAG}'>",
    "<p>&#x200b;[x]: javascript:alert(1)</p><p>&#x2060;&#x200b;`&#x200b;`` [x]</p>",
    "<p><sup><a href='#x'>x</a></sup>&#8203;: javascript:alert(1)</p><p><sup><a href='#x'>x</a></sup></p>",
    "<p><sup><a href='#x'>x</a></sup>(javascript:alert(1))</p>",
]
# Addresses directly before text that is escaped: some parsers read them up to white space or `<`.
ADDRESSES = [
    form.replace("{}", address)
    for address in ("http://a.example/", "https://b.example", "ftp://c.example/", "HTTP://d.example")
    for form in (
        f"<p>See {{}}{_TAG} and {{}}*{_TAG} and {{}}&lt;b&gt;{_TAG}.</p>",
        f"<p>See {{}}<code>{_TAG}</code> and {{}}<code>a b</code> <code>{_TAG}</code>.</p>",
        f"<p>See <b>{{}}</b><code>{_TAG}</code> and <i>{{}}<code>{_TAG}</code></i>.</p>",
        f"<ul><li>{{}}<code>{_TAG}</code><li>{{}}{_TAG}</ul><h2>{{}}<code>{_TAG}</code></h2>",
        f"<table><tr><th>{{}}<code>{_TAG}</code><th>b<tr><td>{{}}{_TAG}<td>{{}}[<code>{_TAG}</code></table>",
        f"<p>{{}}<img src='/i.png' alt='`{_TAG}`'>{{}}<a href='/l'>{_TAG}</a><del>{_TAG}</del></p>",
        f"<p>{{}}<a href='/l'>two words</a><code>{_TAG}</code> and {{}}&lt;<b>img src=x onerror=alert(1)&gt;</b></p>",
    )
]
FORMULAS = [
    f"<p>With \\({_TAG}\\) and $${_TAG}$$ and \\[{_TAG}\\].</p>",
    f"<p>So <math alttext='{_TAG}'><mi>x</mi></math> holds.</p>",
    f"<p>So <math alttext='&lt;&#x200b;{_TAG[4:]}'><mi>x</mi></math> holds.</p>",
    "<p>So <script type='math/tex'><img src=x onerror=alert(1)></script> holds.</p>",
    f"<p>\\[a\n\n# Heading\n\n---\n\n{_TAG}\\]</p>",
    "<p>\\[a\n\n [x]: javascript:alert(1)\n\n [x]\\] and $$[x]$$</p>",
    "<p>$$[a](&#x200b;javascript:alert(1))$$ $$[a](java&amp;Tab;script:alert(1))$$ $$&lt;javascript:1&gt;$$</p>",
    f"<p>\\(a ` b\\) <code>x{_TAG}</code> \\(``\\) <code>{_TAG}</code></p>",
]
SHOWN = [
    "<p>{}</p>",
    "<h2>{}</h2>",
    "<pre>{}</pre>",
    "<pre><code class='language-html'>x\n```\n{}\n~~~\n````\n{}</code></pre>",
    "<p>```</p><p>{}</p>",
    "<p>use <code>{}</code> and <code>``{}`</code></p>",
    "<ul><li>{}<blockquote>{}</blockquote></ul>",
    "<table><tr><th>{}<th>B<tr><td>{}<td><pre>{}</pre></table>",
    "<dl><dt>{}<dd>{}</dl>",
    "<p><img src='/i.png' alt='{}' title='{}'><a href='/l' title='{}'>l</a></p>",
    "<a href='/l'>{}</a>",
]
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f]"
)


def pages() -> list[str]:
    """The bodies of all pages."""
    linked = [use.replace("{}", target) for target in TARGETS for use in USES]
    shown = [
        form.replace("{}", text if text.startswith("&#") else html.escape(text))
        for text in WRITTEN
        for form in SHOWN
    ]
    return [*linked, *MARKUP, *PARTED, *ADDRESSES, *FORMULAS, *shown]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unsafe")
    (folder / "archive").mkdir()
    store = PageStore(folder / "pages")

    async def convert() -> None:
        converter = Converter()
        await converter.start()
        try:
            for number, body in enumerate(pages()):
                fact = html.escape(WRITTEN[number % len(WRITTEN)])
                source = (
                    f"<html lang='en\" x'><head><title>{number} {fact}</title>"
                    f"<meta name=description content='{fact}'>"
                    f"<meta property=og:site_name content='{fact}'></head><body><main><h1>{fact}</h1>{body}"
                    f"<p>The text of page {number} goes on with a sentence of its own.</p></main></body></html>"
                ).encode("utf-8", errors="replace")
                response = Response(SITE, 200, {"Content-Type": "text/html; charset=utf-8"}, source)
                content = await read_html(response, converter)
                store.add(*prepare(content, parse(f"https://example.com/page-{number}"), 1))
        finally:
            await converter.close()

    asyncio.run(convert())
    with Bundle(folder / "archive", None, 10**9) as bundle:
        write_archive(bundle, store, Run(SITE, "", "", 0, "", [], []))
    store.close()
    return folder / "archive"


def test_corpus_is_large_and_all_its_text_is_kept(archive: Path) -> None:
    files = list((archive / "md").rglob("*.md"))
    assert len(files) == len(pages()) > 250
    assert all("goes on with a sentence of its own." in file.read_text() for file in files)


def test_no_file_contains_invisible_characters(archive: Path) -> None:
    for file in filter(Path.is_file, archive.rglob("*")):
        found = UNSEEN.search(file.read_bytes().decode())
        assert found is None, (file.name, found)


def test_no_rendered_file_contains_active_content(archive: Path) -> None:
    for file in archive.rglob("*"):
        if file.suffix in (".md", ".txt"):
            text = file.read_text()
            # Not all viewers know front matter. They read it as a heading.
            alive = living(text)
            assert not alive, (file.name, alive)


def test_front_matter_stays_within_its_lines(archive: Path) -> None:
    for file in (archive / "md").rglob("*.md"):
        first, *lines = file.read_text().split("\n")
        assert first == "---"
        facts = {}
        for line in lines[: lines.index("---")]:
            name, _, value = line.partition(": ")
            facts[name] = json.loads(value)
        assert facts["url"].startswith("https://example.com/page-")
        assert set(facts) <= {"title", "description", "url", "canonical_url", "lang", "last_updated"}
        assert all(not UNSEEN.search(value) and "\n" not in value for value in facts.values())


@pytest.mark.parametrize(
    "text", [*WRITTEN, "<img src=x onerror=alert(1)>" * 7, "<" * 200, "` ``", "x\n\n<b>"]
)
@pytest.mark.parametrize(
    "before", ["", "Bread ", "http://a.example/", "www.a.example/[", "ftp://a.example/` `"]
)
def test_a_name_of_a_site_is_inactive_in_the_pointer_to_the_index(before: str, text: str) -> None:
    pointer = index_pointer(before + text, "https://example.com/llms.txt")
    assert not living(pointer)
    assert pointer.endswith(": [llms.txt](https://example.com/llms.txt)")
    assert "\n" not in pointer
    assert without_index_pointer(f"{pointer}\n\n# Bread\n") == "# Bread\n"


def test_raw_html_and_definitions_in_converted_markdown_become_text() -> None:
    """The converter should write no raw HTML; this test covers the second line of defence."""
    for acting in (
        "x <img src=x onerror=alert(1)> y",
        "\\\\<img src=x onerror=alert(1)>",
        "a\n\n<script>\nalert(1)\n</script>",
        "> - <svg onload=alert(1)>",
        "`a` `` b <b onclick=alert(1)>c</b>",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x] and ![x]",
        "```\n```\n\n<x-y onclick=1>\n\n```\n```",
        '<a href="javascript:alert(1)">x</a>',
        "| A |\n| --- |\n| <ul onclick=alert(1)><li style=x>a</li></ul> |",
    ):
        assert living(acting), acting
        cleaned = clean_markdown(acting)
        assert not living(cleaned), cleaned


@pytest.mark.parametrize(
    "markdown",
    [
        "| A | B |\n| --- | --- |\n| a<br>b | <https://example.com/?a=1&b=2> |",
        "| A |\n| --- |\n| <ul><li>a<ol><li>b</li></ol></li></ul> |",
        "```html\n<img src=x onerror=alert(1)>\n[x]: javascript:alert(1)\n```",
        "Write `<script>` and \\<script>, or `list[int]: try: x` for it.\n\n- [x] done",
        '- a\n\n  ```\n  <p>\n  ```\n\n3. [b](/x "t") ![i](/y.png)\n\n---\n\n> **q** *e* ~~d~~  \n> 1 < 2',
    ],
)
def test_markdown_of_the_converter_is_not_changed(markdown: str) -> None:
    assert clean_markdown(markdown) == markdown
