"""Crawls that render pages take turns on a host, like all crawls."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from testkit.serving import Answer, Site, links, page, serving
from tests.browser.chromium import chromium
from tests.crawler.test_turns import crawler

WORDS = "These words are shown by a script, and there are enough of them for a page. " * 4
JSON = {"Content-Type": "application/json"}
ASKING = """
const ask = async () => { for (let i = 0; i < 30; i++) await fetch('/api', {cache: 'no-store'}); };
for (let i = 0; i < 4; i++) ask();
"""


@pytest.fixture(autouse=True, scope="module")
def _browser() -> None:
    chromium()


def shell(script: str) -> str:
    """Return a page whose scripts write its text."""
    return (
        "<!doctype html><html><head><title>Shell</title></head><body><main></main><noscript>Please enable "
        f"JavaScript.</noscript><script>{script}\nsetTimeout(() => {{ document.querySelector('main').innerHTML = "
        f"'<h1>Shown</h1><p>{WORDS}</p>'; }}, 400)</script></body></html>"
    )


def _wait_for(site: Site, path: str) -> None:
    """Wait until a path was requested. Raises: AssertionError after a minute."""
    end = time.monotonic() + 60
    while path not in site.paths:
        assert time.monotonic() < end, site.paths
        time.sleep(0.002)


def test_waiting_crawl_renders_nothing(tmp_path: Path) -> None:
    names = [f"/p{number}" for number in range(5)]
    pages: dict[str, Answer | str] = {name: shell(ASKING) for name in names}
    pages |= {"/": page("Home", links(*names)), "/api": Answer("{}", headers=JSON, delay=0.05)}
    with serving(pages) as site, crawler(site.url, tmp_path, "--use-playwright", "--timeout=60") as crawl:
        crawl.until("started")
        crawl.tell("run")
        _wait_for(site, "/api")
        crawl.tell("wait")
        crawl.until("waiting")
        before = len(site.requests)
        time.sleep(2)
        assert len(site.requests) == before
        crawl.tell("run")
        completed = crawl.until("completed")
    assert completed["pages_crawled"] == 1 + len(names)
    assert site.most_at_once <= 4


def test_waiting_to_render_does_not_count_towards_the_time_limits(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/shown")),
        "/shown": shell("fetch('/api')"),
        "/api": Answer("{}", headers=JSON),
    }
    with serving(pages) as site, crawler(site.url, tmp_path, "--use-playwright", "--timeout=6") as crawl:
        crawl.until("started")
        crawl.tell("run")
        _wait_for(site, "/shown")
        crawl.tell("wait")
        crawl.until("waiting")
        asked = "/api" in site.paths
        # Longer than the timeout of the crawl.
        time.sleep(7)
        assert ("/api" in site.paths) is asked
        crawl.tell("run")
        completed = crawl.until("completed")
    assert (completed["pages_crawled"], completed["truncated_by"]) == (2, None)
