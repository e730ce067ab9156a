"""Blocked hosts: requests are refused, and running crawls end."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.domain.controls import Controls
from llmready.domain.generation import Status
from testkit.emulator import Place
from testkit.people import queued
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, now_stored, until
from tests.worker.test_job import COMPLETES, Office


def block(place: Place, *hosts: str) -> None:
    DynamoControls(place.table).change(lambda _: Controls(blocked_hosts=hosts))


async def test_a_blocked_host_is_not_crawled(place: Place, tmp_path: Path) -> None:
    office = Office(place, tmp_path)
    block(place, "example.com")
    done = await office.do(f"pathlib.Path({str(tmp_path / 'ran')!r}).touch(); {COMPLETES}")
    assert (done.status, done.error_code) == (Status.FAILED, "host_blocked")
    assert (done.error_message or "").endswith(".")
    assert office.quota() == (0, 0, 0)
    assert office.messages() == (0, 0)


async def test_a_crawl_ends_when_its_host_is_blocked(place: Place, tmp_path: Path) -> None:
    office = Office(place, tmp_path)

    async def block_soon() -> None:
        await asyncio.sleep(1)
        await asyncio.to_thread(block, place, "example.com")

    done, _ = await asyncio.gather(office.do("progress(1, 9); time.sleep(60)"), block_soon())
    assert (done.status, done.error_code) == (Status.FAILED, "host_blocked")
    assert office.quota() == (0, 0, 0)


async def test_other_hosts_are_crawled_and_the_crawler_gets_the_blocked_hosts(
    place: Place, tmp_path: Path
) -> None:
    office = Office(place, tmp_path)
    block(place, "evil.example.org", "notexample.com")
    hosts = "evil.example.org\\nnotexample.com"
    done = await office.do(
        f"assert pathlib.Path(options['blocked-hosts']).read_text() == '{hosts}'; {COMPLETES}"
    )
    assert done.status is Status.COMPLETED


def test_a_real_crawl_stops(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(400), latency=0.5) as site:
        generation = queued(place, site.url, timeout=120)
        worker = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 0, seconds=60)
        block(place, "127.0.0.1")
        until(lambda: now_stored(place, generation).status is Status.FAILED, seconds=30)
        assert worker.wait() == 0
        asked = len(site.requests)
        assert asked < 400
    done = now_stored(place, generation)
    assert done.error_code == "host_blocked"
    ledger = place.quotas.get(generation.user_id, generation.month)
    assert (ledger.used, ledger.reserved) == (0, 0)
