"""Pages that fill the memory of the browser or of Playwright's driver do not end the crawl."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from llmready.domain.website import CrawlSettings
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_order import Crawled, CrawlOrder
from llmready.worker.crawl_process import Limits
from llmready.worker.supervisor import Supervisor
from testkit.serving import Answer, links, page, serving
from tests.browser.chromium import chromium, descendants
from tests.browser.test_rendering import crawling, shell, slow_site

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory is measured in /proc")

FILLS = """
const kept = [];
setInterval(() => { try { kept.push(new Uint8Array(1e7).fill(7)); } catch {} write('Grows.'); }, 100);
"""


@pytest.fixture(autouse=True, scope="module")
def _browser() -> None:
    chromium()


async def test_pages_that_fill_the_memory_together_fail_alone(tmp_path: Path) -> None:
    good = [f"/good-{number}" for number in range(4)]
    bad = ["/bad-0", "/bad-1"]
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*bad, *good)),
        **{name: page(name) for name in good},
        "/good-3": shell("write('Shown.')"),
        **{name: shell(FILLS) for name in bad},
    }
    with serving(pages) as site:
        # On a busy machine, the crawler's own watch may come late. The worker must not end the whole crawl before it.
        limits = Limits(memory=900 << 20, interval=2.0)
        supervisor = Supervisor(Confinement(crawl_allow=site.address), limits=limits)
        order = CrawlOrder(site.url, CrawlSettings(max_pages=20, use_playwright=True, timeout=60), 60)
        outcome = await supervisor.crawl(order, tmp_path, report=lambda _: None, stop=asyncio.Event())
    assert isinstance(outcome, Crawled), outcome
    assert outcome.report.pages_crawled >= 1 + len(good)
    failed = {error.url.removeprefix(site.url): error.code for error in outcome.errors}
    assert failed.items() <= dict.fromkeys(bad, "render_failed").items()


def _drivers(family: dict[int, str]) -> list[int]:
    return [pid for pid, line in family.items() if "run-driver" in line]


def test_only_the_driver_gets_a_limit_of_its_heap(tmp_path: Path) -> None:
    with serving(slow_site()) as site, crawling(site, tmp_path) as (process, _):
        family = descendants(process.pid)
        limited = [pid for pid in family if b"NODE_OPTIONS=--max-old-space-size=" in _environment(pid)]
        assert limited == _drivers(family)
        assert len(limited) == 1


def test_crashed_driver_is_restarted(tmp_path: Path) -> None:
    with serving(slow_site()) as site, crawling(site, tmp_path) as (process, family):
        (driver,) = _drivers(family)
        os.kill(driver, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        last = json.loads(output.splitlines()[-1])
        assert (last["event"], last["pages_crawled"], last["pages_failed"]) == ("completed", 5, 0)


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
