"""Pages that a crawl finds, without duplicates."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import pytest

from testkit.crawler_program import call
from testkit.serving import HTML, Answer, Request, links, page, serving

XML = {"Content-Type": "application/xml"}
TEXT = {"Content-Type": "text/plain"}
MARKDOWN = {"Content-Type": "text/markdown; charset=utf-8"}


def _sitemap(*paths: str) -> str:
    return "<urlset>" + "".join(f"<url><loc>{path}</loc></url>" for path in paths) + "</urlset>"


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("/named-by-robots.xml", _sitemap("/hidden", "/linked")),
        ("/sitemap.xml", _sitemap("/hidden", "/linked")),
        ("/docs/sitemap.xml", _sitemap("/hidden", "/linked")),
        (
            "/sitemap_index.xml",
            "<sitemapindex><sitemap><loc>/linked.xml</loc></sitemap><sitemap><loc>/inner.xml</loc></sitemap></sitemapindex>",
        ),
        ("/sitemap.txt", "{origin}/hidden\n{origin}/linked\n"),
        ("/sitemap.xml.gz", gzip.compress(_sitemap("/hidden", "/linked").encode(), mtime=0)),
        ("/wp-sitemap.xml", _sitemap("/hidden")),
    ],
)
def test_sitemaps_are_read_and_links_are_followed(place: str, body: str | bytes, tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/docs/": page("Home", links("/linked", "/only-linked")),
        "/linked": page("Linked"),
        "/only-linked": page("Only linked", links("/deeper")),
        "/deeper": page("Deeper"),
        "/hidden": page("Hidden", links("/from-hidden")),
        "/from-hidden": page("From hidden"),
        "/linked.xml": Answer(_sitemap("/linked"), headers=XML),
        "/inner.xml": Answer(_sitemap("/hidden"), headers=XML),
        "/robots.txt": Answer("Sitemap: /named-by-robots.xml\n", headers=TEXT),
    }
    with serving(pages) as site:
        text = body.replace("{origin}", site.url) if isinstance(body, str) else body
        pages[place] = Answer(text, headers=TEXT if place.endswith("txt") else XML)
        found = call(f"{site.url}/docs/", tmp_path).completed()
        assert found.urls(site.url) == {
            *("/docs/", "/linked", "/only-linked", "/deeper", "/hidden", "/from-hidden")
        }
        assert not found.manifest["failures"]


@pytest.mark.parametrize(
    ("kind", "feed"),
    [
        ("rss", "<rss><channel><link>/</link><item><link>/post</link></item></channel></rss>"),
        (
            "atom",
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link rel='self' href='/x.atom'/>\
<link href='/post'/></entry></feed>",
        ),
    ],
)
def test_feeds_are_read_if_there_is_no_sitemap(kind: str, feed: str, tmp_path: Path) -> None:
    head = f'<link rel="alternate" type="application/{kind}+xml" href="/feed">'
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/a"), head),
        "/a": page("A"),
        "/post": page("Post"),
        "/feed": Answer(feed, headers={"Content-Type": f"application/{kind}+xml"}),
    }
    with serving(pages) as site:
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/a", "/post"}


def test_no_page_is_stored_twice_and_none_is_lost(tmp_path: Path) -> None:
    """One page with many URLs, and different pages with similar URLs."""
    same = (
        "/a", "/a/", "/a#part", "/a?utm_source=x", "/a?fbclid=1#y", "/./a", "/b/../a", "//127.0.0.1:{port}/a",
        "http://127.0.0.1:{port}/%61", "HTTP://127.0.0.1:{port}/a", "/a?b=1&c=2", "/a?c=2&b=1",
    )  # fmt: skip
    other = (
        "/list?page=1",
        "/list?page=2",
        "/list?page=3",
        "/article?id=1",
        "/article?id=2",
        "/A-z",
        "/x/page/2/",
    )
    with serving({}) as site:
        targets = [target.replace("{port}", str(site.port)) for target in (*same, *other, "/x/", "/dir/")]

        def answer(path: str) -> Answer | None:
            name, _, query = path.partition("?")
            bodies = {
                "/": page("Home", links(*targets)),
                # The page is the same for every query, and its canonical URL says so.
                "/a": page("A", head='<link rel="canonical" href="/a">'),
                # A common mistake: each page of a list names the first page as its canonical URL.
                "/list": page(f"List {query}", head='<link rel="canonical" href="/list">'),
                "/x": page("X one", head='<link rel="canonical" href="/x/">'),
                "/x/page/2": page("X two", head='<link rel="canonical" href="/x/">'),
                "/article": page(f"Article {query}"),
                "/dir": page("Directory", links("index.html", "INDEX.HTML", "./")),
                "/dir/index.html": page("Directory"),
                "/a-z": page("Capitals", links("/a-Z")),
            }
            body = bodies.get(name.lower().rstrip("/") or "/")
            return Answer(body) if body else None

        site._answer = answer
        found = call(site.url, tmp_path).completed()
        urls = [one["url"].removeprefix(site.url) for one in found.manifest["pages"]]
        assert len(urls) == len(set(urls))
        assert sorted(url.lower() for url in urls) == sorted(
            {"/", "/a", "/dir/", "/x/", *(url.lower() for url in other)}
        )
        assert len([path for path in site.paths if path.partition("?")[0].rstrip("/") == "/a"]) <= 3


@pytest.mark.parametrize("start", ["/", "/manual.html"])
def test_a_text_at_two_addresses_is_one_page_unless_it_is_short(start: str, tmp_path: Path) -> None:
    steps = range(12)
    text = "".join(
        f"<p>Step {number} is told at some length, so that it is no accident.</p>" for number in steps
    )
    leads = links("/b/copy", "/copy", "/x", "/y", "/z")
    front = page("The manual", f'<h2 id="use">Use</h2><a href="#use">Use</a>{text}{leads}')
    pages: dict[str, Answer | str] = {
        **dict.fromkeys(("/", "/manual.html"), front),
        **dict.fromkeys(("/b/copy", "/copy"), page("Copy", text)),
        **dict.fromkeys(("/y", "/z"), page("Coming soon")),
        "/x": page("Another page", text + links("/", "/manual.html")),
    }
    with serving(pages) as site:
        found = call(f"{site.url}{start}", tmp_path).completed()
        assert found.urls(site.url) == {start, "/copy", "/x", "/y", "/z"}
        assert f"({site.url}/copy)" in found.llms
        assert f"{site.url}/b/copy" not in found.llms


def test_www_and_apex_are_one_site_and_other_hosts_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with serving({}) as site:
        apex, www, other = (f"{name}acme.test:{site.port}" for name in ("", "www.", "docs."))
        body = links(
            f"http://{apex}/a", f"http://{www}/a", f"http://{www}/b", f"//{apex}/c", f"http://{other}/d"
        )

        def answer(request: Request) -> Answer | None:
            if request.headers["Host"] == www:
                return Answer(status=301, headers={"Location": f"http://{apex}{request.path}"})
            return Answer(page(request.path, body)) if request.path in ("/", "/a", "/b", "/c", "/d") else None

        site.answer_request = answer
        found = call(f"http://{www}/", tmp_path, allow=f"{apex},{www},{other}").completed()
        assert found.urls(f"http://{apex}") == {"/", "/a", "/b", "/c"}
        assert {request.headers["Host"] for request in site.requests} == {apex, www}
        # After the preferred form of the host is known, the other form is not requested.
        assert [one.path for one in site.requests if one.headers["Host"] == www] == ["/robots.txt", "/"]


def test_canonical_url_in_a_header_is_read(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/print", "/page")),
        "/page": page("Page"),
        "/print": Answer(page("Page"), headers={"Content-Type": HTML, "Link": '</page>; rel="canonical"'}),
    }
    with serving(pages) as site:
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/page"}


def test_copy_of_a_missing_original_is_kept(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/copy")),
        "/copy": page("Copy", head='<link rel="canonical" href="/gone">'),
    }
    with serving(pages) as site:
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/copy"}


def test_translations_are_pages_and_regional_variants_of_one_text_are_not(tmp_path: Path) -> None:
    alternates = "".join(
        f'<link rel="alternate" hreflang="{lang}" href="/{lang}/">' for lang in ("en-us", "en-gb", "de")
    )
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/en-us/")),
        "/en-us/": page("Welcome", head=alternates),
        "/en-gb/": page("Welcome", head=alternates),
        "/de/": page("Willkommen", head=alternates),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed().urls(site.url)
    assert "/de/" in found
    assert len(found & {"/en-us/", "/en-gb/"}) == 1


def test_text_is_stored_unchanged_and_other_types_are_left_out(tmp_path: Path) -> None:
    markdown = "# Notes\n\n* one\n* two, see [more](/more)\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    plain = "Line one\n    indented <b>not bold</b>\nLine three"
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/notes.md", "/plain.txt", "/image", "/data.json", "/script", "/feed")),
        "/notes.md": Answer(markdown, headers=MARKDOWN),
        "/plain.txt": Answer(plain, headers=TEXT),
        "/more": page("More"),
        "/image": Answer(b"\x89PNG", headers={"Content-Type": "image/png"}),
        "/script": Answer("alert(1)", headers={"Content-Type": "text/javascript"}),
        "/feed": Answer("<rss/>", headers={"Content-Type": "application/rss+xml"}),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
        assert found.urls(site.url) == {"/", "/notes.md", "/plain.txt", "/more"}
        assert "/data.json" not in site.paths
        assert not found.manifest["failures"]
    assert "| 1 | 2 |" in found.full
    assert "    indented" in found.full


def _documentation(request: Request, *, beside: bool, negotiates: bool, named: bool) -> Answer | None:
    names = ("/", "/guide", "/api/list.html", "/folder/")
    path = request.path
    if beside and path in ("/index.html.md", "/guide.md", "/api/list.html.md", "/folder/index.html.md"):
        return Answer(f"# Markdown of {path}\n\nWritten by hand.", headers=MARKDOWN)
    if named and path.startswith("/source/"):
        return Answer(f"# Markdown of {path}\n\nWritten by hand.", headers=MARKDOWN)
    if path not in names:
        return None
    if negotiates and "text/markdown" in request.headers.get("Accept", ""):
        return Answer(f"# Markdown of {path}\n\nWritten by hand.", headers={**MARKDOWN, "Vary": "Accept"})
    head = f'<link rel="alternate" type="text/markdown" href="/source{path}.md">' if named else ""
    return Answer(page(f"HTML of {path}", links(*names), head))


@pytest.mark.parametrize("way", ["beside", "negotiates", "named"])
def test_a_sites_own_markdown_is_preferred(way: str, tmp_path: Path) -> None:
    with serving({}) as site:
        site.answer_request = lambda request: _documentation(
            request, **{one: one == way for one in ("beside", "negotiates", "named")}
        )
        found = call(site.url, tmp_path).completed()
        assert found.urls(site.url) == {"/", "/guide", "/api/list.html", "/folder/"}
    texts = [file.read_text() for file in (found.out / "md").rglob("*.md")]
    assert len(texts) == 4
    assert all("Written by hand." in text and "HTML of" not in text for text in texts)


def test_site_without_markdown_gets_few_requests_for_it(tmp_path: Path) -> None:
    names = [f"/p{number}" for number in range(30)]
    with serving({"/": page("Home", links(*names)), **{name: page(name) for name in names}}) as site:
        call(site.url, tmp_path).completed()
        assert len([path for path in site.paths if path.endswith(".md")]) < 12


def test_when_pages_are_cut_the_most_important_are_kept(tmp_path: Path) -> None:
    """The order is depth, then sitemap priority, then number of incoming links; response times do not matter."""
    many = [f"/z/{number}" for number in range(60)]

    def answer(path: str) -> Answer | None:
        if path == "/":
            return Answer(page("Home", links(*many, "/popular-hub", "/aaa")))
        if path == "/sitemap.xml":
            entries = "".join(
                f"<url><loc>{one}</loc><priority>0.9</priority></url>" for one in ("/z/41", "/z/17")
            )
            return Answer(f"<urlset>{entries}</urlset>", headers=XML)
        if path in ("/z/41", "/z/17"):
            return Answer(page(path, links("/z/33")), delay=0.3)
        return Answer(page(path, links("/deep"))) if path.startswith(("/z/", "/popular", "/aaa")) else None

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--max-pages", "20").completed().urls(site.url)
    assert len(found) == 20
    assert {"/", "/z/41", "/z/17", "/z/33", "/aaa", "/popular-hub"} <= found
    assert "/deep" not in found


def _market_diary(path: str) -> Answer | None:
    """A blog whose front page links to its newest posts and to lists of several kinds."""
    entries = [f"/entries/market-day-{number}/" for number in range(24)]
    lists = [*(f"/tags/t{number}/" for number in range(12)), "/author/ines/", "/login/", "/search/?q=x"]
    if path == "/":
        return Answer(page("Market diary", links("/more/", *lists)))
    if path in ("/more/", "/tags/t3/", "/2024/"):
        return Answer(page(path, links(*(entries[:20] if path == "/more/" else entries), "/2024/")))
    if path in entries:
        return Answer(
            page(f"Entry {path}", f"<p>What was on the stalls, as {path} tells.</p>{links(*lists)}")
        )
    return Answer(page(f"List {path}", links(entries[0]))) if path in lists else None


def test_content_replaces_lists_when_pages_are_cut(tmp_path: Path) -> None:
    with serving(_market_diary) as site:
        crawled = call(site.url, tmp_path, "--max-pages", "26").completed()
        found = crawled.urls(site.url)
    # The last four entries are found only through lists, and replace these lists in the result.
    assert len([path for path in found if path.startswith("/entries/")]) == 24
    assert len(found) == 26
    assert crawled.manifest["warnings"] == [
        "26 of 42 pages are included. Raise max_pages to include more.",
        "Left out, by the kind of page: 12 tag, 1 author, 1 date archive, 1 search, 1 login.",
    ]


def test_all_lists_are_kept_within_the_limit(tmp_path: Path) -> None:
    with serving(_market_diary) as site:
        crawled = call(site.url, tmp_path).completed()
    assert len(crawled.manifest["pages"]) == 42
    optional = [page["url"] for page in crawled.manifest["pages"] if page["section"] == "Optional"]
    assert len(optional) == 16
    assert crawled.manifest["warnings"] == []


def test_further_pages_of_a_list_are_followed_and_not_kept(tmp_path: Path) -> None:
    def teaser(number: int) -> str:
        return f'<article><h2><a href="/blog/loaf-{number}">Loaf {number}</a></h2><p>A taste of it.</p></article>'

    def answer(path: str) -> Answer | None:
        if path in ("/", "/blog/page/2/", "/blog/page/3/"):
            first = 0 if path == "/" else int(path[-2]) * 4 - 4
            more = f'<a href="/blog/page/{first // 4 + 2}/">Older</a>' if first < 8 else ""
            return Answer(page("Loaves", "".join(map(teaser, range(first, first + 4))) + more))
        return (
            Answer(page(f"Loaf {path}", f"<p>It was baked at {path}.</p>"))
            if path.startswith("/blog/loaf-")
            else None
        )

    with serving(answer) as site:
        found = call(site.url, tmp_path).completed().urls(site.url)
    assert found == {"/", *(f"/blog/loaf-{number}" for number in range(12))}


def test_canonical_urls_of_a_template_are_ignored_with_a_warning(tmp_path: Path) -> None:
    """One template sets the front page as the canonical URL of all pages.

    The other sets one page of a folder for the whole folder.
    """
    home = '<link rel="canonical" href="index.html">'
    other = '<link rel="canonical" href="/trips/alps">'
    pages = {
        "/": page(
            "Walking club",
            links("/about.html", "/dates.html", "/trips/jura", "/trips/vosges", "/print"),
            home,
        ),
        "/about.html": page("About the club", "<p>We have walked on Sundays since 1921.</p>", home),
        "/dates.html": page("Dates", "<p>The next walk begins at the old bridge.</p>", home),
        "/trips/alps": page("Over the pass", "<p>Two days with a night in a hut.</p>", other),
        "/trips/jura": page("Through the gorge", "<p>A short day with a long ladder.</p>", other),
        "/trips/vosges": page("Along the ridge", "<p>Seven hours, and no water.</p>", other),
        "/print": page("Over the pass", "<p>Two days with a night in a hut. Printed.</p>", other),
    }
    with serving(pages) as site:
        crawled = call(site.url, tmp_path).completed()
    assert crawled.urls(site.url) == set(pages) - {"/print"}
    (note,) = [note for note in crawled.manifest["notes"] if "canonical" in note]
    assert note.startswith("4 pages name another page as canonical URL although the texts differ.")


def test_pages_that_only_redirect_are_left_out(tmp_path: Path) -> None:
    pages = {
        "/": page(
            "Harbour", links("/old/", "/moved.html", "/itself/", "/slow.html", "/note.html", "/news.html")
        ),
        "/slow.html": "<title>Moved</title><meta http-equiv=refresh content='10; url=tides.html'>Wait ten seconds.",
        "/note.html": "<title>Nouvelle adresse</title><p>Cette page a déménagé : <a href=tides.html>ici</a>.</p>",
        "/news.html": page(
            "The pier has moved", "<p>It lies at the mouth of the river now.</p>" + links("/tides.html")
        ),
        "/old/": "<title>Redirecting...</title><meta http-equiv=refresh content='0; url=./index.html'>Click here.",
        "/moved.html": "<title>Moved</title><script>location.replace('/tides.html')</script><p>Wait.</p>",
        "/itself/": "<title>Wait</title><script>location.href = '/itself/'</script><p>Loading the page.</p>",
        "/tides.html": page("Tides", "<p>High water is at noon on the first of May.</p>"),
    }
    with serving(pages) as site:
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/news.html", "/tides.html"}
