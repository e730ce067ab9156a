"""Crawls of ordinary sites: pages that are found and left out, and files that are written."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import re
import string
import zipfile
from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from llmready.crawler.pack.llms_txt import escape
from llmready.version import __version__
from testkit import needs
from testkit.crawler_program import Run, call, run
from testkit.serving import HTML, Answer, folder, links, page, serving

XML = {"Content-Type": "application/xml"}
TEXT = {"Content-Type": "text/plain"}


def redirect(target: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": target})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small site with one example of each feature, crawled once."""
    pages: dict[str, Answer | str] = {
        "/robots.txt": Answer(
            "User-agent: *\nDisallow: /private\n\n"
            "User-agent: LLMReadyBot\nDisallow: /secret/\nSitemap: /map-index.xml",
            headers=TEXT,
        ),
        "/": page(
            "Acme | Acme Docs",
            links(
                "/guide/start.html",
                "guide/tags.html?utm_source=x&lang=en#top",
                "/guide/start.html#again",
                "/private/open.html",
                "/secret/plan.html",
                "/old.html",
                "/away",
                "/missing.html",
                "/noindex.html",
                "/nofollow.html",
                "/file.pdf",
                "/data",
                "/copy.html",
                "/refresh.html",
                "/header-noindex.html",
                "https://elsewhere.example.org/",
                "javascript:alert(1)",
                "mailto:a@example.org",
                "//127.0.0.1:1/other-port",
                "/loop",
            )
            + '<a rel="nofollow" href="/not-followed.html">x</a>'
            + '<a href="/bad"><img src="data:image/png;base64,AAAA" alt="pixel"></a>',
            '<meta property="og:site_name" content="Acme"><meta name="description" content="All about Acme.">',
        ),
        "/guide/start.html": page(
            "Start [v2] &amp; <b>go</b> — Acme",
            links("../"),
            '<meta name="description" content="How\nto  start.">',
        ),
        "/guide/tags.html?lang=en": page("Tags &lt;div&gt; | Acme", links("/api/array")),
        "/api/array": page("Array&lt;T&gt;[] - Acme", links("/api/array/")),
        "/private/open.html": page("Open | Acme"),
        "/secret/plan.html": page("Plan | Acme"),
        "/old.html": redirect("/new.html", 301),
        "/new.html": page("New | Acme"),
        "/away": redirect("https://elsewhere.example.org/"),
        "/loop": redirect("/loop2"),
        "/loop2": redirect("/loop"),
        "/noindex.html": page(
            "Hidden", links("/from-noindex.html"), '<meta name="robots" content="NOINDEX">'
        ),
        "/from-noindex.html": page("From noindex | Acme"),
        "/nofollow.html": page(
            "No follow | Acme", links("/lost.html"), '<meta name=robots content="nofollow">'
        ),
        "/header-noindex.html": Answer(
            page("Header"),
            headers={"Content-Type": HTML, "X-Robots-Tag": "otherbot: none, llmreadybot: noindex"},
        ),
        "/lost.html": page("Lost"),
        "/not-followed.html": page("Not followed"),
        "/data": Answer(b"\x00\x01", headers={"Content-Type": "application/octet-stream"}),
        "/copy.html": page("Copy", head='<link rel="canonical" href="/new.html">'),
        "/refresh.html": page("Wait", head='<meta http-equiv="refresh" content="0; url=/refreshed.html">'),
        "/refreshed.html": page("Refreshed | Acme"),
        "/map-index.xml": Answer(
            "<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
            "<sitemap><loc>/map.xml.gz</loc></sitemap><sitemap><loc>/nowhere.xml</loc></sitemap></sitemapindex>",
            headers=XML,
        ),
        "/map.xml.gz": Answer(
            gzip.compress(
                b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>/only-in-map.html?a=1&amp;b=2"
                b"</loc><priority>0.9</priority></url><url><loc>https://elsewhere.example.org/x</loc></url></urlset>"
            ),
            headers={"Content-Type": "application/gzip"},
        ),
        "/sitemap.xml": Answer("/", headers=XML),
        "/only-in-map.html?a=1&b=2": page("Only in map | Acme"),
        "/bad": page("Bad links", links("/api/array")),
    }
    with serving(pages) as site:
        found = run(site.url + "/", tmp_path_factory.mktemp("shop"), "--zip").completed()
        found.events[-1]["requested"] = site.paths
        found.events[-1]["origin"] = site.url
        found.events[-1]["agents"] = {request.headers["User-Agent"] for request in site.requests}
        found.events[-1]["most_at_once"] = site.most_at_once
    return found


def test_finds_every_page_by_links_sitemaps_and_redirects(shop: Run) -> None:
    assert shop.urls(shop.last["origin"]) == {
        "/",
        "/guide/start.html",
        "/guide/tags.html?lang=en",
        "/api/array",
        "/private/open.html",
        "/new.html",
        "/from-noindex.html",
        "/nofollow.html",
        "/refreshed.html",
        "/only-in-map.html?a=1&b=2",
        "/bad",
    }
    assert shop.last["pages_crawled"] == 11


def test_requests_nothing_forbidden_and_nothing_twice(shop: Run) -> None:
    requested = shop.last["requested"]
    assert not [path for path in requested if path.startswith("/secret")]
    assert not {"/not-followed.html", "/lost.html", "/file.pdf"} & set(requested)
    assert len(requested) == len(set(requested))
    assert shop.last["agents"] == {f"LLMReadyBot/{__version__} (+https://llmready.example/bot)"}
    assert shop.last["most_at_once"] <= 4


def test_failures_are_listed_with_reason(shop: Run) -> None:
    failures = {one["url"].removeprefix(shop.last["origin"]): one for one in shop.manifest["failures"]}
    codes = {path: one["code"] for path, one in failures.items()}
    assert codes == {"/missing.html": "http_error", "/loop": "too_many_redirects"}
    assert failures["/missing.html"]["detail"].endswith("answers 404.")
    assert "in a loop" in failures["/loop"]["detail"]
    assert shop.last["pages_failed"] == 2


def test_llms_txt_parses_and_describes_the_site(shop: Run) -> None:
    parsed = parse_llms_file(shop.llms)
    assert parsed.title == "Acme"
    assert parsed.summary == "All about Acme."
    assert list(parsed.sections) == ["Overview", "Guide"], "a folder of one page is no section"
    guide = {link.url.removeprefix(shop.last["origin"]): link for link in parsed.sections["Guide"]}
    assert guide["/guide/start.html"].title == "Start &#91;v2&#93; & &lt;b&gt;go&lt;/b&gt;"
    assert guide["/guide/start.html"].desc == "How to start."
    assert guide["/guide/tags.html?lang=en"].title == "Tags &lt;div&gt;"
    others = {link.url.removeprefix(shop.last["origin"]): link for link in parsed.sections["Overview"]}
    assert others["/api/array"].title == "Array&lt;T&gt;&#91;&#93;"
    linked = [link.url for section in parsed.sections.values() for link in section]
    assert sorted(linked) == sorted(one["url"] for one in shop.manifest["pages"])
    assert all(link.desc for section in parsed.sections.values() for link in section)


def test_full_text_contains_each_page_under_title_and_url(shop: Run) -> None:
    for entry in shop.manifest["pages"]:
        assert f"# {escape(entry['title'])}\n\nURL: {entry['url']}\n\n" in shop.full
    assert shop.full.count("\nURL: ") == 11
    assert shop.last["content_bytes"] == (shop.out / "llms-full.txt").stat().st_size
    listed = re.findall(r"(?m)^- \[.*\]\((http[^)]+)\)", (shop.out / "llms.txt").read_text())
    assert re.findall(r"(?m)^URL: (.*)$", shop.full) == listed, "in the order of llms.txt"
    assert f"]({shop.last['origin']}/guide/start.html" in shop.full, "links are absolute"


def test_manifest_describes_the_files(shop: Run) -> None:
    manifest = shop.manifest
    assert manifest["origin"] == shop.last["origin"] + "/"
    assert manifest["generator"] == f"LLMReady {__version__}"
    assert manifest["notes"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", manifest["started_at"])
    assert manifest["started_at"] <= manifest["ended_at"]
    assert 0 < manifest["duration_sec"] < 30
    files = {str(file.relative_to(shop.out)) for file in shop.out.rglob("*") if file.is_file()}
    assert files == {
        "llms.txt",
        "llms-full.txt",
        "manifest.json",
        *(one["path"] for one in manifest["pages"]),
    }
    assert manifest["total_files"] == shop.last["total_files"] == len(files)
    for one in manifest["pages"]:
        data = (shop.out / one["path"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert one["words"] > 10
    assert {"md/index.md", "md/guide/start.md", "md/api/array.md"} < files


def test_zip_contains_the_same_files(shop: Run) -> None:
    archive = Path(shop.last["archive"])
    assert archive == shop.out.with_name("out.zip")
    data = archive.read_bytes()
    assert shop.last["file_size"] == len(data)
    assert shop.last["sha256"] == hashlib.sha256(data).hexdigest()
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert len(packed.namelist()) == len(set(packed.namelist())) == shop.last["total_files"]
        for name in packed.namelist():
            assert packed.read(name) == (shop.out / name).read_bytes()
            assert packed.getinfo(name).date_time == (1980, 1, 1, 0, 0, 0)
    assert sorted(entry.name for entry in shop.out.parent.iterdir()) == ["out", "out.zip"]


def test_unsafe_links_are_removed(shop: Run) -> None:
    everything = "".join(file.read_text() for file in shop.out.rglob("*.md"))
    assert "](javascript:" not in everything
    assert "](data:" not in everything
    assert "pixel" in everything


def test_events_report_the_progress(shop: Run) -> None:
    first, *others = shop.events[:-1]
    assert first == {"event": "started", "url": shop.last["origin"] + "/"}
    assert {event["event"] for event in others} == {"progress", "page_failed"}
    middle = [event for event in others if event["event"] == "progress"]
    failed = [{**event, "event": None} for event in others if event["event"] == "page_failed"]
    missing = [{**one, "event": None} for one in shop.manifest["failures"]]
    assert sorted(failed, key=str) == sorted(missing, key=str)
    for name in ("pages_crawled", "total_pages", "pages_failed"):
        values = [event[name] for event in middle]
        assert values == sorted(values)
    for event in middle:
        assert event["total_pages"] >= event["pages_crawled"] + event["pages_failed"]
    assert (middle[-1]["pages_crawled"], middle[-1]["pages_failed"]) == (11, 2)


def test_same_pages_give_same_bytes_in_any_response_order(tmp_path: Path) -> None:
    names = [f"/p{number}.html" for number in range(30)]
    targets = {name: links(*names[index * 2 : index * 2 + 5]) for index, name in enumerate(names)}
    runs = []
    with serving({}) as site:
        for turn in range(2):
            delays = itertools.cycle([0.05, 0, 0.02, 0] if turn else [0, 0.03])

            def answer(path: str, delays: itertools.cycle[float] = delays) -> Answer | None:
                if path == "/":
                    return Answer(page("Home", links(*reversed(names))))
                return Answer(page(path, targets[path]), delay=next(delays)) if path in targets else None

            site._answer = answer
            runs.append(call(site.url, tmp_path / str(turn), "--max-pages", "12", "--zip").completed())
    first, second = (
        {str(file.relative_to(one.out)): file.read_bytes() for file in one.out.rglob("*") if file.is_file()}
        for one in runs
    )
    manifests = [json.loads(files.pop("manifest.json")) for files in (first, second)]
    assert first == second
    assert len(first) == 12 + 2
    for manifest in manifests:
        for name in ("started_at", "ended_at", "duration_sec"):
            del manifest[name]
    assert manifests[0] == manifests[1]
    with zipfile.ZipFile(runs[0].last["archive"]) as one, zipfile.ZipFile(runs[1].last["archive"]) as other:
        assert one.namelist() == other.namelist()


def test_page_limit_keeps_pages_near_the_start_and_important_ones(tmp_path: Path) -> None:
    urls = "".join(
        f"<url><loc>/deep/{number}.html</loc><priority>0.{number}</priority></url>" for number in range(1, 10)
    )
    pages: dict[str, Answer | str] = {
        "/sitemap.xml": Answer(f"<urlset>{urls}</urlset>", headers=XML),
        "/": page("Home", links("/a.html")),
        "/a.html": page("A", links("/b.html")),
        "/b.html": page("B"),
        **{f"/deep/{number}.html": page(f"Deep {number}") for number in range(1, 10)},
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--max-pages", "4").completed()
        assert found.urls(site.url) == {"/", "/deep/9.html", "/deep/8.html", "/deep/7.html"}
        assert len([path for path in site.paths if path.endswith(".html")]) == 3
    assert found.last["archive"] is None
    assert found.events[-2]["total_pages"] == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--include", "/docs/*"], {"/docs/a.html", "/docs/deep/b.html"}),
        (["--include", "/docs"], {"/docs/", "/docs/a.html", "/docs/deep/b.html"}),
        (["--include", "deep,BLOG"], {"/docs/deep/b.html", "/blog/c.html"}),
        (["--exclude", "/docs/*,blog"], {"/"}),
        (["--include", "deep", "--include", "BLOG"], {"/docs/deep/b.html", "/blog/c.html"}),
        (["--include", "*.html", "--exclude", "/*/deep/*"], {"/docs/a.html", "/blog/c.html"}),
    ],
)
def test_include_and_exclude(arguments: list[str], expected: set[str], tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/docs/", "/docs/a.html", "/docs/deep/b.html", "/blog/c.html")),
        "/docs/": page("Docs"),
        "/docs/a.html": page("A"),
        "/docs/deep/b.html": page("B"),
        "/blog/c.html": page("C"),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path, *arguments).completed()
        pages_found = found.urls(site.url)
        assert pages_found - {"/docs/"} == expected - {"/docs/"}
        assert {path for path in site.paths if path.endswith(".html")} == expected - {"/", "/docs/"}


def test_start_inside_a_site_prefers_pages_below_it(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/docs/": page("Docs", links("/a.html", "/b.html", "x.html", "y.html")),
        **{path: page(path) for path in ("/a.html", "/b.html", "/docs/x.html", "/docs/y.html")},
    }
    with serving(pages) as site:
        found = call(f"{site.url}/docs/", tmp_path, "--max-pages", "3", allow=site.address).completed()
        assert found.urls(site.url) == {"/docs/", "/docs/x.html", "/docs/y.html"}


def test_crawl_delay_spaces_the_requests(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/robots.txt": Answer("User-agent: *\nCrawl-delay: 0.4", headers=TEXT),
        "/": page("Home", links("/a", "/b", "/c")),
        **{path: page(path) for path in ("/a", "/b", "/c")},
    }
    with serving(pages) as site:
        call(site.url, tmp_path).completed()
        times = [request.at for request in site.requests if request.path in ("/a", "/b", "/c")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(gap > 0.35 for gap in gaps)


def test_rate_limited_page_is_retried_later(tmp_path: Path) -> None:
    asked = itertools.count()

    def answer(path: str) -> Answer | None:
        if path == "/busy" and next(asked) == 0:
            return Answer(status=503, headers={"Retry-After": "1"})
        return {"/": Answer(page("Home", links("/busy"))), "/busy": Answer(page("Busy"))}.get(path)

    with serving(answer) as site:
        found = call(site.url, tmp_path).completed()
        times = [request.at for request in site.requests if request.path == "/busy"]
    assert found.last["pages_crawled"] == 2
    assert found.last["pages_failed"] == 0
    assert times[1] - times[0] > 0.9


def test_timeout_keeps_the_pages_so_far_and_adds_a_note(tmp_path: Path) -> None:
    def answer(path: str) -> Answer | None:
        if not path.strip("/").isdecimal() and path != "/":
            return None
        number = int(path.strip("/") or 0)
        return Answer(page(f"Page {number}", links(f"/{number + 1}")), delay=0.25)

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--timeout", "2").completed()
    assert 2 <= found.last["pages_crawled"] <= 9
    assert found.seconds < 5
    (note,) = found.manifest["notes"]
    assert "timeout of 2 s" in note


def test_slow_sitemap_does_not_delay_the_end(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/a", "/b")),
        "/a": page("A"),
        "/sitemap.xml": Answer("<urlset></urlset>", headers=XML, delay=20),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--max-pages", "2").completed()
    assert found.urls(site.url) == {"/", "/a"}
    assert found.seconds < 5


def test_encodings_and_odd_markup(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("latin", "meta", "base/x", "no-type", "gzip", "deep")),
        "/latin": Answer(
            page("Straße").encode("latin-1"), headers={"Content-Type": "text/html; charset=ISO-8859-1"}
        ),
        "/meta": Answer(
            page("Привет", head='<meta charset="windows-1251">').encode("cp1251"),
            headers={"Content-Type": "text/html"},
        ),
        "/base/x": page("Base", '<a href="y">y</a>', '<base href="/moved/">'),
        "/moved/y": page("Moved"),
        "/no-type": Answer(page("Untyped"), headers={}),
        "/gzip": Answer(
            gzip.compress(page("Packed").encode()), headers={"Content-Type": HTML, "Content-Encoding": "gzip"}
        ),
        "/deep": "<div>" * 4_000 + page("Deep"),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
        titles = {one["url"].removeprefix(site.url): one["title"] for one in found.manifest["pages"]}
    assert titles == {
        "/": "Home",
        "/latin": "Straße",
        "/meta": "Привет",
        "/base/x": "Base",
        "/moved/y": "Moved",
        "/no-type": "Untyped",
        "/gzip": "Packed",
        "/deep": "Deep",
    }
    assert f"[y]({site.url}/moved/y)" in found.full


def test_file_names_are_valid_on_all_file_systems(tmp_path: Path) -> None:
    paths = [
        "/Case",
        "/case",
        "/a%2F..%2F..%2Fb",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/con",
        "/x.md/y",
        "/x",
        "/x?b=1",
        "/x?b=2",
        "/" + "long" * 100,
        "/" + "/".join(f"{letter}-is-deeper-than-others" for letter in string.ascii_letters[:38]),
        "/caf%C3%A9",
        "/cafe%CC%81",
        "/a:b%3Cc%3E%7C",
        "/dots...",
    ]

    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return None
        return Answer(page("Home", links(*paths)) if path == "/" else page(path))

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--zip").completed()
    written = [one["path"] for one in found.manifest["pages"]]
    assert len(written) == len(paths) + 1
    assert len({path.casefold() for path in written}) == len(written)
    for path in written:
        assert (found.out / path).resolve().is_relative_to(found.out / "md")
        assert len(path.encode()) <= 200
        assert not re.search(r'[<>:"|?*\\\x00-\x1f]|\.\.', path)


def test_real_documentation(tmp_path: Path) -> None:
    root = needs.package("git-doc", needs.GIT_DOC)
    with serving(folder(root)) as site:
        found = run(f"{site.url}/", tmp_path, "--max-pages", "300", "--zip", allow=site.address).completed()
        urls = [one["url"] for one in found.manifest["pages"]]
        assert all(path.startswith("/") for path in site.paths)
    assert len(urls) >= 200
    indexes = [found.llms, *(file.read_text() for file in (found.out / "llms").glob("*.txt"))]
    links = [link for text in indexes for part in parse_llms_file(text).sections.values() for link in part]
    assert {link.url for link in links if "/llms/" not in link.url} == set(urls)
    assert len(links) == len(urls) + len(indexes) - 1
    assert all(len(text) <= 50_000 for text in indexes)
    assert "¶" not in "".join(indexes)
