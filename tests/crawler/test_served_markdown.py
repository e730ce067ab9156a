"""Markdown and plain text that a site serves contain no active parts after cleaning, and lose no words."""

from __future__ import annotations

import html
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llmready.crawler.convert import commonmark
from llmready.crawler.convert.destinations import is_safe
from llmready.crawler.convert.raw_facts import RawFacts
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.response import Response
from llmready.crawler.page.html import HtmlPage
from llmready.crawler.page.metadata import read_metadata
from llmready.crawler.page.prepare import LONGEST_FACT, prepare
from llmready.crawler.page.relations import Relations
from llmready.crawler.page.text import read_text_page
from llmready.crawler.urls import parse
from testkit.github_addresses import with_addresses
from testkit.living import living
from testkit.raw_facts import NO_FACTS

URL = parse("https://example.com/page.md")

# A different parser than the crawler's. It accepts every destination, and keeps raw HTML.
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
READER.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005
# A third one, which also makes links of bare addresses.
GITHUB_READER = with_addresses(MarkdownIt("commonmark").enable(["table", "strikethrough"]))
GITHUB_READER.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005


IMAGE = "<img src=x onerror=alert(1)>"


def served(text: str, media: str = "text/markdown") -> str:
    url = URL if media == "text/markdown" else parse("https://example.com/page.txt")
    response = Response(url, 200, {"Content-Type": f"{media}; charset=utf-8"}, text.encode())
    return prepare(read_text_page(response), URL, 1).markdown


def acting(markdown: str) -> list[str]:
    """Return the raw HTML and the unsafe destinations that two parsers find."""
    found: list[str] = []
    waiting = READER.parse(markdown) + GITHUB_READER.parse(markdown)
    while waiting:
        token = waiting.pop()
        waiting += token.children or []
        if token.type in ("html_block", "html_inline"):
            found.append(token.content)
        for name in ("href", "src"):
            target = str(token.attrs.get(name, "")).strip(" \t\n\x00\x01\x1f").lower()
            scheme = re.match(r"[a-z][a-z0-9+.-]*:", re.sub(r"[\s\x00-\x1f]", "", target))
            if scheme and scheme[0] not in ("http:", "https:", "mailto:", "tel:"):
                found.append(target)
    return found


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("A <script>alert(1)</script> b", "A  b"),
        ("A\n\n<script>\nalert(1)\n</script>\n\nB", "A\n\nB"),
        ("A\n\n<style>\np {}\n\n</style>\n\nB", "A\n\nB"),
        ("Look: <img src=x onerror=alert(1)> here", "Look:  here"),
        ('A <a href="javascript:alert(1)">word</a> b', "A word b"),
        ('<div onclick="x()">\n  <h2>Part</h2>\n  Its *words*.\n</div>', "Part\nIts *words*."),
        ("A <!-- hidden\nwords --> b", "A  b"),
        ("[a *b*](javascript:alert(1) 'title') c", "a *b* c"),
        ("[a](<javascript:alert(1)>) b", "a b"),
        ("[a](java&#115;cript:alert(1)) b", "a b"),
        ("[a](&#1;javascript:alert(1)) b", "a b"),
        ("[a](JaVa\\script:x) [b](vbscript:x) c", "a b c"),
        ("![a picture](data:image/svg+xml;base64,AAAA) b", "a picture b"),
        ("[![a](data:x)](https://example.com/) b", "[a](https://example.com/) b"),
        ("A <javascript:alert(1)> b", "A javascript:alert(1) b"),
        ("[word][1] and [1]\n\n[1]: javascript:alert(1)\n", "word and 1"),
        ("> [word][a]\n>\n> [a]:\n>   <data:text/html,x>\n>   'title'", "> word\n>\n>"),
        ("[a]: https://example.com/\n[a]: javascript:x\n\n[a]", None),
        ("- x\n  <iframe src=https://example.com></iframe> y\n- z", "- x\n   y\n- z"),
        ("| a | b |\n| - | - |\n| <b>x</b> | [y](data:x) |", "| a | b |\n| - | - |\n| x | y |"),
        ("<scr<b>ipt>alert(1)</scr</b>ipt>", None),
        ("<div>\n[a](javascript:x)\n</div>", "a"),
        ("\\[x](javascript:alert(1)) and `<b>` stay words", None),
        (f"http://a.example/`{IMAGE}` b", f"http://a.example/ `{IMAGE}` b"),
        (f"http://a.example/**`{IMAGE}`** b", f"http://a.example/** `{IMAGE}`** b"),
        (f"http://a.example/`a b` `{IMAGE}` c", f"http://a.example/ `a b` `{IMAGE}` c"),
        (f"| a |\n| - |\n| https://b.example`{IMAGE}` |", f"| a |\n| - |\n| https://b.example `{IMAGE}` |"),
        (f"http://a.example/\\{IMAGE} b", f"http://a.example/&lt;{IMAGE[1:]} b"),
        (f"https://b.example<javascript:x>\\{IMAGE} b", None),
        (f"<script\u00a0x\n`{IMAGE}`\n", None),
        (f"<style\u2003\n\n```\n{IMAGE}\n```\n", None),
        (f"`a\n<pre\u3000\n{IMAGE}`", None),
        (f"<script{IMAGE}\u00a0word<style\u2003x {IMAGE}", None),
        (f"[a]: \t{IMAGE}\n", None),
        ("[a]:\tx<javascript:alert(1)>", "[a]:\tx&lt;javascript:alert(1)>"),
        (
            "[a](<my file.md>) and [b][c]\n\n[c]: </my notes.md>",
            "[a](my%20file.md) and [b][c]\n\n[c]: /my%20notes.md",
        ),
    ],
)
def test_active_markup_is_removed_and_its_text_is_kept(written: str, clean: str | None) -> None:
    found = served(f"First words.\n\n{written}\n\nLast words.")
    assert acting(found) == []
    assert found.startswith("First words.")
    assert found.endswith("Last words.")
    if clean is not None:
        between = found.removeprefix("First words.").removesuffix("Last words.")
        assert re.sub(r"\n{3,}", "\n\n", between).strip() == clean.strip()


@pytest.mark.parametrize(
    "written",
    [
        '<img src="x" onerror="alert(1)"\u00a0>',
        '<a href="javascript:alert(1)"\u2003>word</a>',
        f"`\n-|\n{IMAGE}`",
        "`\n-|\n<javascript:alert(1)>`",
        "`\n:-:\n[x](javascript:alert(1))`",
        f"-\n  \n    {IMAGE}",
        f"-\n  \n  ```\n{IMAGE}\n  ```",
        f"> `\n<e>\n{IMAGE}`",
        f"a||\n-|-\n    >{IMAGE}",
        f">\n    >{IMAGE}",
        f"a\n> -\n    {IMAGE}",
        "> *\n    <javascript:alert(1)>",
        f"[x]:\n```\n{IMAGE}",
        f"1. [x]: a\n> ```\n[x]: \t{IMAGE}",
        f"[` `` `](https://example.com/)\\{IMAGE}",
        f"- head\n  -|\n  `{IMAGE}|x`",
        "- head\n  :-:\n  `[x](javascript:alert(1))|x`",
        f"head\n-|\n`{IMAGE}|x`\n===",
        f"> `\n\t> - `{IMAGE}`",
        f"> a\n\t> ~~~\n> {IMAGE}\n> ~~~",
        f"> a\n \t> ```{IMAGE}",
        f"0) [1]:a\n&\n\t```{IMAGE}",
        f"```\na\n```\t\n\n{IMAGE}",
        f"- ~~~\n  a\n  ~~~ \t\n\n  {IMAGE}",
        '`<b>``\n\na\n\n`<b>``\t\n\n<im<b>g src="x" onerror="alert(1)">',
        f"```|\n-|\n{IMAGE}",
        f"```\n{IMAGE}\n[x](javascript:alert(1))\n```\n\n- [ ]\n\n  ```\n",
        f"-     {IMAGE}|\n-|",
        f"> -\n>\n> ```\n> {IMAGE}\n> ```",
        f"Use `` as a mark, `a` or `{IMAGE}`.",
        f"Use \\` as a mark,\n`{IMAGE}`.",
        f"[a][`]{IMAGE}`\n\n[`]: /u",
        "[r]: /" + "u" * 20_000 + f"\n\n{'[r] ' * 8}\n\nWrite [a][`]{IMAGE}` here.\n\n[`]: /u",
        f"[a][`\u0131]{IMAGE}`\n\n[`I]: /u",
        f"[^`]{IMAGE}`\n\n[^`]: u",
        f"[a](/u (`())){IMAGE}`",
        f"[a](`( ){IMAGE}`",
        f"[a](/u{'(' * 34}`{')' * 34}){IMAGE}`",
        f"a|\n-:\n2. s\n   ```\n{IMAGE}\n   ```",
        f"a|\n-:\n-\n  s\n\n    {IMAGE}",
        f"[r]: /u\n2. s\n   ```\n{IMAGE}",
        f"[r]: /u\n-\n  s\n\n    {IMAGE}",
        "a\n-|\n2. <details open ontoggle=alert(1) x=",
        "[r]: /u\n2. <details open ontoggle=alert(1) x=",
        f"{'`' * 81}{IMAGE}{'`' * 81}",
        f"{'`' * 256}\n{'`' * 255}\n{IMAGE}\n{'`' * 256}",
        f"{'- ' * 101}a\n{'  ' * 101}~~~\n{'  ' * 101}{IMAGE}",
        f"a|\n-:\n2. s\n   ```\nx\n```\n\n```\n{IMAGE}\n```",
        f"[r]: /u\n2. s\n   ```\nx\n```\n\n```\n{IMAGE}\n```",
        f"a|\n-:\n2. s\n   ```\n      ```\n   {IMAGE}\n   ```",
        f"{'`' * 256}\n{'`' * 255}\n{'`' * 256}\n\n{'`' * 255}\n{IMAGE}\n{'`' * 255}",
        f"Write [a][`]` `]{IMAGE}` here.\n\n[`]: /u",
        f"Write [a][`\\[]{IMAGE}` here.\n\n[`\\[]: /u",
        f'[a](/u{"(" * 34}{")" * 34} ")`"){IMAGE}`',
        f"|a|b|\n|-|-|\n|`x\\\\|y` `{IMAGE}`|c|",
        f"{'`' * 81} ` {'`' * 81} `{IMAGE}`",
        f"| head |\n---\n`{IMAGE}|x`",
        f"```|\n---\n{IMAGE}",
        f"[y](`)``c`a`b`{IMAGE}`d`",
        f"[y](/u '`')``c`a`b`{IMAGE}`d`",
        f"<http://a.b/`>``c`a`b`{IMAGE}`d`",
        "[y](`)`` `a`b`[x](javascript:alert(1))`d`",
    ],
)
@pytest.mark.parametrize("media", ["text/markdown", "text/plain"])
def test_what_only_some_parsers_read_as_code_is_inactive(written: str, media: str) -> None:
    for before in ("", "Words.\n\n", "\n" * 300, " \n" * 300):
        assert living(served(f"{before}{written}\n\nLast words.", media)) == []
        assert living(served(f"{before}{written}", media)) == []


@pytest.mark.parametrize(
    "harmless",
    [
        "# Title\n\nA [link](https://example.com/a_(b)) and <https://example.com/> and [rel](../x#y).",
        "Code `<script>` and `[a](javascript:x)`:\n\n```html\n<script>x</script>\n[a]: javascript:x\n```",
        "    <div>\n\nAfter indented code: 1 < 2, a<b and `vector<int>`.",
        "[a]: https://example.com/ 'Title'\n\n[a], [mail](mailto:a@example.com), [call](tel:1)",
        "Words.\n\n    <div>\n    <a>\n\nMore.\n\n    <b>\n\n## Part\n\n    <c>",
        "| a | b |\n|---|---|\n| `<div>` | `<a>` |\n\nA `Map<string | number>` and\n`<p>` here.",
        "> Note\n>\n> ```html\n> <b>x</b>\n> ```\n\n- a\n\n  ```html\n  <b>x</b>\n  ```",
        "1. a\n   ```js\n   if (a<b) {}\n   ```\n2. b\n\n> quoted &lt;b&gt; text\\<br>",
        "```\nx\n```\nThe `<b>` tag.\n\n1. a\n   ```html\n   <b>x</b>\n   ```\n2. `<i>` here",
        "> ```html\n> <b>\n>\n> <i>\n> ```\n> and `<b>`",
        "Words.\n\n ```ts\nlet a = '<b>'\n ```\n\nMore.\n\n```html\n<i>x</i>\n```\n\nEnd.",
        "10. ```sh\n    a\n    ```\n11. b\n\nMore.\n\n```html\n<i>x</i>\n```",
        "Syntax:\n\n```\n|---|---|\n| a | b |\n```\n\n```html\n<i>x</i>\n```",
        "A [link](/a) with `<b>` and (`f(<i>)`) and [`<a>`](/b) or `[<b>]`.",
    ],
)
def test_harmless_markdown_stays_byte_for_byte(harmless: str) -> None:
    assert served(harmless) == harmless


def test_code_in_a_list_that_is_indented_by_tabs_is_kept() -> None:
    found = served("1.\tStep\n\n\t```html\n\t<b>x</b>\n\t```\n\n2.\tStep\n")
    assert "\t<b>x</b>\n" in found
    assert living(found) == []


def test_plain_text_keeps_every_character_and_is_inactive() -> None:
    written = "Use <b>List<String></b> & <script>alert(1)</script>\n\n<div>\n  a < b\n</div>\n"
    found = served(written, "text/plain")
    assert acting(found) == []
    assert html.unescape(found).strip() == written.strip()


WRITTEN = (
    "[ ] ( ) < > ! ` a \\ - 1. # | : * _ & ; / = javascript: data:x &#106;avascript: &colon; http://x </ <!-- --> "
    "<script </script> <b> ]( ]: [1]: [^1]: <? ?> <![CDATA[ ]]> <div onclick=a> ~~ ``` <script\u00a0 <style\u2003"
)
pieces = st.lists(
    st.sampled_from([*WRITTEN.split(" "), " ", "\n", "\n\n", "\n> ", "\n    ", "\t"]) | st.text(max_size=2),
    max_size=25,
).map("".join)


@given(pieces)
@example("a <![CDATA[](]]> b")
def test_no_active_markup_is_left_in_any_input(written: str) -> None:
    try:
        found = served(f"Words.\n\n{written}")
    except Failure:
        return
    assert acting(found) == [], found
    assert living(found) == [], found


@given(pieces)
@example("a <![CDATA[](]]> b")
def test_plain_text_is_never_active(written: str) -> None:
    assert acting(served(f"Words.\n\n{written}", "text/plain")) == []


@pytest.mark.parametrize("colon", [":", "&#58;", "&#x3A;", "&#0000058;", "&colon;"])
@pytest.mark.parametrize("kind", ["text/markdown", "text/plain"])
def test_no_length_of_a_written_scheme_makes_its_link_pass(colon: str, kind: str) -> None:
    word = "javascript"
    for zeros in range(4 * len(word) + 1):
        # A reference has at most seven digits.
        widths = [3 + zeros // len(word) + (place < zeros % len(word)) for place in range(len(word))]
        scheme = "".join(f"&#{ord(letter):0{width}};" for letter, width in zip(word, widths, strict=True))
        written = f"{scheme}{colon}alert(1)"
        text = f"# Guide\n\nWords [a]({written}) and ![b]({written}) and [c].\n\n[c]: {written}\n"
        assert acting(served(text, kind)) == [], zeros


@pytest.mark.parametrize("unit", ["](<", "[x]: y", "a](javascript:b) "])
def test_a_text_of_destinations_is_cleaned_without_examining_each(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined = 0

    def counted(destination: str) -> bool:
        nonlocal examined
        examined += 1
        return is_safe(destination)

    monkeypatch.setattr(commonmark, "is_safe", counted)
    end = "[end](javascript:a) ![end](data:b) [c]: javascript:d\n\n[c]: javascript:e\n"
    text = f"# Bread\n\n{unit * 300_000}\n\n{end}"
    cleaned = served(text)
    assert examined < 200_000
    assert acting(cleaned[-10_000:]) == []
    assert acting(cleaned[:10_000]) == []


def test_web_links_of_a_long_list_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commonmark, "MAX_DESTINATIONS", 10)
    links = "".join(f"- [{number}](https://example.com/{number}) <b>x</b>\n" for number in range(100))
    assert len(re.findall(r"\[\d+\]\(https://", served(f"# Links\n\n{links}"))) == 100


def test_escaped_signs_are_shown_alike_in_a_text_that_is_too_large_to_be_parsed() -> None:
    found = served(f"# Signs\n\nIf a \\<b and c <d.{' *' * 1_000_000}")
    assert "If a &lt;b and c &lt;d." in found


def test_words_that_only_tags_part_stay_apart() -> None:
    found = served(
        "# Words\n\n| one<br>two | three<ul><li>four</li></ul> |\n| --- | --- |\n| H<sub>2</sub>O | a <br/> b |"
    )
    assert re.findall(r"\w+", found) == ["Words", "one", "two", "three", "four", "H2O", "a", "b"]


def test_facts_of_a_page_with_its_own_markdown_are_cut_and_cleaned() -> None:
    long = "a\u202e " * 2000
    raw: RawFacts = {
        **NO_FACTS,
        "lang": "en",
        "title": long,
        "metas": [("description", "", long), ("og:site_name", "", long)],
    }
    url = parse("https://bakery.example/rolls")
    content = HtmlPage(b"<p>Rolls</p>", "Rolls", read_metadata(raw, url), Relations())
    markdown = Response(url, 200, {"Content-Type": "text/markdown"}, b"Rolls at six.")
    found = prepare(content, url, 1, markdown).page
    for fact in (found.title, found.description, found.site_name):
        assert 0 < len(fact) <= LONGEST_FACT
        assert "\u202e" not in fact


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ('[a](x "', "<a", '")'),
        ("[a]: x", "<a", ""),
        ("[a](x", "<!", ")"),
        ("    ", "<a\u00a0", ""),
        ("x", "<!", ""),
    ],
    ids=["title", "definition", "destination", "code", "text"],
)
def test_millions_of_possible_tags_need_little_memory(before: str, part: str, after: str) -> None:
    has_tags, megabytes = _cleaned_in_a_process(before, part, after)
    assert not has_tags
    assert megabytes < 200


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "`a",
        ">",
        "a\n",
        "*a",
        "&amp;",
        "\\!",
        "|",
        "- a\n",
        "[{}]: b\n",
        "[^{}]: b\n",
        "[a](b:c)",
        "[a]: b:c\n",
    ],
)
@pytest.mark.parametrize("kind", ["served", "converted"])
def test_millions_of_markup_signs_need_little_memory(kind: str, part: str) -> None:
    _, megabytes = _cleaned_in_a_process("`<b>` <b>\n\n- ```\n  x\n  ```\n\n", part, "a", kind)
    assert megabytes < 250


def _cleaned_in_a_process(before: str, part: str, after: str, kind: str = "served") -> tuple[bool, int]:
    """Clean a text of 9 MB. Returns: whether it still has a `<`, and the megabytes that this needed at most."""
    program = (
        "import sys; from llmready.crawler.convert import sanitise;"
        "before, part, after, kind = sys.argv[1:];"
        "number = 9_000_000 // len(part.replace('{}', '123456').encode());"
        "parts = (part.replace('{}', str(n)) for n in range(number)) if '{}' in part else [part * number];"
        "text = 'Words.\\n\\n' + before + ''.join(parts) + after;"
        "found = sanitise.clean_served_text(text, is_markdown=True) if kind == 'served' else"
        " sanitise.clean_markdown(text);"
        "status = open('/proc/self/status').read();"
        "print('<' in found, int(status.split('VmHWM:')[1].split()[0]) // 1024)"
    )
    command = [sys.executable, "-c", program, before, part, after, kind]
    has_tags, megabytes = subprocess.check_output(command, text=True).split()
    return has_tags == "True", int(megabytes)
