"""Pages and sitemaps that are designed to cost much time or memory, together with ordinary pages of the same site."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from testkit.crawler_program import run, watched_run
from testkit.serving import Answer, links, page, serving

SECONDS = 20
MEGABYTES = 400
XML = {"Content-Type": "application/xml"}
TEXT = {"Content-Type": "text/markdown"}
GOOD = {f"/good-{number}": page(f"Good page {number}") for number in range(5)}


def _nested(*names: str, most: int) -> str:
    """Return start tags without end tags, with at most this many characters."""
    opened = "".join(f"<{name}>" for name in names)
    return opened * (most // len(opened))


def _structured(data: str) -> str:
    return f'<p>Rolls</p><script type="application/ld+json">{data}</script>'


HOSTILE = {
    "brackets": "<p>A post with a <a href='irc://x'>link</a> and " + "[" * 60_000 + "</p>",
    "brackets-in-a-link": f"<p><a href='irc://x'>{'[' * 60_000}</a></p>",
    "fonts": _nested("font", "p", most=37_000),
    "fonts-with-attributes": "".join(f"<font size={size}><p>" for size in range(2200)),
    "formats": _nested("b", "i", "u", "p", most=37_000),
    "anchors": _nested("a href=x", "div", most=37_000),
    "divisions": "<div>" * 25_000 + "deep",
    "spans": "<span>" * 25_000 + "deep",
    "lists": _nested("ul", "li", most=150_000),
    "quotes": "<blockquote>" * 25_000 + "deep",
    "tables": _nested("table", "tr", "td", most=150_000),
    "templates": "<template>" * 25_000,
    "drawings": _nested("svg", "foreignObject", most=150_000),
    "wide-row": f"<table><tr>{'<td>x' * 100_000}</table>",
    "wide-and-long": f"<table><tr>{'<td>x' * 20_000}</tr>{'<tr><td>x' * 20_000}</table>",
    "spanning": "<table>" + "<tr><td colspan=1000 rowspan=65534>x" * 5000 + "</table>",
    "blanks": f"<p>x{' ' * 500_000}y</p><pre>x{' ' * 500_000}y</pre>",
    "lines": f"<pre>{chr(10) * 500_000}</pre><p>{'<br>' * 100_000}</p>",
    "stars": f"<p>{'*' * 300_000}</p><p>{'* ' * 150_000}</p><p>{'**a ' * 75_000}</p>",
    "underscores": f"<p>{'_' * 300_000}</p><p>{'_a ' * 100_000}</p>",
    "backticks": f"<p>{'`' * 300_000}</p><code>{'`' * 300_000}</code><pre>{'`' * 300_000}</pre>",
    "growing-backticks": f"<p>{' '.join('`' * length for length in range(1000))}</p>",
    "comments": "<!--" * 100_000,
    "comments-that-end": "<!-->" * 100_000 + "<!--x--!>" * 50_000,
    "references": "<p>" + "&" * 300_000 + "&#" * 100_000 + "&amp" * 50_000 + "</p>",
    "attributes": "<p " + " ".join(f"a{number}=x" for number in range(50_000)) + ">x</p>",
    "open-tags": "<" * 300_000 + "<a " * 100_000,
    "scripts": "<script>" + "<!--<script>" * 50_000,
    "title": f"</title><title>{'| - ' * 100_000}</title>",
    "rows": f"<table><tr><th>a<th>b{'<tr><td>a<td>b' * 130_000}</table>",
    "fences": f"<pre>{'``` ' * 130_000}</pre>",
    "headings": "<h2>x</h2>" * 50_000,
    "images": f"<p>{'![' * 100_000}{'<img src=x alt=[>' * 20_000}</p>",
    "options": "<select>" + "<option>x" * 100_000,
}
"""Bodies of pages, by what they have too much of."""

SERVED = {
    "brackets.md": "[" * 100_000,
    "links.md": "[a](" * 100_000,
    "stars.md": "*a " * 100_000 + "**" * 100_000,
    "underscores.md": "_a " * 200_000,
    "backticks.md": " ".join("`" * length for length in range(1500)),
    "quotes.md": "> " * 100_000 + "x",
    "lists.md": "- " * 100_000 + "x",
    "comments.md": "<!--" * 100_000,
    "tags.md": "<a " * 100_000,
    "references.md": "".join(f"[{number}]: x\n" for number in range(50_000)) + "[1][" * 50_000,
    "front-matter.md": "---\n" + "a: &a [*a]\n" * 50_000 + "---\n",
    "table.md": "|" * 20_000 + "\n" + "|-" * 20_000 + "|\n" + "|x" * 20_000,
    "blanks.md": "x" + " " * 500_000 + "y\n" + "\n" * 200_000,
}
"""Markdown and text that the site itself serves."""


def _pages() -> dict[str, Answer | str]:
    hostile = {f"/bad/{name}": page(name, body) for name, body in HOSTILE.items()}
    served: dict[str, Answer | str] = {
        f"/bad/{name}": Answer(f"# {name}\n\n{text}\n", headers=TEXT) for name, text in SERVED.items()
    }
    front = page("Home", links(*hostile, *served, *GOOD))
    return {"/": front, **hostile, **served, **GOOD}


def test_short_links_in_a_deep_folder_become_no_long_markdown(tmp_path: Path) -> None:
    base = f"<base href='/{'x' * 1900}/'>"
    bodies = {
        "links": "<a href=x>x</a> " * 30_000,
        "images": "<img src=x alt=x> " * 30_000,
        "videos": "<video poster=x src=y></video>" * 10_000,
    }
    pages = {
        f"/{name}-{number}": page(f"{name} {number}", f"{base}<p>{number} {body}</p>")
        for name, body in bodies.items()
        for number in range(4)
    }
    _crawl_in_bounds({"/": page("Home", links(*pages, *GOOD)), **pages, **GOOD}, tmp_path)
    assert _longest(tmp_path) < 5_000_000


@pytest.mark.parametrize(
    "body",
    [
        f"<base href='/{'x' * 1900}/'>{'<a href=a>x</a> ' * 600_000}",
        "<blockquote>" * 12 + "<pre>" + "a\n" * 1_500_000,
        "<main><li>" * 240 + "<p>a" * 200_000,
        "<main>" + "<dl><dd>" * 120 + "<p>a" * 200_000,
        "<blockquote>" * 11 + "<ul><li>" * 11 + "<p>a" * 700_000,
    ],
    ids=["links", "lines", "items", "explanations", "paragraphs"],
)
def test_a_page_that_would_become_far_longer_fails_alone(body: str, tmp_path: Path) -> None:
    _crawl_in_bounds({"/": page("Home", links("/bad", *GOOD)), "/bad": page("Bad", body), **GOOD}, tmp_path)
    assert _longest(tmp_path) < 20_000_000


def test_many_parts_around_the_same_elements_are_examined_quickly(tmp_path: Path) -> None:
    player = "<noscript><iframe src=https://player.example/a></iframe></noscript>"
    bad = {
        "/menus": page("Menus", "<nav>" * 500 + "<p>not long" * 400_000),
        "/notices": page("Notices", "<div class='cookie nav'>" * 500 + "<p>not long" * 400_000),
        "/players": page("Players", player * 200 + "<iframe src=https://a.example/b></iframe>" * 160_000),
    }
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


def test_long_attributes_that_many_parts_need_are_read_quickly(tmp_path: Path) -> None:
    embeds = "<noscript><iframe src=https://player.example/a></iframe></noscript>" * 200
    long_source = f"<iframe src='https://a.example/{'&amp;' * 12_000}'></iframe>"
    long_class = "flex-" * 150_000
    formula = r"<b>\(x\)</b>"
    bodies = {
        "words": f"<p class='{long_class}'>" + "<span>xx</span>" * 55_000,
        "formulas": f"<p class='{long_class}'>" + formula * 55_000,
        "players": f"<div>{embeds}{long_source * 50}</div>",
        "languages": f"<div data-lang='{'A' * 500_000}'>" + "<pre>x</pre>" * 20_000,
        "displays": f"<p display='{'é' * 500_000}'>" + "<math><mi>x</mi></math>" * 20_000,
    }
    bad = {
        f"/{name}{number}": page(f"{name} {number}", body)
        for name, body in bodies.items()
        for number in range(3)
    }
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


def test_formulas_in_formulas_are_read_once(tmp_path: Path) -> None:
    start, end = "<math>" * 59, "</math>" * 59
    accents = "<mover><mo>a</mo>" * 58
    bodies = {
        "long": start + f"<mo>{'{_' * 2400}</mo>" * 200 + end,
        "short": (start + f"<mo>{'{_' * 4800}</mo>" + end) * 95,
        "accents": ("<math>" + accents + f"<mtr>{'<mo>' + '_' * 4000 + '</mo>'}" * 23 + "</math>") * 8,
        "open": "<math>" + accents + f"<mtr>{'<mo>' + '_' * 4000 + '</mo>'}" * 180,
    }
    bad = {
        f"/{name}{number}": page(f"{name} {number}", body)
        for name, body in bodies.items()
        for number in range(3)
    }
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


@pytest.mark.parametrize(
    ("part", "element"),
    [("<nav>", "<h2></h2>"), ("<div class=toc>", "<a href=#b>x</a>")],
    ids=["menus", "tables of contents"],
)
def test_many_parts_around_the_same_headings_or_links_are_examined_quickly(
    tmp_path: Path, part: str, element: str
) -> None:
    body = f"<p>{'word and text ' * 200}</p><main>{part * 500}x{element * 200_000}</main>"
    bad = {f"/{name}": f"<title>{name}</title>{body}" for name in "abc"}
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


def test_comments_and_code_of_manuals_are_examined_once(tmp_path: Path) -> None:
    text = f"<p>{'word and text ' * 20}</p>"
    bodies = {
        "comments": f"<div class=comment id={'a' * 500_000}>{text}{'<div class=comment>ab</div>' * 20_000}</div>",
        "code": text + "<div class='fragment foldopen'>" * 505 + "<div class=ttc>x</div>" * 60_000 + "<p>x",
    }
    bad = {
        f"/docs/{name}{number}": f"<meta name=generator content='Sphinx 7'><title>{name}</title><main>{body}"
        for name, body in bodies.items()
        for number in range(3)
    }
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


def test_many_parts_beside_many_buttons_are_examined_quickly(tmp_path: Path) -> None:
    part = f"<div class=nav><p>{'w ' * 42}</div>"
    bad = {f"/{name}": page(name, "<button>x</button>" * 260_000 + part * 44_000) for name in "abc"}
    _crawl_in_bounds({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}, tmp_path)


def test_structured_data_of_any_shape_loses_no_page(tmp_path: Path) -> None:
    names = [f"/{name}" for name in HOSTILE if name.startswith("structured-")]
    pages = {name: page(name, HOSTILE[name.removeprefix("/")]) for name in names}
    with serving({"/": page("Home", links(*names)), **pages}) as site:
        assert run(site.url, tmp_path).urls(site.url) == {"/", *names}


def test_pages_with_many_rows_or_without_their_end_are_converted(tmp_path: Path) -> None:
    rows, fences = HOSTILE["rows"], HOSTILE["fences"]
    # The last end tag of this page, which React would send in parts, is incomplete.
    late = '<p>Rolls at six.</p><div hidden id="S:1">Bread at seven.</div '
    pages = {
        "/rows": page("Rows", rows),
        "/fences": page("Fences", fences),
        "/late": f"<title>Late</title>{late}",
    }
    with serving({"/": page("Home", links(*pages)), **pages}) as site:
        assert run(site.url, tmp_path).urls(site.url) == {"/", *pages}


def test_hostile_pages_neither_delay_a_crawl_nor_fill_the_memory(tmp_path: Path) -> None:
    requests = _crawl_in_bounds(_pages(), tmp_path)
    assert {f"/bad/{name}" for name in (*HOSTILE, *SERVED)} <= set(requests)


@pytest.mark.parametrize(
    ("number", "body"),
    [
        # Python keeps a text with one such character in four bytes a character.
        (10, "<p>😀</p>" + f"<p>{'word and text ' * 70}</p>\n" * 9000),
        (5, f"<p>{'<b>a<i>b</i></b>' * 187_000}</p>"),
    ],
    ids=["paragraphs", "emphasis"],
)
def test_many_large_pages_do_not_fill_the_memory(number: int, body: str, tmp_path: Path) -> None:
    large = {f"/large-{n}": page(f"Large {n}", f"<p>{n}</p>{body}") for n in range(number)}
    with serving({"/": page("Home", links(*large, *GOOD)), **large, **GOOD}) as site:
        crawled, peak = watched_run(site.url, tmp_path)
        assert crawled.urls(site.url) == {"/", *large, *GOOD}
        assert 20 < peak < MEGABYTES


@pytest.mark.parametrize(
    "paragraphs",
    [950, 1020, 3900],
    ids=["pages below 1 MB", "pages above 1 MB", "pages of 4 MB"],
)
def test_many_large_markdown_files_do_not_fill_the_memory(paragraphs: int, tmp_path: Path) -> None:
    text = "\U0001f35e\n\n" + f"{'word and text ' * 70}\n\n" * 9_000
    link = "<link rel=alternate type=text/markdown href={}>"
    body = f"<p>\U0001f35e {'word and text ' * 70}</p>" * paragraphs
    small = {f"/{name}": page(name, body, link.format(f"/{name}.md")) for name in "abcdefghijkl"}
    files = {
        f"/{name}.md": Answer(f"# {name}\n\n{text}", headers={"Content-Type": "text/markdown"})
        for name in "abcdefghijkl"
    }
    with serving({"/": page("Home", links(*small)), **small, **files}) as site:
        crawled, peak = watched_run(site.url, tmp_path)
        assert crawled.urls(site.url) == {"/", *small}
        assert 20 < peak < MEGABYTES


def test_many_long_urls_do_not_fill_the_memory(tmp_path: Path) -> None:
    """The links are short, but relative to a long path."""
    folder = "/" + "d" * 1900
    bad = {
        f"{folder}/{number}": page(
            f"Page {number}", "".join(f"<a href=x{number}y{link}>a</a>\n" for link in range(5000))
        )
        for number in range(30)
    }
    with serving({"/": page("Home", links(*bad, *GOOD)), **bad, **GOOD}) as site:
        crawled, peak = watched_run(site.url, tmp_path, "--timeout", "8")
        assert crawled.urls(site.url) >= {"/", *GOOD}
        assert 20 < peak < MEGABYTES


def test_a_large_slow_page_blocks_no_other_page(tmp_path: Path) -> None:
    paragraph = f"<p>{'word and text ' * 70}</p>\n"
    large = {f"/large-{number}": page(f"Large {number}", paragraph * 4500) for number in range(8)}
    others = {**large, **{f"/small-{number}": page(f"Small {number}") for number in range(30)}}
    slow = page("Slow", paragraph * 9000)
    missing = set(others)
    all_requested = threading.Event()
    in_time = []

    def answer(path: str) -> Answer | None:
        missing.discard(path)
        if not missing:
            all_requested.set()
        if path == "/slow":
            return Answer(slow, rest=lambda: in_time.append(all_requested.wait(20)))
        return Answer(page("Home", links("/slow", *others))) if path == "/" else _answer(others.get(path))

    with serving(answer) as site:
        assert run(site.url, tmp_path).urls(site.url) == {"/", "/slow", *others}
    assert in_time == [True]


def _longest(folder: Path) -> int:
    """Return the size of the longest page of a result in bytes."""
    return max(file.stat().st_size for file in (folder / "out" / "md").rglob("*.md"))


def _crawl_in_bounds(
    pages: Mapping[str, Answer | str] | Callable[[str], Answer | None],
    folder: Path,
    timeout: int = 60,
) -> list[str]:
    """Crawl a site; check the time, the memory and the ordinary pages; return the requested paths."""
    with serving(pages) as site:
        crawled, peak = watched_run(site.url, folder, "--timeout", str(timeout))
        assert crawled.code == 0, crawled.stderr
        assert crawled.urls(site.url) >= {"/", *GOOD}
        assert crawled.seconds < SECONDS
        assert 20 < peak < MEGABYTES
        return site.paths


_ENTRY = "<sitemap><loc>/maps/{}{}.xml</loc></sitemap>"
SITEMAPS = {
    "long entries": "".join(_ENTRY.format(number, "x" * 1000) for number in range(9000)),
    "short entries": "".join(_ENTRY.format(number, "") for number in range(180_000)),
    "nested": "<sitemap>" * 1_050_000,
    "blocks in blocks": "<url><loc>/good-0</loc>" * 400_000,
    "many fields": f"<url><loc>/good-0</loc>{'<lastmod>2026</lastmod>' * 400_000}</url>",
    "one long address": f"<url><loc>{'/x' * 4_900_000}</loc></url>",
    "one address in parts": f"<url><loc>{'<![CDATA[x]]>' * 700_000}</loc></url>",
    "attributes": "<url " + " ".join(f'a{number}="x"' for number in range(680_000)) + "/>",
    "unescaped": f"<url><loc>/good-0</loc></url>{'&' * 9_500_000}",
    "references": f"<url><loc>/good-0</loc></url>{'&nbsp;' * 1_600_000}",
    "names": "".join(f"<n{number}/>" for number in range(900_000)),
}
"""Contents of sitemaps that are just below the limit of 10 MB."""


TEXTS = {
    "short lines": "ab\n" * 3_200_000,
    "addresses": "http://a/\n" * 990_000,
    "one line": "http://a/" * 1_090_000,
}
"""Lists of addresses just below the limit."""


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_lists_of_addresses_neither_delay_a_crawl_nor_fill_the_memory(
    name: str, tmp_path: Path
) -> None:
    _crawl_in_bounds(_beside_good_pages(TEXTS[name], "text/plain"), tmp_path)


@pytest.mark.parametrize("times", [1, 3], ids=["below the limit", "of 22 MB and more"])
@pytest.mark.parametrize("name", SITEMAPS)
def test_hostile_sitemaps_neither_delay_a_crawl_nor_fill_the_memory(
    name: str, times: int, tmp_path: Path
) -> None:
    sitemap = f"<sitemapindex>{SITEMAPS[name] * times}</sitemapindex>"
    assert (len(sitemap) > 22_000_000) is (times > 1)
    _crawl_in_bounds(_beside_good_pages(sitemap, "application/xml"), tmp_path)


def _beside_good_pages(sitemap: str, kind: str) -> dict[str, Answer | str]:
    pages = {"/": page("Home", links(*GOOD)), **GOOD}
    return {**pages, "/sitemap.xml": Answer(sitemap, headers={"Content-Type": kind})}


@pytest.mark.parametrize("timeout", [5, 60])
@pytest.mark.parametrize(
    "start",
    [b"<urlset>" + b"<a>" * 3_330_000, b"<urlset><url><loc>" + b"&" * 9_990_000],
    ids=["nested", "signs"],
)
def test_packed_sitemaps_at_all_known_places_neither_delay_a_crawl_nor_fill_the_memory(
    start: bytes, timeout: int, tmp_path: Path
) -> None:
    packed = Answer(gzip.compress(start, 6), headers={**XML, "Content-Encoding": "gzip"})
    places = ("/sitemap_index.xml", "/sitemap.txt", "/sitemap.xml.gz", "/wp-sitemap.xml")
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*GOOD)),
        **GOOD,
        **dict.fromkeys(places, packed),
    }
    assert set(places) <= set(_crawl_in_bounds(pages, tmp_path, timeout))


def test_sitemaps_of_an_index_are_limited_in_number_and_bytes(tmp_path: Path) -> None:
    """Each sitemap lists ten further sitemaps of 2.2 MB; every path returns one."""
    numbers = count()

    def answer(path: str) -> Answer | None:
        if path.endswith(".xml"):
            entries = (_ENTRY.format(next(numbers), "x" * 1000) for _ in range(2200))
            return Answer(f"<sitemapindex>{''.join(entries)}</sitemapindex>", headers=XML)
        return Answer(page("Home", links(*GOOD))) if path == "/" else _answer(GOOD.get(path))

    _crawl_in_bounds(answer, tmp_path)


def test_lists_of_addresses_are_limited_in_bytes(tmp_path: Path) -> None:
    """Text of one URL a line counts towards the limit of all sitemaps."""
    lists = [f"/list-{number}.txt" for number in range(40)]
    text = "not an address at all\n" * 400_000
    index = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in lists)

    def answer(path: str) -> Answer | None:
        if path == "/sitemap.xml":
            return Answer(f"<sitemapindex>{index}</sitemapindex>", headers=XML)
        if path in lists:
            return Answer(text, headers={"Content-Type": "text/plain"})
        return Answer(page("Home", links(*GOOD))) if path == "/" else _answer(GOOD.get(path))

    requests = _crawl_in_bounds(answer, tmp_path)
    assert 5 <= len([path for path in requests if path in lists]) <= 7


def _answer(body: str | None) -> Answer | None:
    return None if body is None else Answer(body)
