"""In each function that reads text of a site, twice the text takes at most three times as long.

`make test` measures texts of up to 128 kB. `make fuzz` doubles all texts up to 1 MB, and the slowest of them up to
`LLMREADY_FUZZ_TEXT_BYTES` (10 MB).
"""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from llmready.crawler.browser.merging import States
from llmready.crawler.browser.need import needs_browser
from llmready.crawler.characters import clean_line, clean_text
from llmready.crawler.convert.charset import to_utf8
from llmready.crawler.convert.node_child import SECONDS_A_PAGE, Converter
from llmready.crawler.convert.sanitise import clean_markdown, clean_served_text
from llmready.crawler.convert.tags import text_spans
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.bodies import Body, Budget
from llmready.crawler.fetch.response import Response
from llmready.crawler.fetch.robots import Robots
from llmready.crawler.fetch.sitemap_file import parse_sitemap
from llmready.crawler.model import StoredPage
from llmready.crawler.pack.descriptions import bounded
from llmready.crawler.pack.titles import page_titles, site_name
from llmready.crawler.pack.words import readable
from llmready.crawler.page.book_contents import contents_in
from llmready.crawler.page.brand import read_brand
from llmready.crawler.page.breadcrumbs import read_breadcrumbs
from llmready.crawler.page.character_references import attribute_of, text_of
from llmready.crawler.page.excerpt import first_headings, paragraphs, plain
from llmready.crawler.page.meta_tags import header_rules, iso_date, language
from llmready.crawler.page.parse_limits import is_sane
from llmready.crawler.page.text import read_text, read_text_page
from llmready.crawler.store.tokens import count_words, estimate_tokens
from llmready.crawler.urls import join, parse

SMALLEST = 32_000
LARGEST = int(os.environ.get("LLMREADY_FUZZ_TEXT_BYTES", "128000"))
LARGEST_OF_ALL = 1_024_000
"""The size up to which every text is doubled. One that takes more than linear time is among the slowest by then."""
SLOWEST = 5
"""The texts that are doubled beyond that size."""
LIMITED = 600_000
"""Characters of a page up to which the converter must not reach its limit of time."""
SHORTEST_SECONDS = 0.02
"""Times below it say more about the machine than about the function."""
MOST_TIMES = 3.0
DOUBLINGS = 2
MEASUREMENTS = 4

EMPTY_MEMBER, SHORT_MEMBER = gzip.compress(b""), gzip.compress(b"a")
URL = parse("https://bakery.example/a")
MARKDOWN = {"Content-Type": "text/markdown"}

# What is repeated.
UNITS = (
    *(
        "[",
        "]",
        "![",
        "[a](",
        "[a](<",
        "[a][",
        "[a]: x\n",
        "\\'\n",
        "[x](javascript:a)",
        "](",
        "](\n>",
        "<javascript:",
    ),
    *(
        "*",
        "**a ",
        "*a_",
        "_",
        "_a ",
        "~~",
        "`",
        "` `` ",
        "`<b>` ",
        "```\n",
        "~~~\n",
        "```a\n",
        " ",
        "\t",
        "\n",
        "\r",
        "a\n\n",
    ),
    *(
        "> ",
        "- ",
        "1. ",
        "# ",
        "#",
        "#\t",
        "|",
        "|-|\n",
        "---\n",
        "a",
        "a b ",
        "a. ",
        "é",
        "語",
        "。",
        "\u200b",
        "\\",
    ),
    *(
        "<",
        "<a ",
        "</a>",
        "<!--",
        "<!-- -->",
        "<![CDATA[",
        "<?",
        "<script>",
        "<script>x</script>",
        "<title>",
        "<p>",
    ),
    *(
        "<b>",
        "<b><p>",
        "<div>",
        "<a href=x>",
        "<table><td>",
        "<td>x",
        "<a b='",
        '<a b="',
        "<p a=b ",
        "<svg><p>",
    ),
    *(
        "&",
        "&amp",
        "&amp;",
        "&#",
        "&#1;",
        "&#x",
        "-",
        "|-",
        ": ",
        "/",
        "../",
        "%",
        "%41",
        "?",
        "a,",
        "{",
        '{"a":[',
        ":",
    ),
    *(
        "<loc>",
        "<url><loc>/a</loc></url>",
        "<sitemap><loc>/a</loc></sitemap>",
        "breadcrumb",
        "<nav class=breadcrumb>",
    ),
    *(
        "Disallow: /*a*b\n",
        "User-agent: *\n",
        "Sitemap: /a\n",
        "user-agent: a/",
        "title: a\n",
        "http://a/\n",
        "1-2-",
    ),
    *(
        "<meta charset=x>",
        '<meta name="a" content="',
        '"@type":"BreadcrumbList",',
        "application/ld+json",
        "<style>",
    ),
)
HTML_UNITS = (
    *(
        "[",
        "![",
        "*",
        "_",
        "`",
        "~",
        "|",
        "#",
        "> ",
        "1. ",
        "a ",
        " ",
        "\n",
        "\\",
        "$",
        "<",
        "<!--",
        "<!-- -->",
    ),
    *(
        "<a ",
        "</a>",
        "<a href=x>",
        "<a href='irc://x'>[</a>",
        "<b>",
        "</b>",
        "<b><p>",
        "<i><b></i>",
        "<font><p>",
    ),
    *(
        "<div>",
        "<div></div>",
        "<p>",
        "</p>",
        "<br>",
        "<ul><li>",
        "<li>a",
        "<h2>a</h2>",
        "<pre>",
        "<code>`</code>",
    ),
    *(
        "<blockquote>",
        "<table><tr><td>",
        "<td>x",
        "<tr><td>x",
        "<td colspan=9>",
        "<svg><p>",
        "<math><mi>",
        "<img alt='['>",
    ),
    *(
        "<script>",
        "<script>x</script>",
        "<style>",
        "<title>",
        "<template>",
        "<select><option>",
        "<dl><dt>a<dd>b",
        "<p a=b ",
    ),
    *(
        "<a b='",
        "&",
        "&amp",
        "&#1;",
        "<span>a</span> ",
        "<section><h2>a</h2>",
        "<nav><a href=x>y</a></nav>",
        "<iframe>",
    ),
)
"""What is repeated in pages for the converter."""


def _streamed(text: str) -> str:
    """Return a page of React with late parts and as many boundaries as fit into the text."""
    numbers = [f"{number:x}" for number in range(min(2000, len(text) // 200))]
    places = "".join(f'<!--$?--><template id="B:{number}"></template>' for number in numbers)
    parts = "".join(
        f'<div hidden id="S:{number}">a</div><script>$RC("B:{number}","S:{number}")</script>'
        for number in numbers
    )
    return f"{places}{text[: len(text) // 4]}{parts}{text[: len(text) // 4]}"


def _after_siblings(text: str) -> str:
    """Return a text after short elements; their number is an eighth of the number of its characters."""
    return f"{'<hr>' * (len(text) // 8)}{text[: len(text) // 2]}"


def _before_nested_blocks(text: str) -> str:
    """Return a text in many elements, each of which also contains an empty block of code and its copy button."""
    depth = len(text) // 400
    return f"{'<div>' * depth}{text}{'<pre></pre><b>copy</b></div>' * depth}<pre>x</pre>"


def _switcher(text: str) -> str:
    """Return a list of tabs, and as many panels of a switcher whose elements are listed by name."""
    number = len(text)
    return f"<ul>{'<li>a</li>' * number}</ul><ul class=uk-switcher>{'<p>bc' * number}</ul>"


def _tabs_after_comments(text: str) -> str:
    """Return tabs after many texts of white space, and as many panels."""
    number = len(text) // 8
    tabs = f"{' <!-- -->' * 2 * number}{'<a href=#>a</a>' * number}"
    return f"<div class=tabs>{tabs}</div><div>{'<div>b</div>' * number}</div>"


def _numbered_by_nested_rows(text: str) -> str:
    """Return a block of numbers that is the first one of many nested rows."""
    depth = len(text) // 1000
    end = "</td><td><pre>a\nb</pre></td></tr></table>"
    return f"{'<table><tr><td>' * depth}<pre>{text * 4}</pre>{end * depth}"


A_TEXT = f"<p>{'The shop opens at seven, and rolls are baked at six. ' * 3}</p>"
HTML_FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (".", "<b>{}a</b>b and so on".format),
    (".", "a<b>{}</b>b and so on".format),
    ("&nbsp;", "<h2>a{}b</h2>".format),
    ("<br>", "<h2>a{}b</h2>".format),
    ("pixel", '<img alt=a src="{}">'.format),
    ("<img src=/photo.jpg>", "<h2>{}</h2>".format),
    ("<img alt='some longer description'>", "<table><tr><th>a<th>b<tr><td>{}<td>b</table>".format),
    ("<img data-x=1>", "<picture>{}</picture>".format),
    ("application/x-tex ", lambda text: f"<math><annotation {text}>a</math>" * 2),
    (
        "<annotation application/x-tex ",
        lambda text: f"<math>{text[:18_000]}>a</math>" * (len(text) // 18_000),
    ),
    ("<script type=math/tex>a</script>", _after_siblings),
    ("<hr>", _before_nested_blocks),
    ("<!--$-->", _streamed),
    ("_<pre>#", lambda text: text * 4),
    ("<pre>1</pre><pre>x</pre>", "<div>{0}{0}</div>".format),
    ("<pre>1</pre>", "<div>{}</div>".format),
    (
        "<span class=katex-html aria-hidden=true>x</span>",
        lambda text: f"{'<hr>' * (len(text) * 2)}{text * 8}",
    ),
    ("<li>a", _switcher),
    ("<a>", _tabs_after_comments),
    ("1\n", _numbered_by_nested_rows),
    ("&alpha;", "<math><mi>{}</mi></math>".format),
    ("\\", "<math>{}</math>".format),
    (" ", '<img class=math src=/a.png alt="a{}b">'.format),
    (" ", "<table><tr><td><pre>1</pre><td><pre>a{}b</pre></table>".format),
    ("<", "<noscript>{}</noscript>".format),
    (" ", '<script type="application/ld+json">{{"@type":{}1}}</script>'.format),
    ("<ul><li>a", "<table><tr><th>b<th>c<tr><td>d<td>{}</table>".format),
    ("<li>a", "<table><tr><th>b<th>c<tr><td>d<td>{}</table>".format),
    ("<div class=message-user>", f"<h1>b</h1>{A_TEXT * 9}{{}}<h4>c</h4>".format),
    ("<li><a href=#a>b c</a>", f"<h1>b</h1>{A_TEXT}<div><div><ul>{{}}</ul></div></div>{A_TEXT * 10}".format),
    *(
        (unit, str)
        for unit in (
            "<i>.a.</i>b<b>.c</b>d",
            "a<b> .</b>a<i>,</i>",
            "a<b>.b</b>",
            "a<b>.</b>a<s>,</s>b<i>;c</i>d ",
            "<code>a`</code>",
            "<blockquote><div>a</div></blockquote>",
            "\\[a ",
            "\\(a ",
            "$$",
            "$$a",
            "<ul><li><a href=#a>b c</a>",
            "<li><a href=#a>b c</a>",
            "<h2>a</h2><button>b</button>",
            "<h2>a</h2><nav>b</nav>",
            "<span class=a>bc</span><span class=d>ef</span>",
            "<span class=a>bc</span><span class=d>",
            "<a href=/b><div>c</div><ul><li>d</ul></a>",
        )
    ),
)
"""What is repeated in pages for the converter, and what is around it."""
ENDS = ("", "x", "\x00>") if LARGEST > 128_000 else ("",)
"""What follows; it decides whether a pattern that began everywhere matches in the end."""
TEXTS = tuple((unit, end) for unit in UNITS for end in ENDS)


def _page(title: str, number: int = 0) -> StoredPage:
    page, _ = read_text(Response(URL, 200, MARKDOWN, b"# A title\n\nSome text of the page."), URL, 0)
    return replace(page, url=URL._replace(path=f"/{number}"), title=title, heading=title, site_name=title)


def _read_served(text: str) -> None:
    response = Response(URL, 200, MARKDOWN, text.encode())
    read_text_page(response)
    read_text(response, URL, 0)


def _read_front_matter(text: str) -> None:
    # A front matter that is too long is read as text, so there is also text below shorter ones.
    _read_served(f"---\ntitle: a\n{text[: len(text) // 8]}\n---\n{text[: len(text) // 8]}")


def _name_pages(text: str) -> None:
    # The converter and the reader of front matter cut titles, so that a part of the text is enough.
    text = text[: len(text) // 16]
    pages = [_page(text), _page(text + " a", 1), _page("b " + text, 2)]
    page_titles(pages, pages[0], site_name(pages, pages[0]))


def _read_robots(text: str) -> None:
    # A robots.txt is cut after 500 KiB, but the time must not grow faster than the file.
    robots = Robots(URL, text)
    robots.allows(URL)
    assert len(robots.sitemaps) <= 50


def _judge_nested_parts(text: str) -> None:
    number = len(text) // 200
    notice = f"{'<noscript>' * number}{text[: len(text) // 4]}{'</noscript>' * number}"
    parts = f"{'<main><app-root><turbo-frame src=a>' * number}{text}"
    needs_browser(f"<script></script>{notice}{parts}")


def _join_states(text: str) -> None:
    """Join states of a page with new texts in many elements, which have many siblings."""
    items = range(len(text) // 2600)

    def state(number: int) -> str:
        new = [f"<p>old {item}<b>{f'new {number} {item}' if number else ''}</b></p>" for item in items]
        return f"<body>{text}{''.join(new)}</body>"

    states = States(state(0))
    states.add(state(1))
    states.loses(state(2))


def _last(values: Iterable[object]) -> None:
    deque(values, maxlen=0)


def _decode_members(text: str) -> None:
    # A header with a long name, whose comment arrives in many parts.
    named = Body("gzip", 100 * LARGEST, Budget(100 * LARGEST))
    named.feed(EMPTY_MEMBER[:3] + b"\x18" + EMPTY_MEMBER[4:10] + b"n" * 32 * len(text) + b"\0")
    for _ in range(len(text) // 16):
        named.feed(b"c")
    # The second encoding gets all members in one call.
    members = gzip.compress(b"\0" * 8 * len(text)) + SHORT_MEMBER * (len(text) // 16)
    for packed in (EMPTY_MEMBER * (len(text) // 4), members):
        Body("gzip, gzip", 10 * LARGEST, Budget(20 * LARGEST)).feed(gzip.compress(packed))


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "clean text": clean_text,
    "clean line": clean_line,
    "clean markdown": clean_markdown,
    "clean served text": lambda text: clean_served_text(text, is_markdown=False),
    "read served markdown": _read_served,
    "front matter": _read_front_matter,
    "first paragraphs": lambda text: _last(paragraphs(text)),
    "first headings": first_headings,
    "plain text": plain,
    "titles": _name_pages,
    "description": bounded,
    "segment of a path": readable,
    "link": lambda text: join(URL, text),
    "sitemap": lambda text: parse_sitemap(f"<urlset><url><loc>{text}".encode(), URL),
    "sitemap as text": lambda text: parse_sitemap(text.encode(), URL),
    "robots": _read_robots,
    "encoding": lambda text: to_utf8(text.encode(), "text/html"),
    "text spans": lambda text: _last(text_spans(text.encode())),
    "limits of the parser": is_sane,
    "need of a browser": _judge_nested_parts,
    "states of a page": _join_states,
    "contents of a book": contents_in,
    "brand": read_brand,
    "breadcrumbs": lambda text: read_breadcrumbs(text.encode()),
    "text of HTML": text_of,
    "attribute of HTML": attribute_of,
    "date": iso_date.__wrapped__,
    "language": lambda text: language(text, {"og:locale": text}),
    "robots header": header_rules,
    "words": lambda text: count_words(text.encode(), 1),
    "tokens": lambda text: estimate_tokens(text.encode(), 1),
}


def _seconds(call: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    with suppress(Failure, ValueError):  # A text may be refused.
        call(text)
    return time.process_time() - began


def _too_slow(measure: Callable[[str], float], texts: Iterable[tuple[str, str]]) -> list[str]:
    """Double all texts, and the slowest of them up to the largest size.

    Return the measurements of those that grow too fast.

    Args:
        measure: Returns the seconds that a text takes.
        texts: What is repeated, and what follows.
    """
    last: dict[tuple[str, str], float] = {}

    def measured(text: tuple[str, str], smallest: int, largest: int) -> str:
        def noted(whole: str) -> float:
            last[text] = measure(whole)
            return last[text]

        return _first_too_slow(noted, *text, smallest, largest)

    found = [measured(text, SMALLEST, min(LARGEST, LARGEST_OF_ALL)) for text in texts]
    if LARGEST > LARGEST_OF_ALL:
        slowest = sorted(last, key=lambda text: last[text], reverse=True)[:SLOWEST]
        found += [measured(text, LARGEST_OF_ALL >> DOUBLINGS, LARGEST) for text in slowest]
    return [slow for slow in found if slow]


def _first_too_slow(
    measure: Callable[[str], float], unit: str, end: str, smallest: int = SMALLEST, largest: int = LARGEST
) -> str:
    """Double a text until its time grows too fast; return what was measured then, or an empty text.

    Two doublings are compared together: four times the text may take nine times as long. A single doubling would
    mainly measure noise of the machine and steps in the growth of a heap.

    Args:
        measure: Returns the seconds that a text takes.
        unit: What is repeated.
        end: What follows.
        smallest: Characters of the first text.
        largest: Characters of the last text at most.
    """
    most = MOST_TIMES**DOUBLINGS
    texts: deque[str] = deque(maxlen=DOUBLINGS + 1)
    times: deque[float] = deque(maxlen=DOUBLINGS + 1)
    size = smallest
    while size <= largest:
        texts.append(unit * (size // len(unit)) + end)
        times.append(measure(texts[-1]))
        for _ in range(MEASUREMENTS - 1):
            if len(times) <= DOUBLINGS or times[-1] <= most * max(times[0], SHORTEST_SECONDS):
                break
            times[0] = min(times[0], measure(texts[0]))
            times[-1] = min(times[-1], measure(texts[-1]))
        if len(times) > DOUBLINGS and times[-1] > most * max(times[0], SHORTEST_SECONDS):
            return f"{unit!r} … {end!r}: {times[0]:.3f} s, then {times[-1]:.3f} s for {size} characters"
        size *= 2
    return ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_twice_the_text_takes_at_most_three_times_as_long(name: str) -> None:
    call = FUNCTIONS[name]
    assert not _too_slow(lambda text: _seconds(call, text), TEXTS)


@pytest.mark.parametrize(
    ("unit", "end"),
    [
        ("![a](data:,x)", ""),
        ("[", "](data:x)"),
        ("[a", "](data:x)"),
        ("[](data:", ""),
        ("[a](javascript:((((", ""),
        ("[x](javascript:a\\", ""),
        ("> ", "```[](data:)"),
        ("](<", "](data:)"),
        ("](\n> ", "](data:)"),
        ("](\n", "](data:)"),
        ("[a](&Tab;", ""),
    ],
)
def test_twice_the_links_to_unsafe_addresses_take_at_most_three_times_as_long(unit: str, end: str) -> None:
    assert not _first_too_slow(partial(_seconds, clean_markdown), unit, end)


def test_twice_the_members_of_a_body_take_at_most_three_times_as_long() -> None:
    largest = min(LARGEST, LARGEST_OF_ALL)
    assert not _first_too_slow(partial(_seconds, _decode_members), "a", "", largest=largest)


def test_quadratic_time_is_noticed() -> None:
    assert "'a'" in _first_too_slow(lambda text: (len(text) / SMALLEST) ** 2, "a", "")
    assert not _first_too_slow(lambda text: len(text) / SMALLEST, "a", "")


async def _converted_in(converter: Converter, text: str) -> float:
    """Return the seconds until the child answers, or refuses the page at its limit of time or memory."""
    began = time.perf_counter()
    try:
        await converter.read(f"<!doctype html><title>a</title><main><p>{text}".encode(), str(URL))
    except Failure:
        took = time.perf_counter() - began
        # All sizes beyond the limit take equally long.
        assert took < SECONDS_A_PAGE or len(text) > LIMITED, f"{text[:50]!r} reaches the limit of time"
        # Converting a simple page starts the new child and shows the converter that it works.
        await converter.read(b"<p>A page</p>", str(URL))
        return took
    return time.perf_counter() - began


@pytest.mark.parametrize("part", range(4))
def test_twice_the_page_takes_the_converter_at_most_three_times_as_long(part: int) -> None:
    with asyncio.Runner() as runner:
        converter = Converter()
        runner.run(converter.start())
        try:
            runner.run(converter.read(b"<p>A page</p>", str(URL)))
            texts = [(unit, "") for unit in HTML_UNITS[part::4]]
            found = _too_slow(lambda text: runner.run(_converted_in(converter, text)), texts)
        finally:
            runner.run(converter.close())
    assert not found


def test_twice_the_text_in_a_page_takes_the_converter_at_most_three_times_as_long() -> None:
    with asyncio.Runner() as runner:
        converter = Converter()
        runner.run(converter.start())

        def seconds(form: Callable[[str], str], text: str) -> float:
            return runner.run(_converted_in(converter, form(text)))

        try:
            runner.run(converter.read(b"<p>A page</p>", str(URL)))
            found = [
                slow for unit, form in HTML_FORMS for slow in _too_slow(partial(seconds, form), [(unit, "")])
            ]
        finally:
            runner.run(converter.close())
    assert not found, "\n".join(found)


def test_a_short_line_that_looks_like_a_trail_of_links_is_converted() -> None:
    # Each slash could begin a part or belong to one, so 33 of them had 2 ** 32 readings.
    text = "<p>" + "Some words of a text that is long enough to be the main part. " * 8 + "</p>"
    page = f"<title>x</title><main><p><a href='/'>x</a>{'/a' * 33}></p>{text * 3}</main>"
    with asyncio.Runner() as runner:
        converter = Converter()
        runner.run(converter.start())
        try:
            assert "x" in runner.run(converter.convert(page.encode(), str(URL)))
        finally:
            runner.run(converter.close())
