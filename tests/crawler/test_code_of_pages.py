"""Code of a page stays code in all files: fences are neither lost nor open at the end of a page."""

import re
from pathlib import Path

import pytest

from testkit.crawler_program import call
from testkit.living import living
from testkit.serving import Answer, links, page, serving

TAG = '<img src="x" onerror="alert(1)">'
SHOWN = "&lt;img src=x onerror=alert(1)&gt;"
MILLION = "<p>" * 1_060_000
"""More elements than fit into a tree."""
MARKDOWN = {"Content-Type": "text/markdown; charset=utf-8"}


def _files_of(pages: dict[str, str | Answer], folder: Path) -> dict[str, str]:
    with serving({"/": page("Home", links(*pages)), **pages}) as site:
        assert call(site.url, folder).completed().urls(site.url) == {"/", *pages}
    files = [file for file in (folder / "out").rglob("*") if file.suffix in (".md", ".txt")]
    return {file.name: file.read_text() for file in files}


@pytest.mark.parametrize(
    "end",
    [
        "    ```\n\n```\nx",
        "``` a`b\n\nx `\n\n```\ny",
        "- ```\n\nx\n\n```\ny",
        "> ```\n\nx\n\n```\ny",
        "```\nx\n    ```",
        "```\nx\n> ```",
        "~~~\nx\n- ~~~",
        "\t```\n\n```\nx",
        "````\nx\n```",
        "~~~\n```",
        "```\nx\n```\t",
        "a|\n-:\n2. s\n   ```",
        "a|\n-:\n2. s\n   ```\nx\n```",
        "[r]: /u\n2. s\n   ```",
        "```|\n-|",
    ],
)
def test_no_code_block_goes_on_in_the_next_page(end: str, tmp_path: Path) -> None:
    """The pages follow each other in llms-full.txt."""
    files = _files_of(
        {
            "/a.md": Answer(f"# First\n\nWords of the first page.\n\n{end}\n", headers=MARKDOWN),
            "/b.md": Answer(f"# Second\n\nWords.\n\n```\n{TAG}\n```\n", headers=MARKDOWN),
            "/c": page("Third", f"<p>Words to read.</p><pre>{SHOWN}</pre>"),
        },
        tmp_path,
    )
    assert files["llms-full.txt"].count("onerror") == 2
    assert [name for name, text in files.items() if living(text)] == []


@pytest.mark.parametrize(
    "body",
    [
        f"<p>http://a.b/<a href='mailto:a `'>x</a> <code>{SHOWN}</code>",
        f"<p>www.a.b/<a href='tel:1 `'>x</a> <code>{SHOWN}</code>",
        f"<p>http://a.b/<img alt=x src='mailto:a `'> <code>{SHOWN}</code>",
        f"<table><tr><td><a href='mailto:a `'>\\(\\|\\)</a> <code>{SHOWN}</code><td>y</table>",
        f"<table><tr><th>h<th>i<tr><td><a href='/x'>\\(\\|\\)</a>{SHOWN}<td>j</table>",
        f"<table><tr><th>h<th>i<tr><td><a href='/x'>\\(\\|\\)</a><code>{SHOWN}</code><td>j</table>",
        f"<p>Words <code>`</code><a href='/x'><code>]</code> <code>]</code> <code>{SHOWN}</code></a>",
        f"<p>W <a href='/x'><code>](</code> <code>&lt;b></code> http://a.b/</a><code>a`</code> <code>{SHOWN}</code>",
        f"<p><b><a href=/x>k <code>a`</code><b><code>](</code><code>&lt;b></code>w</b></a></b> <code>{SHOWN}</code>",
        f"<table><tr><th>h<th>i<tr><td>W <code>http://a.b/\\|</code><b><code>{SHOWN}</code></b><td>j</table>",
        f"<table><tr><th>h<td>a &lt;<code>{SHOWN.removeprefix('&lt;')}\\|</code></table>",
        f"<table><tr><th>h<th>i<tr><td>W <code>http://a.b/\\|</code>{SHOWN}<td>j</table>",
        f"<p>W <a href='/x'><img src='/i.png' alt='^['></a>{SHOWN}",
        f"<p>W <a href='/x'><img src='/i.png' alt='^'></a>{SHOWN}",
        f"<p>W <a href='/x'><img src='/]' alt='^'></a>{SHOWN}",
        f"<table><tr><th>h<th>i<tr><td>W <code>http://a.b/\\|</code>y{SHOWN}<td>j</table>",
        f"<table><tr><th>h<th>i<tr><td>W <code>\\|http://a.b/</code>{SHOWN}<td>j</table>",
        f"<table><tr><th>h<th>i<tr><td><code>http://a.b/\\|</code><img src='/i' alt='{SHOWN}'><td>j</table>",
    ],
)
def test_code_beside_links_and_formulas_stays_code(body: str, tmp_path: Path) -> None:
    files = _files_of({"/a": page("First", f"{body}<p>Words to read.")}, tmp_path)
    assert "onerror" in files["llms-full.txt"]
    assert [name for name, text in files.items() if living(text)] == []


@pytest.mark.parametrize(
    "body",
    [
        f"<table><tr><th>Head <code>&#x2028;{SHOWN}</code><th>i<tr><td>W<td>j</table>",
        f"<p>See http://a.b/&lt;?{SHOWN}</p>",
        f"<table><tr><th>h<th>i<tr><td>W <code>\\|{SHOWN}</code><td>j</table>",
        f"<p>See <a href='/x?`'>one</a> and <code>{SHOWN}</code></p>",
        f"<p>See http://a.b/`x <code>{SHOWN}</code></p>",
    ],
)
def test_code_of_a_page_with_a_million_elements_stays_code(body: str, tmp_path: Path) -> None:
    """Mdream converts such a page. It does not write code and addresses for all parsers."""
    files = _files_of(
        {"/a": page("First", f"<p>Words to read.</p>{body}{MILLION}"), "/b": page("Second")}, tmp_path
    )
    assert "Words to read." in files["llms-full.txt"]
    assert [name for name, text in files.items() if living(text)] == []


def test_words_of_a_page_with_a_million_elements_stay_apart(tmp_path: Path) -> None:
    rows = "<tr><th>one<br>two<th>A<tr><td>three<ul><li>four<li>five</ul><td>H<sub>2</sub>O"
    files = _files_of(
        {
            "/a": page("First", f"<p>Words to read.</p><table>{rows}</table>{MILLION}"),
            "/b": page("Second"),
        },
        tmp_path,
    )
    words = re.findall(r"\w+", files["a.md"].partition("Words to read.")[2])
    assert words == ["one", "two", "A", "three", "four", "five", "H2O"]


@pytest.mark.parametrize("line", ["2026-03-15 12:05:57.105542", "12-31 | 10:00", "1.5 - 2.5 | 3:1"])
def test_a_block_of_code_in_a_list_may_begin_with_a_date(line: str, tmp_path: Path) -> None:
    body = f"<ul><li><p>For example:</p><pre>{line}</pre><p>Then:</p><pre>x = 1</pre></ul><pre>y = 2</pre>"
    files = _files_of({"/a": page("First", f"{body}<p>Words to read.")}, tmp_path)
    assert f"  ```\n  {line}\n  ```\n" in files["a.md"]
    assert "\n```\ny = 2\n```\n" in files["a.md"]


def test_a_fence_that_equals_the_title_is_kept(tmp_path: Path) -> None:
    files = _files_of(
        {
            "/a": Answer(
                f"<title>```html</title><pre><code class=language-html>\n\n{SHOWN}</code></pre><p>Words to read."
            ),
            "/b.md": Answer(f"---\ntitle: '~~~'\n---\n\n~~~\n\n{TAG}\n~~~\n\nWords.\n", headers=MARKDOWN),
        },
        tmp_path,
    )
    assert files["llms-full.txt"].count("onerror") == 2
    assert [name for name, text in files.items() if living(text)] == []
