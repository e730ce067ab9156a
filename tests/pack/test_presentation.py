"""The content of llms.txt: sections and their order, titles, descriptions, and the length of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from llms_txt import parse_llms_file
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.model import StoredPage
from llmready.crawler.pack.llms_txt import LONGEST_FILE, escape, page_link, render_llms_txt
from llmready.crawler.pack.outline import Outline, make_outline
from llmready.crawler.urls import parse
from testkit.crawler_program import Run, call
from testkit.sample_sites import SITES
from testkit.serving import serving

START = parse("https://example.com/")


def stored(path: str, title: str, **facts: str) -> StoredPage:
    url = parse(f"https://example.com{path}")
    known: dict[str, Any] = {
        "heading": "",
        "description": "",
        "site_name": "",
        "excerpt": "",
        "digest": path,
        **facts,
    }
    return StoredPage(url=url, depth=1, title=title, **known)


def outlined(pages: list[StoredPage]) -> Outline:
    return make_outline(pages, START, lambda page: page.excerpt)


def crawled(name: str, folder: Path) -> Run:
    (site,) = [site for site in SITES if site.name == name]
    with serving(site.answering()) as server:
        return call(server.url + site.start, folder).completed()


def shown(done: Run) -> dict[str, list[str]]:
    sections = parse_llms_file(done.llms).sections
    return {title: [link.title for link in links] for title, links in sections.items()}


def test_sections_are_the_navigations_own(tmp_path: Path) -> None:
    assert shown(crawled("handbook", tmp_path)) == {
        "Overview": ["Handbook", "Calls"],
        "Getting started": ["Install", "First steps"],
        "Guides": ["Deploy", "Scale", "Back up"],
    }


def test_packages_of_javadoc_have_their_whole_names() -> None:
    pages = [stored("/index.html", "Overview (Tool API)"), stored("/org/tool/Tool.html", "Tool (Tool API)")]
    for name in ("file", "input"):
        pages += [
            stored(f"/org/tool/{name}/package-summary.html", f"org.tool.{name} (Tool API)"),
            stored(f"/org/tool/{name}/Reader.html", f"{name} reader (Tool API)"),
        ]
    found = {section.title for section in outlined(pages).sections}
    assert {"org.tool.file", "org.tool.input"} <= found


def test_posts_of_a_blog_are_in_one_section_before_its_lists(tmp_path: Path) -> None:
    found = shown(crawled("blog", tmp_path))
    assert list(found) == ["Overview", "Posts", "Optional"]
    assert found["Overview"] == ["Crumb & Crust", "About us", "Contact"]
    assert len(found["Posts"]) == 13
    assert sorted(found["Optional"]) == ["Baking", "Privacy policy", "bread"]


def test_pages_with_the_title_index_get_distinct_titles(tmp_path: Path) -> None:
    found = shown(crawled("all called Index", tmp_path))
    titles = [title for part in found.values() for title in part]
    assert len(set(titles)) == 31
    assert "Index" not in titles
    assert any("Users" in title for title in titles)


def test_a_name_that_ends_in_brackets_is_removed_from_titles() -> None:
    pages = [stored("/", "Welcome to Click — Click Documentation (8.1.x)")]
    pages += [
        stored(f"/{name.lower()}", f"{name} — Click Documentation (8.1.x)")
        for name in ("Arguments", "Options", "Prompts")
    ]
    assert {entry.title for entry in outlined(pages).entries} == {
        "Welcome to Click",
        "Arguments",
        "Options",
        "Prompts",
    }


def test_descriptions_are_plain_text(tmp_path: Path) -> None:
    done = crawled("shop", tmp_path)
    described = [link.desc for link in parse_llms_file(done.llms).sections["Shop"]]
    assert "Ware & Preis 0 &lt;b&gt;" in described or "Ware & Preis 0" in described, described
    assert list(shown(done))[-1] == "Optional"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/privacy", "Privacy"),
        ("/legal/terms-of-service/", "Terms"),
        ("/tag/x/", "x"),
        ("/author/ada/", "Ada"),
        ("/docs/changelog", "Changelog"),
        ("/blog/page/2/", "Blog"),
        ("/genindex.html", "Index"),
        ("/about/imprint", "Legal notice"),
    ],
)
def test_skippable_pages_are_optional(path: str, title: str) -> None:
    pages = [stored("/", "Home"), stored("/guide", "Guide"), stored(path, title)]
    assert [entry.page.url.path for entry in outlined(pages).sections[-1].entries] == [path]
    assert outlined(pages).sections[-1].title == "Optional"


@pytest.mark.parametrize(
    "path", ["/docs/tags", "/api/search", "/privacy-by-design", "/guide/licensing-server"]
)
def test_pages_with_similar_names_are_not_optional(path: str) -> None:
    pages = [stored("/", "Home"), stored("/guide", "Guide"), stored(path, "A page")]
    assert "Optional" not in [section.title for section in outlined(pages).sections]


def test_the_order_in_which_pages_arrive_changes_nothing() -> None:
    pages = [
        stored(f"/{part}/{number}", f"{part} {number % 4}", excerpt=f"About {number % 7} it is, we say.")
        for part in ("one", "two", "three")
        for number in range(20)
    ]
    assert (
        outlined(pages)
        == outlined(pages[::-1])
        == outlined(sorted(pages, key=lambda page: page.digest[::-1]))
    )


@pytest.mark.parametrize(
    ("count", "small", "large"),
    [
        (400, "news-room", "guide"),
        (3000, "news-room", "guide"),
        # File systems that do not distinguish case take these for one name.
        (3000, "stra%C3%9Fe%3F", "strasse"),
    ],
)
def test_long_files_are_divided(count: int, small: str, large: str) -> None:
    pages = [stored("/", "Home", description="The site.")]
    pages += [
        stored(
            f"/{large if number % 2 else small}/{number}",
            f"Page [{number}]",
            description=f"{number} <&>" * 50,
        )
        for number in range(count)
    ]
    files = render_llms_txt(outlined(pages), page_link, START.origin)
    assert all(len(text) <= LONGEST_FILE for text in files.values())
    assert len({name.casefold() for name in files}) == len(files) > 1
    seen: set[str] = set()
    waiting = ["llms.txt"]
    linked: list[str] = []
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for part in parse_llms_file(files[name]).sections.values():
            for link in part:
                own = unquote(link.url.removeprefix("https://example.com/"))
                (waiting if own in files else linked).append(own)
    assert seen == set(files), "the root leads to every file"
    assert sorted(linked) == sorted(unquote(page.url.path[1:]) for page in pages)


@pytest.mark.parametrize(
    "title",
    [
        "<h2>Garden line</h2>",
        "<h3>Garden <i>line</i></h3>",
        "<p>Garden line</p>",
        "<center><font size=6>Garden line</font></center><hr>",
    ],
    ids=["h2", "h3", "paragraph", "large letters above a rule"],
)
def test_a_title_below_the_first_level_is_not_repeated(title: str, tmp_path: Path) -> None:
    page = (
        f"<title>Garden line</title><body>{title}<p>The track runs round the vegetable beds.</p>"
        "<h3>Length</h3><p>It is 120 yards long, and the steepest grade is 1 in 40.</p>"
    )
    with serving({"/": page}) as site:
        done = call(site.url, tmp_path).completed()
    text = "The track runs round the vegetable beds.\n\n### Length\n"
    assert done.full.startswith(f"# Garden line\n\nURL: {site.url}/\n\n{text}")
    (path,) = [page["path"] for page in done.manifest["pages"]]
    assert f"\n\n# Garden line\n\n{text}" in (done.out / path).read_text(encoding="utf-8")


def test_a_first_line_that_is_not_the_title_is_kept(tmp_path: Path) -> None:
    page = "<title>Garden line</title><body><p>Garden lines</p><hr><p>The track runs round the beds.</p>"
    with serving({"/": page}) as site:
        done = call(site.url, tmp_path).completed()
    assert done.full.endswith("\n\nGarden lines\n\n---\n\nThe track runs round the beds.\n\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Press >>> and type a -> b", "Press >>> and type a -> b"),
        ("> a line that would be a quotation", "&gt; a line that would be a quotation"),
        ("a <b> that would be a tag", "a &lt;b&gt; that would be a tag"),
        ("a [link](x) and an &amp;", "a &#91;link&#93;(x) and an &amp;amp;"),
        ("`code` and ``a ` b``", "`code` and ``a ` b``"),
        ("a ` alone, `code`, and ``` last", "a ` alone, `code&#96;, and &#96;&#96;&#96; last"),
    ],
)
def test_only_signs_that_markdown_would_read_are_escaped(text: str, written: str) -> None:
    assert escape(text) == written


def test_links_are_valid_with_any_characters_in_titles() -> None:
    texts = ["Folders in C:\\", "a `b", "c ``d", "```", "\\`e", "x\\", "`f\\"]
    pages = [
        stored(f"/p{number}", text, description=f"About {number}: {text} and more of it.")
        for number, text in enumerate(texts)
    ]
    pages.insert(0, stored("/", "Home"))
    text = render_llms_txt(outlined(pages), page_link, "https://example.com")["llms.txt"]
    shown = LexborHTMLParser(MarkdownIt("commonmark").render(text))
    links = {str(node.attributes["href"]): node.text() for node in shown.css("a")}
    assert [links.get(f"https://example.com/p{number}") for number in range(len(texts))] == texts
    parsed = parse_llms_file(text)
    assert {link.url for part in parsed.sections.values() for link in part} == set(links)
