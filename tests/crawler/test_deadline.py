"""Reading one page is interrupted after a limit of processor time; this page fails and the crawl continues."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler import deadline
from llmready.crawler.deadline import in_time, in_time_aside
from llmready.crawler.engine import visit
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch import robots, sitemaps
from llmready.crawler.page import html, prepare
from llmready.crawler.store.navigation import SiteNavigation
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving

LIMIT = 0.2
SLOW = 1.0
"""Seconds of processor time of work that is too slow. Without the limit it ends, so that the tests end as well."""
PATIENCE = 30.0
START = parse("https://bakery.example/")


@pytest.fixture
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SECONDS", LIMIT)
    monkeypatch.setattr(deadline, "SECONDS_ASIDE", LIMIT)


def _loop() -> str:
    end = time.thread_time() + SLOW
    while time.thread_time() < end:
        pass
    return "ended"


def _match() -> str:
    """Run one match of quadratic time; it takes several seconds."""
    re.search("a*b", "a" * 40_000)
    return "ended"


def _replace() -> str:
    """Run one replacement of quadratic time; it takes several seconds."""
    re.sub(r"\s+$", "", " " * 40_000 + "x")
    return "ended"


def _loop_that_catches() -> str:
    with suppress(Exception):
        _loop()
    return "ended"


def _nested() -> str:
    return in_time(lambda: "inner", "https://bakery.example/inner") + _loop()


@pytest.mark.usefixtures("_short_limits")
@pytest.mark.parametrize("work", [_loop, _match, _replace, _loop_that_catches, _nested])
def test_slow_work_is_interrupted(work: Callable[[], str]) -> None:
    with pytest.raises(
        Failure, match=r"^page_too_slow: https://bakery\.example/ takes more than 0\.2 seconds"
    ):
        in_time(work, START)
    _assert_no_alarm()


@pytest.mark.usefixtures("_short_limits")
def test_results_and_exceptions_of_fast_work_pass() -> None:
    def broken() -> None:
        raise ValueError("broken")

    assert in_time(lambda: in_time(lambda: 1, START) + 1, START) == 2
    with pytest.raises(ValueError, match="broken"):
        in_time(broken, START)
    _assert_no_alarm()


@pytest.mark.usefixtures("_short_limits")
def test_work_that_waits_for_a_busy_machine_is_not_interrupted() -> None:
    def wait() -> str:
        time.sleep(3 * LIMIT)
        return "ended"

    assert in_time(wait, START) == "ended"
    assert asyncio.run(in_time_aside(wait, START)) == "ended"


@pytest.mark.usefixtures("_short_limits")
def test_work_in_another_thread_has_no_alarm() -> None:
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(in_time(_loop, START)))
    thread.start()
    thread.join()
    assert ended == ["ended"]


def test_an_alarm_at_any_moment_ends_only_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: set[object] = set()
    for number in range(3000):
        monkeypatch.setattr(deadline, "SECONDS", 1e-6 * (1 + number % 300))
        try:
            outcomes.add(in_time(lambda: sum(range(3000)), START))
        except Failure as failure:
            outcomes.add(failure.code)
    assert outcomes == {sum(range(3000)), Code.PAGE_TOO_SLOW}
    _assert_no_alarm()


@pytest.mark.usefixtures("_short_limits")
def test_slow_work_in_a_thread_is_interrupted_while_the_loop_continues() -> None:
    async def both() -> tuple[Code | None, int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.01)

        counting = asyncio.create_task(count())
        code = await _code(in_time_aside(_loop_that_catches, START))
        counting.cancel()
        return code, turns

    code, turns = asyncio.run(both())
    assert code is Code.PAGE_TOO_SLOW
    assert turns > 1


@pytest.mark.usefixtures("_short_limits")
def test_an_interruption_does_not_reach_the_next_work_of_a_thread() -> None:
    async def many() -> list[object]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        found: list[object] = []
        for _ in range(3):
            found.append(await _code(in_time_aside(_loop, START)))
            found += [await in_time_aside(lambda: sum(range(1000)), START) for _ in range(50)]
        return found

    assert asyncio.run(many()) == [Code.PAGE_TOO_SLOW, *[sum(range(1000))] * 50] * 3


def test_cancelled_work_in_a_thread_ends() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        try:
            begun.set()
            while True:
                pass
        finally:
            ended.set()

    async def cancel() -> None:
        task = asyncio.create_task(in_time_aside(work, START))
        await asyncio.to_thread(begun.wait, PATIENCE)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    # It waits for its threads.
    asyncio.run(cancel())
    assert ended.is_set()


@pytest.mark.usefixtures("_short_limits")
def test_a_slow_page_fails_and_the_others_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _slow_down(monkeypatch, html, "read_metadata", lambda _, url, *__: url.path == "/facts")
    _slow_down(
        monkeypatch, visit, "_visit_html", lambda _, __, candidate, ___: candidate.url.path == "/links"
    )
    _slow_down(monkeypatch, visit, "read_text_page", lambda response: response.url.path == "/served.md")
    _slow_down(monkeypatch, prepare, "clean_markdown", lambda markdown: "slow" in markdown)
    _slow_down(monkeypatch, SiteNavigation, "_label", lambda _, label: label == "Slow menu")
    slow: dict[str, Answer | str] = {
        "/facts": page("Facts"),
        "/links": page("Links"),
        "/served.md": Answer("# Served\n\nText.\n", headers={"Content-Type": "text/markdown"}),
        "/text": page("Text", "<p>A slow text.</p>"),
        "/large": page("Large", f"<p>{'slow ' * (prepare.LARGE // 4)}</p>"),
        "/menu": page("Menu", f"<p>Text.</p><nav><ul>{'<li><a href=/good>Slow menu</a>' * 5}</ul></nav>"),
    }
    good: dict[str, Answer | str] = {
        "/": page("Home", links(*slow, "/good")),
        "/good": page("Good", "<p>A good page.</p>"),
    }
    with serving({**good, **slow}) as site:
        done = call(site.url, tmp_path).completed()
        assert done.urls(site.url) >= set(good)
        codes = {one["url"].removeprefix(site.url): one["code"] for one in done.manifest["failures"]}
    assert {path: codes.get(path) for path in slow} == dict.fromkeys(slow, "page_too_slow")


@pytest.mark.usefixtures("_short_limits")
def test_a_slow_robots_txt_forbids_the_crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _slow_down(monkeypatch, robots, "Robots", lambda _, text="": "slow" in text)
    with serving({"/": page("Home"), "/robots.txt": "# slow\n"}) as site:
        call(site.url, tmp_path).failed("budget_exceeded")


@pytest.mark.usefixtures("_short_limits")
def test_a_slow_sitemap_is_reported_as_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _slow_down(monkeypatch, sitemaps, "parse_sitemap", lambda *_: True)
    with serving({"/": page("Home"), "/sitemap.xml": "<urlset/>"}) as site:
        done = call(site.url, tmp_path).completed()
    assert any("/sitemap.xml" in note for note in done.manifest["notes"])


def _slow_down(patch: pytest.MonkeyPatch, place: object, name: str, is_slow: Callable[..., bool]) -> None:
    """Make a function take SLOW seconds for some arguments."""
    fast = getattr(place, name)

    def slow(*arguments: Any, **named: Any) -> Any:
        if is_slow(*arguments, **named):
            _loop()
        return fast(*arguments, **named)

    patch.setattr(place, name, slow)


async def _code(work: Any) -> Code | None:
    try:
        await work
    except Failure as failure:
        return failure.code
    return None


def _assert_no_alarm() -> None:
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
