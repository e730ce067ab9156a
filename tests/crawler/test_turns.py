"""Crawls take turns: a waiting crawl sends no requests, and waiting does not count towards its timeout."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.fetch.robots import Robots
from llmready.crawler.urls import parse_typed
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving

NAMES = [f"/p{number}" for number in range(40)]
PAGES: dict[str, Answer | str] = {
    "/": page("Home", links(*NAMES)),
    **{name: Answer(page(name, "Some words. " * 9), delay=0.2) for name in NAMES},
}
TEXT = {"Content-Type": "text/plain"}


class Crawler:
    """A crawler that takes turns."""

    def __init__(self, url: str, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "llmready.crawler", url, f"--out={folder / 'out'}"]
        self._process = subprocess.Popen(
            [*command, "--events", "--take-turns", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": str(Path(sys.executable).parent), "LLMREADY_CRAWL_ALLOW": url.partition("//")[2]},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def until(self, event: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
        raise AssertionError(f"it ended without the event {event}")

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def crawler(url: str, folder: Path, *arguments: str) -> Iterator[Crawler]:
    started = Crawler(url, folder, *arguments)
    try:
        yield started
    finally:
        started.end()


def test_waiting_crawl_sends_no_request(tmp_path: Path) -> None:
    with serving(PAGES) as site, crawler(site.url, tmp_path, "--timeout=5") as crawl:
        crawl.until("started")
        time.sleep(2)
        assert site.requests == []
        crawl.tell("run")
        crawl.until("progress")
        crawl.tell("wait")
        crawl.until("waiting")
        before = len(site.requests)
        # Longer than the timeout, which only counts the time of its turns.
        time.sleep(5)
        assert len(site.requests) == before < len(NAMES)
        crawl.tell("run")
        completed = crawl.until("completed")
    assert completed["pages_crawled"] == 1 + len(NAMES)
    assert completed["truncated_by"] is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends processes when the memory is used up")
def test_the_kernel_ends_a_crawler_before_its_worker(tmp_path: Path) -> None:
    with serving(PAGES) as site, crawler(site.url, tmp_path) as crawl:
        crawl.until("started")
        assert Path(f"/proc/{crawl.pid}/oom_score_adj").read_text() == "1000\n"


def test_next_crawl_keeps_the_delay_of_the_previous_one(tmp_path: Path) -> None:
    rules = Answer("User-agent: *\nCrawl-delay: 1.5", headers=TEXT)
    with serving({**PAGES, "/robots.txt": rules}) as site, crawler(site.url, tmp_path) as crawl:
        crawl.tell("run")
        crawl.until("progress")
        crawl.tell("wait")
        crawl.until("waiting")
        assert time.monotonic() - site.requests[-1].at > 1.4


@pytest.mark.parametrize(
    ("asked", "kept", "shortened"),
    [("0", 0, False), ("2.5", 2.5, False), ("10", 10, False), ("11", 10, True), ("86400", 10, True)],
)
def test_a_crawl_delay_is_kept_up_to_ten_seconds(asked: str, kept: float, *, shortened: bool) -> None:
    robots = Robots(parse_typed("https://example.com/"), f"User-agent: *\nCrawl-delay: {asked}")
    assert robots.delay == kept
    assert (robots.wanted_delay > robots.delay) is shortened


@pytest.mark.parametrize("asked", ["-5", "nan", "inf", "1e999", "ten", ""])
def test_invalid_crawl_delay_is_ignored(asked: str) -> None:
    robots = Robots(parse_typed("https://example.com/"), f"User-agent: *\nCrawl-delay: {asked}")
    assert 0 <= robots.delay <= 10


def test_reduced_crawl_delay_is_reported(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/robots.txt": Answer("User-agent: *\nCrawl-delay: 3600", headers=TEXT),
        "/": page("Home", "Some words. " * 9),
    }
    with serving(pages) as site:
        run = call(site.url, tmp_path, "--max-pages", "1")
        found = run.completed()
    warning = "The site's robots.txt asks for 3600 seconds between two requests; the crawl waited 10 seconds."
    assert found.manifest["warnings"] == [warning]


@pytest.mark.parametrize(("start", "moves"), [("old.docs.example.com", True), ("docs.example.com", False)])
def test_a_redirect_to_another_host_is_reported(
    start: str, *, moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*asked: Any) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", asked[1] or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    pages: dict[str, Answer | str] = {"/": page("Home")}
    with serving(pages) as site:
        port = site.url.rpartition(":")[2].strip("/")
        there = f"http://docs.example.com:{port}/"
        pages["/start"] = Answer(status=302, headers={"Location": there})
        allowed = f"docs.example.com:{port},old.docs.example.com:{port}"
        run = call(f"http://{start}:{port}/start", tmp_path, allow=allowed)
    moved = [event["url"] for event in run.events if event["event"] == "moved"]
    assert run.events[-1]["event"] == "completed"
    assert moved == ([there] if moves else [])
