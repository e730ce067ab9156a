"""Politeness towards a site, verified with the site's own log of requests, times and connections."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from llmready.crawler.fetch.throttle import ANSWERS_BEFORE_MORE, Throttle
from testkit.crawler_program import call
from testkit.serving import Answer, Request, links, page, serving

TEXT = {"Content-Type": "text/plain"}

RULES = """
User-agent: OtherBot
Disallow: /

User-agent: *
Disallow: /everybody/

User-agent: LLMReadyBot
User-agent: SomeoneElse
Crawl-delay: 0
Disallow: /private
Allow: /private/open/
Disallow: /*.cgi
Disallow: /*?print=
Disallow: /end$
Disallow: /p*/q
Allow: /pub*/q
Disallow: /caf%C3%A9
Disallow: /%7Esecret/
"""

# The result of the rules above by RFC 9309: the longest match wins, `*` matches anything, `$` the end.
FORBIDDEN = re.compile(
    r"/private(?!/open/)|/[^?]*\.cgi|.*\?print=|/end$|/(?!pub[^/]*/q)p.*?/q|/caf%C3%A9|/(?:~|%7E)secret/"
)


def test_forbidden_urls_are_not_requested_and_connections_are_limited_to_four(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Forbidden URLs are in links, sitemaps, redirects, canonical URLs, frames, refreshes and Markdown alternates."""
    chance = random.Random(9)
    paths = [
        *(
            "/private",
            "/private/x",
            "/privately",
            "/private/open/x",
            "/a/run.cgi",
            "/run.cgi?x=1",
            "/x?print=1",
        ),
        *(
            "/x?a=1&print=2",
            "/end",
            "/end/more",
            "/p/1/q",
            "/public/q",
            "/pub/q",
            "/caf\u00e9",
            "/caf%c3%a9/menu",
        ),
        *("/~secret/a", "/%7Esecret/b", "/%7esecret/c", "/everybody/x", "/../private/y", "/%70rivate/z"),
        *(f"/free/{number}" for number in range(40)),
    ]

    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return Answer(f"{RULES}\nSitemap: /map.txt\nSitemap: /private/map.xml\n", headers=TEXT)
        if path == "/map.txt":
            return Answer("".join(f"{site.url}{target}\n" for target in paths), headers=TEXT)
        way = chance.randrange(6)
        target = chance.choice(paths)
        if path != "/" and way == 0:
            return Answer(status=302, headers={"Location": target.encode().decode("latin-1")})
        head = {
            1: f'<link rel="canonical" href="{target}">',
            2: f'<meta http-equiv="refresh" content="0; url={target}">',
            3: f'<link rel="alternate" type="text/markdown" href="/private/{chance.randrange(99)}.md">',
        }.get(way if path != "/" else 9, "")
        frame = f'<iframe src="{target}"></iframe>'
        return Answer(page(path, links(*paths) + frame, head), delay=0.01)

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--max-pages", "500").completed()
        asked = [path for path in site.paths if path != "/robots.txt"]
        assert [path for path in asked if FORBIDDEN.match(path)] == []
        assert {"/private/open/x", "/end/more", "/public/q", "/pub/q", "/everybody/x"} <= set(asked)
        assert site.most_at_once <= 4
        assert site.most_open <= 4
        assert {request.headers["User-Agent"] for request in site.requests} == {
            f"LLMReadyBot/{found.manifest['generator'].removeprefix('LLMReady ')} (+https://llmready.example/bot)"
        }
    told = f"{len(asked)} requests under a robots.txt with wildcards: 0 disallowed"
    record_property("figure", f"{told}, at most {site.most_open} connections")


def test_user_agent_contains_a_contact_address(tmp_path: Path) -> None:
    with serving({"/": page("Home")}) as site:
        call(site.url, tmp_path, LLMREADY_CONTACT_URL="https://example.com/about-our-bot").completed()
        agents = {request.headers["User-Agent"] for request in site.requests}
    assert len(agents) == 1
    assert agents.pop().endswith("(+https://example.com/about-our-bot)")


@pytest.mark.parametrize("status", [429, 503])
def test_site_that_rate_limits_gets_fewer_connections(status: int, tmp_path: Path) -> None:
    """The site answers two requests at a time and refuses others; the crawl still gets every page."""
    names = [f"/p{number}" for number in range(40)]
    busy = threading.Semaphore(2)
    refused = itertools.count()

    def answer(request: Request) -> Answer | None:
        if request.path not in ("/", *names):
            return None
        if not busy.acquire(blocking=False):
            next(refused)
            return Answer(status=status)
        threading.Timer(0.05, busy.release).start()
        return Answer(page(request.path, links(*names)), delay=0.05)

    with serving({}) as site:
        site.answer_request = answer
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", *names}
    assert next(refused) < 12


def test_no_request_is_sent_before_retry_after_is_over(tmp_path: Path) -> None:
    names = [f"/p{number}" for number in range(12)]
    told: list[float] = []

    def answer(request: Request) -> Answer | None:
        if request.path == "/p0" and not told:
            told.append(request.at)
            return Answer(status=429, headers={"Retry-After": "2"})
        return Answer(page(request.path, links(*names))) if request.path in ("/", *names) else None

    with serving({}) as site:
        site.answer_request = answer
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", *names}
    # Three other requests may have been running.
    early = [request for request in site.requests if told[0] + 0.5 < request.at < told[0] + 1.9]
    assert early == []


def test_connections_go_down_by_half_and_up_by_one() -> None:
    async def walk() -> list[int]:
        throttle = Throttle(4)
        seen = []
        notes: tuple[Callable[[], object], ...] = (
            lambda: throttle.refused(0.0, retry_after=0.0),
            lambda: throttle.timed_out(0.0),
            lambda: deque(map(throttle.succeeded, [0.05] * ANSWERS_BEFORE_MORE)),
            lambda: deque(map(throttle.succeeded, [0.05] * ANSWERS_BEFORE_MORE * 4 * 4)),
        )
        for note in notes:
            note()
            seen.append(throttle.connections)
            await asyncio.sleep(0.001)
        return seen

    assert asyncio.run(walk()) == [2, 1, 2, 4]


def test_slow_site_gets_fewer_connections() -> None:
    async def walk() -> int:
        throttle = Throttle(4)
        for _ in range(20):
            throttle.succeeded(0.05)
        for _ in range(20):
            throttle.succeeded(5.0)
        return throttle.connections

    assert asyncio.run(walk()) == 3


def test_page_that_always_fails_is_reported_and_the_rest_is_stored(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/busy", "/good")),
        "/busy": Answer(status=429, headers={"Retry-After": "0"}),
        "/good": page("Good"),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
        assert site.paths.count("/busy") == 3
    assert found.urls(site.url) == {"/", "/good"}
    assert [one["code"] for one in found.manifest["failures"]] == ["rate_limited"]


def test_blocked_host_gets_no_request(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("other.example\n127.0.0.1\n")
    with serving({"/": page("Home")}) as site:
        call(site.url, tmp_path / "run", "--blocked-hosts", str(blocked)).failed("host_blocked")
        assert site.connections == 0


def test_a_retry_after_beyond_the_crawl_only_fails_its_page(tmp_path: Path) -> None:
    names = [f"/p{number}" for number in range(20)]
    with serving(
        {
            "/": page("Home", links("/busy", "/later", *names)),
            **{name: page(name, f"<p>Words of {name}.</p>") for name in names},
            "/p9": page("/p9", "<link rel=alternate type=text/markdown href=/p9.md><p>Words of nine.</p>"),
            "/p9.md": Answer(status=503, headers={"Retry-After": "86400"}),
            "/sitemap.xml": Answer(status=503, headers={"Retry-After": "86400"}),
            "/busy": Answer(status=429, headers={"Retry-After": "86400"}),
            "/later": Answer(status=503, headers={"Retry-After": "86400"}),
        }
    ) as site:
        found = call(site.url, tmp_path).completed()
        assert [site.paths.count(path) for path in ("/busy", "/later")] == [1, 1]
    assert found.urls(site.url) == {"/", *names}
    assert [one["code"] for one in found.manifest["failures"]] == ["rate_limited"] * 2
    assert all("asks the crawler to wait for 86400 s" in one["detail"] for one in found.manifest["failures"])
    assert found.manifest["truncated_by"] is None


def test_pages_in_a_row_with_a_retry_after_beyond_the_crawl_end_it(tmp_path: Path) -> None:
    names = [f"/p{number}" for number in range(40)]
    busy = Answer(status=503, headers={"Retry-After": "86400"})
    with serving({"/": page("Home", links(*names)), **dict.fromkeys(names, busy)}) as site:
        found = call(site.url, tmp_path).completed()
        assert sum(path in names for path in site.paths) < 12
    assert "stopped early" in " ".join(found.manifest["notes"])
    assert found.seconds < 20
