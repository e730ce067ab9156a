"""What one page of a site links to does not make the crawl lose the other pages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from llmready.crawler.engine import scheduler, setbacks
from llmready.crawler.fetch import throttle
from testkit.crawler_program import Run, call
from testkit.serving import Answer, Request, Site, links, page, serving

GOOD = [f"/t/{number}" for number in range(30)]


def site_with(*named: str, good: list[str] = GOOD) -> dict[str, Answer | str]:
    """A page /a that links to `named`, and a list two links from the start page that links to good pages."""
    return {
        "/": page("Home", links("/a", "/list0")),
        "/a": page("A", links(*named)),
        "/list0": page("Boards", links("/list")),
        "/list": page("Topics", links(*good)),
        **{name: page(name, f"<p>Words of {name}.</p>") for name in good},
    }


def kept(found: Run, site: Site, good: list[str] = GOOD) -> int:
    return len(found.completed().urls(site.url) & set(good))


@pytest.mark.parametrize("delay", [0, 2])
def test_urls_of_one_page_that_the_site_refuses_do_not_end_the_crawl(
    delay: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of the other pages may still be on its way when they are refused."""
    monkeypatch.setattr(scheduler, "RETRY_SECONDS", 0.01)
    refused = [f"/!{number}" for number in range(30)]
    pages = site_with(*refused) | dict.fromkeys(refused, Answer(status=500))
    pages["/list"] = Answer(page("Topics", links(*GOOD)), delay=delay)
    with serving(pages) as site:
        assert kept(call(site.url, tmp_path, "--timeout", "60"), site) == len(GOOD)


def test_connections_that_the_site_closes_do_not_end_the_crawl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall drops requests of names such as /.env."""
    monkeypatch.setattr(scheduler, "RETRY_SECONDS", 0.02)
    dropped = [f"/.env{number}" for number in range(12)]
    pages = site_with(*dropped)

    def answer(path: str) -> Answer | None:
        if path in dropped:
            raise ConnectionAbortedError
        found = pages.get(path)
        return Answer(found) if isinstance(found, str) else found

    with serving(answer) as site:
        assert kept(call(site.url, tmp_path, "--timeout", "60"), site) == len(GOOD)


@pytest.mark.parametrize(("status", "copies"), [(500, ""), (500, "abc"), (404, "")])
def test_many_urls_of_one_page_that_fail_come_last(
    status: int, copies: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of a page between these URLs do not count as successes."""
    monkeypatch.setattr(scheduler, "RETRY_SECONDS", 0.02)
    refused = [f"/a;{number:03}" for number in range(200)]
    copied = [f"{path}{letter}" for path in refused for letter in copies]
    pages = site_with(*refused, *copied) | dict.fromkeys(refused, Answer(status=status))
    pages |= dict.fromkeys(copied, pages["/a"])
    with serving(pages) as site:
        assert kept(call(site.url, tmp_path), site) == len(GOOD)
        before = site.paths[: max(site.paths.index(path) for path in GOOD)]
        assert sum(path in refused for path in before) < setbacks.MOST_FAILURES + 50


@pytest.mark.parametrize("named_in", ["index", "sitemap"])
def test_outage_of_some_seconds_loses_no_page(named_in: str, tmp_path: Path) -> None:
    """All paths below /p, of which the start page or a sitemap names many, and another branch fail."""
    pages = [f"/p/{number}" for number in range(200)]
    deeper = [f"/d/{number}" for number in range(20)]
    written = {
        "/": page("Home", links("/other", *(pages if named_in == "index" else []))),
        "/other": page("Other", links("/more")),
        "/more": page("More", links(*deeper)),
        **{path: page(path, f"<p>Words of {path}.</p>") for path in pages + deeper},
    }
    began: list[float] = []
    with serving({}) as site:
        urls = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in pages)

        def answer(path: str) -> Answer | None:
            if path == "/sitemap.xml" and named_in == "sitemap":
                return Answer(f"<urlset>{urls}</urlset>", headers={"Content-Type": "text/xml"})
            if path in pages + deeper:
                if not began and len(site.paths) > 40:
                    began.append(time.monotonic())
                if began and time.monotonic() < began[0] + 8:
                    return Answer(status=502)
            return Answer(written[path]) if path in written else None

        site.answer_request = lambda request: answer(request.path)
        found = call(site.url, tmp_path, "--max-pages", "500")
        assert kept(found, site, pages + deeper) == len(pages + deeper)


@pytest.mark.parametrize("following", ["", "/2"])
def test_pages_that_are_not_indexed_do_not_use_up_the_size_limit(
    following: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them may link to a next page, which does not exist."""
    monkeypatch.setattr(setbacks, "MOST_WASTED", 200_000)
    numbers = [f"/x/w{number}" for number in range(60)]
    noindex = '<meta name="robots" content="noindex">'
    pages = site_with(*numbers)
    for name in numbers:
        more = links(f"{name}{following}") if following else ""
        pages[name] = page(name, more + "<p>Long words.</p>" * 6000, noindex)
    with serving(pages) as site:
        assert kept(call(site.url, tmp_path, LLMREADY_CRAWL_MB="3"), site) == len(GOOD)


def test_site_that_begins_to_refuse_everything_gets_few_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "RETRY_SECONDS", 0.05)
    first = [f"/b{number}" for number in range(12)]
    names = {name: [f"{name}/{number}" for number in range(12)] for name in first}
    with serving(
        {"/": page("Home", links(*first)), **{name: page(name, links(*names[name])) for name in first}}
    ) as site:
        site.answer_request = lambda request: (
            Answer(page(request.path, links(*names.get(request.path, first))))
            if request.path in ("/", *first)
            else Answer(status=500 if request.path.startswith("/b") else 404)
        )
        found = call(site.url, tmp_path).completed()
        assert sum(path.startswith("/b") and path not in first for path in site.paths) < 80
    assert found.urls(site.url) == {"/", *first}
    assert "stopped early" in " ".join(found.manifest["notes"])


def test_index_of_many_queries_and_their_forms_is_kept(tmp_path: Path) -> None:
    """Each page of the index links to queries that are no pages of the result."""
    topics = [f"/wiki?id={number}" for number in range(300)]
    forms = {f"{topic}&do={name}": name for topic in topics for name in ("edit", "diff", "media", "index")}
    noindex = '<meta name="robots" content="noindex">'
    pages = {
        "/": page("Index", links(*topics)),
        **{
            topic: page(topic, links(*(f"{topic}&do={name}" for name in set(forms.values()))))
            for topic in topics
        },
        **{form: page(form, "", noindex) for form in forms},
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--max-pages", "1000")
        assert kept(found, site, topics) == len(topics)
    assert found.manifest["notes"] == [
        "More than 1000 addresses of /wiki differ only in their query; the others were left out."
    ]


def test_excluded_queries_do_not_count_towards_the_limit_of_a_path(tmp_path: Path) -> None:
    topics = [f"/index.php?title={number}" for number in range(60)]
    pages = {"/": page("Index", links(topics[0]))}
    for number, topic in enumerate(topics):
        old = [f"{topic}&oldid={number * 100 + revision}" for revision in range(40)]
        pages[topic] = page(topic, links(*topics[number + 1 : number + 2], *old))
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--exclude", "*&oldid=*")
        assert kept(found, site, topics) == len(topics)


@pytest.mark.parametrize("most", [10, 16, 20])
def test_content_that_lists_lead_to_displaces_them_below_any_limit(most: int, tmp_path: Path) -> None:
    tags = [f"/tag/{number:02}" for number in range(30)]
    posts = {tag: [f"/post{tag[4:]}-{number}" for number in range(3)] for tag in tags}
    pages = {"/": page("Home", links(*tags)), **{tag: page(tag, links(*posts[tag])) for tag in tags}}
    pages |= {post: page(post) for below in posts.values() for post in below}
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--max-pages", str(most)).completed()
        assert sum("/post/" in url for url in found.urls(site.url)) == most - 1


@pytest.mark.parametrize("status", [429, 503])
def test_burst_of_refusals_does_not_change_which_pages_are_kept(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(scheduler, "RETRY_SECONDS", 0.02)
    sections = [f"/s{number}" for number in range(20)]
    pages = {"/": page("Home", links(*sections))}
    for section in sections:
        below = [f"{section}/{number}" for number in range(10)]
        pages |= {section: page(section, links(*below)), **{path: page(path) for path in below}}
    refused = dict.fromkeys(sections[:8], 1)

    def answer(path: str) -> Answer | None:
        if refused.pop(path, 0):
            return Answer(status=status)
        return Answer(pages[path]) if path in pages else None

    with serving(answer) as site:
        assert kept(call(site.url, tmp_path, "--max-pages", "40"), site, sections) == len(sections)


@pytest.mark.parametrize("others", [[], GOOD])
@pytest.mark.parametrize("sign", ["?", ";", "/"])
def test_copies_that_one_page_links_to_come_last(
    sign: str, others: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is so, too, if the page links to the good pages of the list behind its copies."""
    monkeypatch.setattr(setbacks, "MOST_WASTED", 200_000)
    pages = site_with()
    copies = [f"/a{sign}{number}" for number in range(60)]
    large = page("A", links(*copies, *others) + "<p>Long words.</p>" * 6000)

    def answer(path: str) -> Answer | None:
        found = large if path.startswith("/a") else pages.get(path)
        return Answer(found) if isinstance(found, str) else found

    with serving(answer) as site:
        found = call(site.url, tmp_path, LLMREADY_CRAWL_MB="3")
        assert kept(found, site) == len(GOOD)
    assert found.manifest["truncated_by"] == "size"


def test_further_pages_of_a_list_are_no_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page of the list links to all further ones, which are large and lead to posts."""
    monkeypatch.setattr(setbacks, "MOST_WASTED", 200_000)
    numbers = range(2, 42)
    further = links(*(f"/blog?page={number}" for number in numbers)) + f"<!-- {'x' * 20_000} -->"
    posts = [f"/2020/post-{number}" for number in numbers]
    tags = [f"/tag/{number}" for number in range(60)]
    pages = {"/": page("Home", links("/blog", *tags[:5])), "/blog": page("Blog", further)}
    for number, post in zip(numbers, posts, strict=True):
        teaser = f'<article><h2><a href="{post}">Post</a></h2><p>Some words of the teaser.</p></article>'
        pages[f"/blog?page={number}"] = page(f"Blog, page {number}", teaser + further)
        pages[post] = page(post, f"<p>Words of {post}.</p>")
    pages |= {tag: page(tag, links(*posts[:2], *tags)) for tag in tags}
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--max-pages", "42")
        assert kept(found, site, posts) == len(posts)


@pytest.mark.parametrize("place", ["head", "body"])
def test_page_that_is_named_as_markdown_of_another_one_is_crawled(place: str, tmp_path: Path) -> None:
    """The site sends Markdown for each page on request. The list is found after the page that names it."""
    pages = site_with()
    relation = '<link rel="alternate" type="text/markdown" href="/list">'
    pages["/a"] = page("A", relation if place == "body" else "", relation if place == "head" else "")

    def answer(request: Request) -> Answer | None:
        found = pages.get(request.path)
        if found and "text/markdown" in request.headers.get("Accept", ""):
            text = f"# Text of {request.path}\n\nWords that belong only to {request.path}."
            return Answer(text, headers={"Content-Type": "text/markdown"})
        return Answer(found) if isinstance(found, str) else found

    with serving({}) as site:
        site.answer_request = answer
        assert kept(call(site.url, tmp_path), site) == len(GOOD)


def test_markdown_of_a_page_is_not_requested_again_because_the_page_links_to_it(tmp_path: Path) -> None:
    markdown = Answer("# Guide\n\nWritten by hand.", headers={"Content-Type": "text/markdown"})
    relation = '<link rel="alternate" type="text/markdown" href="/source/guide">'
    with serving(
        {
            "/": page("Home", links("/guide")),
            "/guide": page("Guide", links("/source/guide", "/more"), relation),
            "/more": page("More"),
            "/source/guide": markdown,
        }
    ) as site:
        found = call(site.url, tmp_path).completed()
        assert site.paths.count("/source/guide") == 1
    assert found.urls(site.url) == {"/", "/guide", "/more"}


def test_markdown_that_several_pages_link_to_is_kept_once(tmp_path: Path) -> None:
    markdown = Answer("# Guide\n\nWritten by hand.", headers={"Content-Type": "text/markdown"})
    relation = '<link rel="alternate" type="text/markdown" href="/source/guide">'
    with serving(
        {
            "/": page("Home", links("/guide")),
            "/guide": page("Guide", links("/more"), relation),
            "/more": page("More", links("/source/guide")),
            "/source/guide": markdown,
        }
    ) as site:
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/guide", "/more"}


@pytest.mark.parametrize("linked_by", ["/list0", "/"])
@pytest.mark.parametrize("length", [19, 20])
def test_page_at_the_end_of_a_long_chain_of_redirects_is_crawled(
    length: int, linked_by: str, tmp_path: Path
) -> None:
    """The list itself redirects once. Pages link to it before or after the chain is followed."""
    chain = [f"/!{number}" for number in range(length)]
    pages = site_with(chain[0])
    for name, target in zip(chain, [*chain[1:], "/list"], strict=True):
        pages[name] = Answer(status=302, headers={"Location": target})
    pages["/list/"], pages["/list"] = pages["/list"], Answer(status=302, headers={"Location": "/list/"})
    pages["/"] = page("Home", links(chain[0], "/list0", *(["/list"] if linked_by == "/" else [])))
    with serving(pages) as site:
        found = call(site.url, tmp_path)
        assert kept(found, site) == len(GOOD)
        assert len(site.paths) < 120


def test_frames_of_a_page_do_not_name_the_site(tmp_path: Path) -> None:
    pages = site_with()
    pages["/a"] = "<title>Buy pills</title><frameset><frame src=/list></frameset>"
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
        assert "Buy pills" not in (found.out / "llms.txt").read_text()
