"""Names, titles and llms.txt, and the sanitising of their texts."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llms_txt import parse_llms_file
from markdown_it import MarkdownIt

from llmready.crawler.characters import clean_line, clean_text
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.model import StoredPage
from llmready.crawler.pack.llms_txt import page_link, render_llms_txt
from llmready.crawler.pack.outline import Outline, make_outline
from llmready.crawler.pack.paths import archive_paths
from llmready.crawler.urls import join, parse

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


segments = st.text(
    alphabet='aA.~-_ %/\\:*?"<>|\x00\x1fé\u0301İß\u202e', min_size=1, max_size=12
) | st.sampled_from(
    [
        "..",
        ".",
        "CON",
        "con.txt",
        "nul",
        "a.md",
        "index",
        "index.html",
        "a" * 300,
        "é",
        "e\u0301",
        "...",
        " ",
        "-",
    ]
)


@given(st.lists(st.lists(segments, max_size=5), min_size=1, max_size=30))
def test_paths_are_safe_and_unique(sites: list[list[str]]) -> None:
    found = (join(START, "/" + "/".join(parts)) for parts in sites)
    urls = {url for url in found if url is not None}
    paths = archive_paths(urls)
    assert set(paths) == urls
    assert paths == archive_paths(sorted(urls, reverse=True))
    folded = [unicodedata.normalize("NFC", path).casefold() for path in paths.values()]
    assert len(set(folded)) == len(folded)
    folders = {
        "/".join(path.split("/")[:depth]) for path in folded for depth in range(1, path.count("/") + 1)
    }
    assert not folders & set(folded), "no file lies where a folder lies"
    for path in paths.values():
        assert path.startswith("md/")
        assert path.endswith(".md")
        assert len(path.encode()) <= 200
        assert not re.search(r'[<>:"|?*\\\x00-\x1f\x7f\u202e]|\.\.|//', path)
        for name in path.split("/"):
            assert len(name.encode()) <= 100
            assert name == name.strip(" .")
            assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "md/index.md"),
        ("/a", "md/a.md"),
        ("/a/", "md/a/index.md"),
        ("/a/b.html", "md/a/b.md"),
        ("/a/index.html", "md/a/index.md"),
        ("/caf%C3%A9", "md/café.md"),
        ("/.well-known/x", "md/well-known/x.md"),
    ],
)
def test_paths_mirror_the_site(path: str, file: str) -> None:
    url = parse(f"https://example.com{path}")
    assert archive_paths([url]) == {url: file}


def test_folder_of_a_shortened_path_is_never_a_file() -> None:
    # The folder is shortened to 40 bytes, and hyphens at the end are removed.
    long = f"/a.md{'-' * 40}z/{'b' * 79}/{'c' * 79}/d"
    paths = archive_paths(parse(f"https://example.com{path}") for path in ("/a", long))
    file, deep = sorted(paths.values(), key=len)
    assert file == "md/a.md"
    assert not deep.startswith("md/a.md/")


hostile = st.text(max_size=80) | st.text(alphabet="[]()<>&;#*_`\\\n\r\u2028!:- ax1|\u2013", max_size=40)


def _links(markdown: str) -> list[str]:
    """Return the destinations of the links that a CommonMark parser finds, in order."""
    inline = [token for block in MarkdownIt("commonmark").parse(markdown) for token in block.children or ()]
    return sorted(str(token.attrs["href"]) for token in inline if token.type == "link_open")


@given(st.lists(st.tuples(hostile, hostile, hostile), min_size=1, max_size=8), hostile)
def test_llms_txt_always_parses(texts: list[tuple[str, str, str]], site_name: str) -> None:
    pages = [
        stored(
            f"/{'(x)' * (number % 2)}s{number % 3}/p{number}",
            clean_line(title),
            description=clean_line(description),
            heading=clean_line(heading),
            site_name=clean_line(site_name),
        )
        for number, (title, description, heading) in enumerate(texts)
    ]
    text = render_llms_txt(outlined(pages), page_link, START.origin)["llms.txt"]
    parsed = parse_llms_file(text)
    linked = [link.url for section in parsed.sections.values() for link in section]
    assert sorted(linked) == sorted(str(page.url).replace("(", "%28").replace(")", "%29") for page in pages)
    assert _links(text) == sorted(linked)
    assert parsed.summary
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert not re.search(r"(?<!\\)<[a-zA-Z/!]", text)
    for section in parsed.sections.values():
        for link in section:
            assert link.title.strip()


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (["Begin | Acme", "Install | Acme", "Use it | Acme"], ["Begin", "Install", "Use it"]),
        (["Begin — Acme docs", "Install — Acme docs", "Acme"], ["Begin", "Install", "Acme"]),
        (["A - B - Acme", "C · Acme", "D"], ["A - B", "C", "D"]),
        (["Well-known names", "Co-op", "1 - 2"], ["Well-known names", "Co-op", "1 - 2"]),
    ],
)
def test_titles_do_not_repeat_the_name_of_the_site(titles: list[str], expected: list[str]) -> None:
    pages = [stored(f"/{number}", title, site_name="Acme") for number, title in enumerate(titles)]
    assert [entry.title for entry in outlined(pages).entries] == expected


def test_the_name_of_a_site_is_found_in_its_titles() -> None:
    pages = [stored(f"/{number}", f"Page {number} — Acme Manual") for number in range(4)]
    outline = outlined(pages)
    assert outline.site_name == "Acme Manual"
    assert [entry.title for entry in outline.entries] == [f"Page {number}" for number in range(4)]


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("{} — Acme - Archiver 1.2 documentation", "Acme - Archiver 1.2 documentation"),
        ("Acme: {}", "Acme"),
        ("{}: Acme Manual", "Acme Manual"),
    ],
)
def test_names_of_two_parts_and_doxygens_are_found_too(form: str, name: str) -> None:
    titles = ["Install", "First - steps", "Use: it", "Ask"]
    outline = outlined([stored(f"/{number}", form.format(title)) for number, title in enumerate(titles)])
    assert outline.site_name == name
    assert [entry.title for entry in outline.entries] == titles


def test_site_without_description_is_summarised_by_its_introduction_or_contents() -> None:
    silent = [stored("/", "Acme"), *(stored(f"/{name}/{n}", f"{name} {n}") for name in "abc" for n in "12")]
    assert (outlined(silent).summary, outlined(silent).has_summary) == ("Acme: A, B, C.", False)
    said = stored("/d", "1. What is Acme?", excerpt="Acme makes anvils.")
    assert outlined([*silent, said]).summary == "Acme makes anvils."


def test_description_does_not_announce_missing_text() -> None:
    pages = [
        stored("/1", "One", excerpt="There are several ways to install it:"),
        stored("/2", "Two", excerpt="It can be installed in several ways, all of them good. To do so, run:"),
        stored("/3", "Three", description="Of pg\\_dump and \\*others\\*."),
    ]
    assert {entry.title: entry.description for entry in outlined(pages).entries} == {
        "One": "There are several ways to install it.",
        "Two": "It can be installed in several ways, all of them good.",
        "Three": "Of pg_dump and *others*.",
    }


def test_a_table_of_contents_divides_a_flat_site_and_numbers_bring_sections_along() -> None:
    contents = "# Acme\n\n### The Acme Group\n\n[Notes](https://example.com/notes)\n\n" + "".join(
        f"- [{part}. Part {part}](https://example.com/part-{part})\n"
        + "".join(f"  - [{n}. Chapter](https://example.com/chapter-{n})\n" for n in chapters)
        for part, chapters in (("I", (1, 2, 3)), ("II", (4, 5, 6)))
    )
    pages = [
        stored("/", "Acme", digest=contents),
        stored("/notes", "Notes"),
        *(stored(f"/part-{part}", f"Part {part}") for part in ("I", "II")),
        *(stored(f"/chapter-{n}", f"Chapter {n}. Chapter") for n in range(1, 7)),
        *(stored(f"/z-{n}", f"{n}.1. Section") for n in range(1, 7)),
    ]
    outline = make_outline(pages, START, lambda page: page.digest)
    assert {section.title: len(section.entries) for section in outline.sections} == {
        "Overview": 2,
        "Part I": 7,
        "Part II": 7,
    }


def test_a_generated_index_above_the_folder_of_all_pages_is_optional() -> None:
    pages = [
        stored("/", "Overview"),
        stored("/index-all.html", "All names"),
        *(stored(f"/org/acme/io/{name}.html", name.title()) for name in ("reader", "writer", "closer")),
    ]
    assert [entry.title for entry in outlined(pages).sections[-1].entries] == ["All names"]
    assert outlined(pages).sections[-1].title == "Optional"


def test_sections_come_from_the_first_level_with_several_folders() -> None:
    pages = [
        stored("/docs/", "Docs"),
        stored("/docs/getting-started/one", "One"),
        stored("/docs/getting-started/two", "Two"),
        stored("/docs/api", "The API"),
        stored("/docs/api/calls", "Calls"),
        stored("/docs/chapter-10", "Ten"),
        stored("/docs/chapter-9", "Nine"),
    ]
    outline = outlined(pages)
    assert {section.title: [entry.title for entry in section.entries] for section in outline.sections} == {
        "Overview": ["Docs", "Nine", "Ten"],
        "The API": ["The API", "Calls"],
        "Getting started": ["One", "Two"],
    }


def test_description_shared_by_all_pages_is_not_used() -> None:
    pages = [
        stored(f"/{number}", f"P{number}", description="The best site.", excerpt=f"Text {number}.")
        for number in range(4)
    ]
    assert [entry.description for entry in outlined(pages).entries] == [f"Text {n}." for n in range(4)]


@pytest.mark.parametrize(
    ("markdown", "clean"),
    [
        ("[a](javascript:alert(1))", "a"),
        ("[a](<javascript:alert(1)>) b", "a b"),
        ("[a](JaVaScRiPt:alert(1)) [b](https://x.y)", "a [b](https://x.y)"),
        ("[a](java&#115;cript:x)", "a"),
        ("[a](java\\script:x)", "a"),
        ("[a](vbscript:x) [b](file:///etc/passwd) [c](blob:x)", "a b c"),
        ("![pixel](data:image/png;base64,AAAA)", "pixel"),
        ("[![logo](data:x)](https://x.y)", "[logo](https://x.y)"),
        ("[![logo](https://x.y/l.png)](javascript:x)", "![logo](https://x.y/l.png)"),
        (
            "[a](mailto:a@b.c) [t](tel:1) [r](/rel:ative) [f](#x)",
            "[a](mailto:a@b.c) [t](tel:1) [r](/rel:ative) [f](#x)",
        ),
        (
            "[f](ftp://x.y/z) [s](sms:+15550100?body=a) [w](whatsapp://send?text=a) [t](TG://resolve?domain=a)",
            "[f](ftp://x.y/z) [s](sms:+15550100?body=a) [w](whatsapp://send?text=a) [t](TG://resolve?domain=a)",
        ),
        (
            "[g](geo:1,2) [m](matrix:r/a:x.y) [i](ircs://x.y/a) [u](magnet:?xt=a) [c](webcal://x.y/a.ics)",
            "[g](geo:1,2) [m](matrix:r/a:x.y) [i](ircs://x.y/a) [u](magnet:?xt=a) [c](webcal://x.y/a.ics)",
        ),
        (
            "[a](ftpx:a) [b](x-javascript:a) [c](view-source:https://x.y) [d](intent:a) [e](ms-word:a)",
            "a b c d e",
        ),
        ("[a](ftp&Tab;:a) [b](sms\\:a) [c](jav&#x09;ascript:a)", "[a](ftp&Tab;:a) [b](sms\\:a) c"),
        ("[a](\njavascript:x) [b](\nhttps://x.y)", "a [b](\nhttps://x.y)"),
        ("> [a](\n> javascript:x)", "> a"),
        ('![a]( \n <data:x> \n "t" )', "a"),
        ("[a](\njavascript:x y)", "[a]\\(\njavascript:x y)"),
        (f"[a]({'&Tab;' * 40}javascript:x)", "a"),
        (f"[a]({'&NewLine;&#9;' * 500}data:x)", "a"),
        (f"[a](/{'b' * 200}) [c](data:x)", f"[a](/{'b' * 200}) c"),
        ("```html\n[a](javascript:x)\n```\n\n[b](javascript:x)", "```html\n[a](javascript:x)\n```\n\nb"),
        ("> ```\n[a](javascript:x)", "> ```\na"),
        ("    ```\n[a](javascript:x)\n", "    ```\na"),
        ("~~~ a`b\n[a](javascript:x)\n~~~\n[b](javascript:x)", "~~~ a`b\n[a](javascript:x)\n~~~\nb"),
        ("](](javascript:x y", "](]\\(javascript:x y"),
        ("~~~\nnever closed", "~~~\nnever closed\n~~~"),
        ("- item\n\n  ```py\n  open", "- item\n\n  ```py\n  open"),
        ("a\u202eb\u2066c\x00d\x1be\x7ff\u200bg\ufeffh\U000e0041i", "abcdefghi"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("👩\u200d💻 नमस्\u200dते", "👩\u200d💻 नमस्\u200dते"),
    ],
)
def test_markdown_is_made_safe(markdown: str, clean: str) -> None:
    assert clean_markdown(markdown) == clean


READER = MarkdownIt("commonmark")
READER.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 - the worst there is
link_parts = st.lists(
    st.sampled_from(
        [
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "!",
            "a",
            " ",
            "\\",
            "javascript:",
            "data:x",
            "http://x",
            "&#58;",
            "&Tab;" * 21,
            "](",
            "\n",
            "\n> ",
            '"',
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(link_parts)
def test_no_link_with_another_scheme_is_left(markdown: str) -> None:
    cleaned = clean_markdown(markdown)
    assert not re.search(r"\]\([\s>]*<?\s*(?:javascript|data):", cleaned)
    tokens = READER.parse(cleaned)
    inner = [
        child for token in tokens for child in token.children or () if child.type in ("link_open", "image")
    ]
    # Links that the converter writes as <...> are escaped by the converter.
    addresses = [
        child.attrs.get("href") or child.attrs.get("src") for child in inner if child.markup != "autolink"
    ]
    schemes = {unquote(str(address)).strip().partition(":")[0].lower() for address in addresses}
    assert schemes.isdisjoint({"javascript", "data"}), cleaned
    assert clean_text(cleaned) == cleaned
    assert clean_markdown(cleaned) == cleaned or "](" in cleaned
