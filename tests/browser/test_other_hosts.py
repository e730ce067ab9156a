"""A page cannot use the crawler to send many requests, or requests that change something, to other hosts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llmready.crawler.browser.other_hosts import (
    BURST,
    BURST_OF_ALL,
    MOST_ATTEMPTS,
    MOST_OF_A_PAGE,
    MOST_OF_A_PAGE_TO_A_HOST,
    MOST_TO_A_HOST,
    MOST_TO_THE_SITE,
    RATE,
    OtherHosts,
    PageRequests,
)
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.robots import Robots
from llmready.crawler.urls import parse
from testkit.crawler_program import run
from testkit.serving import Answer, serving
from tests.browser.chromium import chromium
from tests.browser.test_rendering import failures, markdown, shell

PAGE = parse("https://www.example.com/page")
OPEN = Robots(PAGE, "")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def requests(others: OtherHosts, robots: Robots = OPEN) -> PageRequests:
    return PageRequests(PAGE, robots, others)


def sent(asked: PageRequests, number: int, url: str = "https://other.example/", method: str = "GET") -> int:
    """Ask to send requests, and return how many are allowed."""
    return sum(asked.may_send(f"{url} {method} {one}", url, method) for one in range(number))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://www.example.com/api", True),
        ("https://example.com/api", True),
        ("http://example.com/api", True),
        ("https://api.example.com/graphql", True),
        ("https://example.com:8443/api", False),
        ("https://notexample.com/api", False),
        ("https://other.example/api", False),
    ],
)
def test_only_the_site_gets_requests_that_can_change_something(url: str, *, allowed: bool) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        assert requests(OtherHosts(Clock())).may_send("1", url, method) is allowed
    for method in ("GET", "HEAD", "OPTIONS"):
        assert requests(OtherHosts(Clock())).may_send("1", url, method)


@pytest.mark.parametrize(
    ("page", "url", "allowed"),
    [
        ("https://www.co.uk/", "https://bank.co.uk/x", False),
        ("https://www.com/", "https://paypal.com/x", False),
        ("https://www.gov.pl/", "https://office.gov.pl/x", False),
        ("https://www.shop.co.uk/", "https://api.shop.co.uk/x", True),
        ("https://co.uk/", "https://www.co.uk/x", True),
        ("https://www.web.de/", "https://api.web.de/x", True),
    ],
)
def test_names_below_one_registry_are_not_one_site(page: str, url: str, *, allowed: bool) -> None:
    asked = PageRequests(parse(page), Robots(parse(page), ""), OtherHosts(Clock()))
    assert asked.may_send("1", url, "POST") is allowed


def test_the_requests_of_a_page_are_limited() -> None:
    asked = requests(OtherHosts(Clock()))
    assert sent(asked, 500) == MOST_OF_A_PAGE_TO_A_HOST
    assert sum(sent(asked, 1, f"https://o{number}.example/") for number in range(500)) == (
        MOST_OF_A_PAGE - MOST_OF_A_PAGE_TO_A_HOST
    )
    assert sent(asked, 1200, "https://www.example.com/a") == MOST_TO_THE_SITE


def test_a_page_that_sends_far_too_many_requests_fails() -> None:
    asked = requests(OtherHosts(Clock()))
    sent(asked, MOST_ATTEMPTS, "https://www.example.com/a")
    with pytest.raises(Failure):
        sent(asked, 1, "https://www.example.com/a")


def test_the_requests_of_a_crawl_to_one_host_are_limited() -> None:
    clock = Clock()
    others = OtherHosts(clock)

    def of_many_pages() -> int:
        return sum(sent(requests(others), 60) for _ in range(20))

    assert of_many_pages() == BURST
    clock.now = 5
    assert of_many_pages() == 5 * RATE
    allowed = BURST + 5 * RATE
    for _ in range(200):
        clock.now += 100
        allowed += of_many_pages()
    assert allowed == MOST_TO_A_HOST


def test_many_names_of_one_server_share_a_limit() -> None:
    others = OtherHosts(Clock())
    names = (f"https://n{number}.example/" for number in range(2000))
    assert sum(sent(requests(others), 1, name) for name in names) == BURST_OF_ALL


def test_answers_from_the_cache_do_not_count() -> None:
    others = OtherHosts(Clock())
    for _ in range(2 * MOST_TO_A_HOST):
        asked = requests(others)
        assert asked.may_send("1", "https://cdn.example/app.js", "GET")
        asked.was_cached("1")
        asked.was_cached("1")
        asked.was_cached("2")
    assert sum(sent(requests(others), 1) for _ in range(2 * BURST)) == BURST


def test_each_hop_of_a_redirect_counts() -> None:
    asked = requests(OtherHosts(Clock()))
    urls = [f"https://o.example/{number}" for number in range(2 * MOST_OF_A_PAGE_TO_A_HOST)]
    assert sum(asked.may_send("1", url, "GET") for url in urls) == MOST_OF_A_PAGE_TO_A_HOST


def test_long_queries_are_allowed_where_no_robots_rule_could_forbid_them() -> None:
    query = "q" * 5000
    closed = Robots(PAGE, "User-agent: *\nDisallow: /closed")
    assert requests(OtherHosts(Clock())).may_send("1", f"https://other.example/?{query}", "GET")
    assert requests(OtherHosts(Clock())).may_send("1", f"{PAGE}?{query}", "GET")
    assert not requests(OtherHosts(Clock()), closed).may_send("1", f"{PAGE}?{query}", "GET")
    assert not requests(OtherHosts(Clock()), closed).may_send("1", "https://www.example.com/closed", "GET")


class Victim:
    """A server of somebody else. `asked` counts its requests by method."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        counted = self.asked

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                counted[self.command] += 1
                self.send_response_only(200)
                self.send_header("Content-Length", "0")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Methods", "*")
                self.end_headers()

            do_GET = do_POST = do_OPTIONS = do_PUT = do_DELETE = _answer  # noqa: N815 - names of the library

            def log_message(self, *_: object) -> None:
                """Write no log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"


@contextmanager
def victim() -> Iterator[Victim]:
    attacked = Victim()
    threading.Thread(target=attacked.server.serve_forever, daemon=True).start()
    try:
        yield attacked
    finally:
        attacked.server.shutdown()
        attacked.server.server_close()


FLOOD = """
const VICTIM = 'http://ADDRESS';
let number = 0;
const ask = (method) => fetch(`${VICTIM}/login?${number++}`,
  { mode: 'no-cors', method, body: method === 'POST' ? 'user=admin' : undefined }).catch(() => 0);
const flood = async () => { while (number < 400) { await ask('GET'); await ask('POST'); } };
for (let i = 0; i < 16; i++) flood();
for (const method of ['PUT', 'DELETE']) fetch(VICTIM, { method }).catch(() => 0);
write('Floods.');
"""
OTHER_WAYS = """
const VICTIM = 'http://ADDRESS';
for (let i = 0; i < 40; i++) {
  navigator.sendBeacon(`${VICTIM}/beacon?${i}`, 'x');
  new WebSocket(`ws://ADDRESS/socket?${i}`);
  new EventSource(`${VICTIM}/events?${i}`);
  const form = document.createElement('form');
  form.method = 'post'; form.action = `${VICTIM}/form?${i}`; form.target = '_blank'; document.body.append(form);
  form.submit();
  const request = new XMLHttpRequest(); request.open('POST', `${VICTIM}/xhr?${i}`); request.send('x');
  fetch(`${VICTIM}/keepalive?${i}`, { method: 'POST', mode: 'no-cors', keepalive: true, body: 'x' }).catch(() => 0);
  for (const rel of ['prefetch', 'preload', 'preconnect', 'stylesheet']) {
    const link = document.createElement('link');
    link.rel = rel; link.as = 'script'; link.href = `${VICTIM}/${rel}?${i}`; document.head.append(link);
  }
  new Image().src = `${VICTIM}/image?${i}`;
  const script = document.createElement('script'); script.src = `${VICTIM}/script?${i}`; document.head.append(script);
}
write('Asks.');
"""


def test_another_host_gets_few_requests_and_none_that_change_something(tmp_path: Path) -> None:
    chromium()
    with victim() as attacked:
        pages: dict[str, Answer | str] = {
            "/flood": shell(FLOOD.replace("ADDRESS", attacked.address)),
            "/other-ways": Answer(
                shell(OTHER_WAYS.replace("ADDRESS", attacked.address)),
                headers={
                    "Content-Type": "text/html",
                    "Content-Security-Policy": f"img-src 'none'; report-uri http://{attacked.address}/report",
                },
            ),
            "/": shell(
                f"fetch('http://{attacked.address}/data').then(() => write('Got it. "
                "<a href=/flood>F</a> <a href=/other-ways>O</a>'))"
            ),
        }
        with serving(pages) as site:
            allow = f"{site.address},{attacked.address}"
            result = run(site.url, tmp_path, "--use-playwright", allow=allow).completed()
    assert attacked.asked.keys() <= {"GET", "OPTIONS"}
    # The requests of each page, and the WebSockets, for which only the proxy counts connections.
    assert 1 < attacked.asked["GET"] <= 2 * MOST_OF_A_PAGE_TO_A_HOST + 1 + BURST
    assert failures(result, site) == {}
    assert "Got it." in markdown(result, "/")
    assert "Floods." in markdown(result, "/flood")
