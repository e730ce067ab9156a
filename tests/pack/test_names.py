"""Names of sites and titles of pages."""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from llmready.crawler.model import StoredPage
from llmready.crawler.pack.titles import site_name
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import serving


def html(title: str, heading: str = "", head: str = "", above: str = "", *, links: str = "") -> str:
    """Return a page whose text contains its heading, so that no two pages have the same text."""
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>{above}'
        f"<main><h1>{heading}</h1><p>This text is about {heading or title} and has enough words for a page.</p>{links}"
        "</main></body></html>"
    )


def anchors(*paths: str) -> str:
    return "".join(f'<a href="{path}">{number}</a> ' for number, path in enumerate(paths))


def named(pages: dict[str, str], folder: Path) -> tuple[str, dict[str, str]]:
    """Crawl pages and return the site's name and the titles by path."""
    with serving(pages) as site:
        done = call(site.url, folder).completed()
        parsed = parse_llms_file(done.llms)
        links = [link for part in parsed.sections.values() for link in part]
        return parsed.title, {link.url.removeprefix(site.url): link.title for link in links}


@pytest.mark.parametrize(
    ("front", "inner", "name"),
    [
        ("Accueil | Ferme du Lac", "Fromages | Ferme du Lac", "Ferme du Lac"),
        ("Startseite – Hof am See", "Käse – Hof am See", "Hof am See"),
        ("Inicio · Granja Azul", "Quesos · Granja Azul", "Granja Azul"),
        ("Главная — Озёрная ферма", "Сыры — Озёрная ферма", "Озёрная ферма"),
        ("首页-湖边农场", "奶酪-湖边农场", "湖边农场"),
        ("首頁｜湖邊農場", "乳酪｜湖邊農場", "湖邊農場"),
        ("トップページ｜みずうみ牧場", "チーズ｜みずうみ牧場", "みずうみ牧場"),
        ("홈 - 호수농장", "치즈 - 호수농장", "호수농장"),
        ("الرئيسية | مزرعة البحيرة", "الأجبان | مزرعة البحيرة", "مزرعة البحيرة"),
        ("Lake Farm: Home", "Lake Farm: Cheese", "Lake Farm"),
        ("Welcome to Lake Farm", "Cheese", "Lake Farm"),
    ],
)
def test_home_in_any_language_is_not_a_site_name(front: str, inner: str, name: str, tmp_path: Path) -> None:
    found, titles = named(
        {
            "/": html(front, links=anchors("/b", "/c")),
            "/b": html(inner, "x"),
            "/c": html(inner.replace(inner[:2], "Zz", 1), "y"),
        },
        tmp_path,
    )
    assert found == name
    assert name not in titles["/b"]


@pytest.mark.parametrize(
    "head",
    [
        '<script type="application/ld+json">{"@type": "WebSite", "name": "Otter Press"}</script>',
        '<script type="application/ld+json">{"@graph": [{"@type": ["Organization"], "name": "Otter Press"}]}</script>',
        '<meta property="og:site_name" content="Otter Press">',
        '<meta name="application-name" content="Otter Press">',
    ],
)
def test_stated_site_name_is_used(head: str, tmp_path: Path) -> None:
    pages = {"/": html("Search", "Books", head, links=anchors("/a")), "/a": html("Rivers", "Rivers")}
    found, titles = named(pages, tmp_path)
    assert found == "Otter Press"
    assert titles["/"] == "Otter Press" or titles["/"] == "Search"


@pytest.mark.parametrize(
    ("manifest", "name"),
    [
        ('{"name": "Otter Press", "short_name": "Otter"}', "Otter Press"),
        ('{"short_name": "Otter"}', "Otter"),
        ('{"name": "React App"}', "Rivers"),
        ('{"name": ["x"]}', "Rivers"),
        ("[1]", "Rivers"),
        ("no JSON", "Rivers"),
    ],
)
def test_a_web_app_manifest_names_a_site(manifest: str, name: str, tmp_path: Path) -> None:
    link = '<link rel="manifest" href="site.webmanifest">'
    pages = {"/": html("Home", "Rivers", link, links=anchors("/a")), "/a": html("Lakes", "Lakes")}
    assert named(pages | {"/site.webmanifest": manifest}, tmp_path)[0] == name


def test_a_manifest_is_not_fetched_where_the_front_page_names_the_site(tmp_path: Path) -> None:
    head = '<meta property="og:site_name" content="Otter Press"><link rel="manifest" href="/m.json">'
    with serving({"/": html("Home", "Rivers", head), "/m.json": '{"name": "Other"}'}) as site:
        assert call(site.url, tmp_path).completed().llms.startswith("# Otter Press")
        assert "/m.json" not in [request.path for request in site.requests]


def test_a_logo_names_a_site_without_other_names(tmp_path: Path) -> None:
    logo = '<header><a href="/"><img src="/l.png" alt="Otter Press logo"></a></header>'
    pages = {"/": html("Home", "", "", logo, links=anchors("/a")), "/a": html("Rivers", "Rivers", "", logo)}
    assert named(pages, tmp_path)[0] == "Otter Press"


def test_generic_stated_name_is_skipped(tmp_path: Path) -> None:
    head = '<meta property="og:site_name" content="Home">'
    pages = {
        "/": html("Home - Otter Press", "", head, links=anchors("/a", "/b")),
        "/a": html("Rivers - Otter Press", "a", head),
        "/b": html("Lakes - Otter Press", "b", head),
    }
    assert named(pages, tmp_path)[0] == "Otter Press"


def test_documentation_of_a_crate_is_not_called_rust(tmp_path: Path) -> None:
    pages = {"/": html("reed - Rust", links=anchors("/a", "/b", "/c"))}
    pages |= {f"/{name}": html(f"{name} in reed - Rust", name) for name in "abc"}
    assert named(pages, tmp_path)[0] == "reed"


def test_headings_are_titles_if_all_pages_have_the_same_title(tmp_path: Path) -> None:
    logo = "<header><h1>Otter Press</h1></header>"
    title = "Otter Press - books about water"
    pages = {
        path: html(title, heading, "", logo, links=anchors("/a", "/b", "/c"))
        for path, heading in (("/", "Books"), ("/a", "Rivers"), ("/b", "Lakes"), ("/c", "Springs"))
    }
    found, titles = named(pages, tmp_path)
    assert found == "Otter Press"
    assert [titles[path] for path in ("/a", "/b", "/c")] == ["Rivers", "Lakes", "Springs"]


def test_labels_of_the_navigation_name_pages_without_title_and_heading(tmp_path: Path) -> None:
    menu = '<nav><ul><li><a href="/p1">Opening hours</a></li><li><a href="/p2">Directions</a></li></ul></nav>'
    pages = {
        "/": html("Otter Press", "Otter Press", "", menu),
        "/p1": html("Untitled 1").replace("Untitled 1 and", "the hours and"),
        "/p2": html("新網頁2").replace("新網頁2 and", "the way and"),
    }
    titles = named(pages, tmp_path)[1]
    assert (titles["/p1"], titles["/p2"]) == ("Opening hours", "Directions")


def test_translated_site_name_is_removed_from_titles(tmp_path: Path) -> None:
    head = '<meta property="og:site_name" content="Otter">'
    words = {
        "": ("Rivers", "Lakes", "Otter | Books about water"),
        "de/": ("Flüsse", "Seen", "Otter | Bücher am Wasser"),
    }
    pages = {}
    for folder, (one, two, end) in words.items():
        pages[f"/{folder}"] = html(
            f"Books{folder} | {end}", "", head, links=anchors("/a", "/b", "/de/", "/de/a", "/de/b")
        )
        pages[f"/{folder}a"] = html(f"{one} | {end}", one, head)
        pages[f"/{folder}b"] = html(f"{two} | {end}", two, head)
    titles = named(pages, tmp_path)[1]
    assert [titles[path] for path in ("/a", "/b", "/de/a", "/de/b")] == ["Rivers", "Lakes", "Flüsse", "Seen"]


def test_a_front_page_is_not_called_by_its_slogan(tmp_path: Path) -> None:
    pages = {"/": html("Otter Press – Books about water", "Books", links=anchors("/a"))}
    pages["/a"] = html("Rivers – Otter Press", "Rivers")
    found, titles = named(pages, tmp_path)
    assert (found, titles["/"], titles["/a"]) == ("Otter Press", "Otter Press", "Rivers")


def test_gallery_pages_are_named_by_their_images(tmp_path: Path) -> None:
    walk = '<a href="/">Index</a> | <a href="/p2.html">Next</a><br>'
    shown = {"p1": "", "p2": "The lower mill in May", "p3": "DSC_0003.JPG"}
    pages = {
        f"/{name}.html": f"<title>IMG_000{name[1]}.jpg</title><center>{walk}<img src={name}.jpg alt='{alt}'></center>"
        for name, alt in shown.items()
    }
    pages["/"] = html("Photo album - Mills", "Mills", links=anchors(*pages))
    with serving(pages) as site:
        done = call(site.url, tmp_path).completed()
    sections = parse_llms_file(done.llms).sections
    assert [link.title for link in sections["Overview"]] == ["Photo album", "The lower mill in May"]
    assert len(sections["Optional"]) == 2
    assert "IMG_" not in done.llms.partition("##")[0]
    assert "p2.jpg)" in (done.out / "md" / "p2.md").read_text()


def test_references_and_empty_names_are_removed_from_ends_of_titles(tmp_path: Path) -> None:
    pages = {
        "/": html("Otter Press", links=anchors("/a", "/b")),
        "/a": html("Rivers &amp;amp; lakes &amp;#8230;", "a"),
        "/b": html("Springs | ", "b"),
    }
    titles = named(pages, tmp_path)[1]
    assert (titles["/a"], titles["/b"]) == ("Rivers & lakes …", "Springs")


def test_titles_of_separators_take_linear_time() -> None:
    pages = [
        StoredPage(
            url=parse(f"https://example.com/{number}"),
            depth=1,
            title="\u3042-" * 490 + str(number),
            heading="",
            description="",
            site_name="",
            excerpt="",
            digest=str(number),
        )
        for number in range(40)
    ]
    tracemalloc.start()
    try:
        site_name(pages, pages[0])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Every suffix and prefix of the titles takes 0.5 MB a page.
    assert most < 3_000_000
