"""Workers behind a network with delays, cuts and partitions, and an emulator that is restarted."""

import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from llmready.domain.clock import now
from llmready.domain.generation import Generation
from llmready.domain.generation_files import archive_key
from testkit.books import check_completed
from testkit.dispatching import dispatched
from testkit.emulator import Place, running_ministack
from testkit.people import queued
from testkit.ports import free_port
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, now_stored, until
from tests.chaos.proxy import bad_network


def _settled(place: Place, generation: Generation) -> bool:
    """Run one round of the dispatcher, and return whether a generation has ended."""
    dispatched(place, now())
    return now_stored(place, generation).status.is_final


def _endpoint(place: Place) -> str:
    assert place.emulator.endpoint is not None
    return place.emulator.endpoint


@pytest.mark.parametrize("rounds", [1, pytest.param(15, marks=pytest.mark.chaos)])
def test_delays_and_cuts(
    place: Place,
    start_worker: Callable[..., Worker],
    rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    made = broken = 0
    for number in range(rounds):
        with (
            serve(numbered(10), latency=0.1) as site,
            bad_network(_endpoint(place), seed=number, delay=0.02, cuts=0.05) as network,
        ):
            generation = queued(place, site.url)
            worker = start_worker(
                variables={"AWS_ENDPOINT_URL": network.url},
                crawl_allow=site.host,
                idle_seconds=60,
                # The lease is long enough for a busy machine, so that only cuts can delay a heartbeat.
                lease_seconds=10,
            )
            until(partial(_settled, place, generation), seconds=60)
            worker.signal(signal.SIGTERM)
            worker.wait()
            check_completed(place, generation)
            made, broken = made + network.made, broken + network.broken
    assert broken > 0
    record_property(
        "figure", f"network: {broken} of {made} connections cut in {rounds} generations, all completed once"
    )


def test_a_partition_longer_than_the_lease(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(14), latency=0.2) as site, bad_network(_endpoint(place)) as network:
        generation = queued(place, site.url)
        first = start_worker(
            variables={"AWS_ENDPOINT_URL": network.url}, crawl_allow=site.host, idle_seconds=60
        )
        until(lambda: now_stored(place, generation).pages_crawled > 0, seconds=40)
        with network.partition():
            second = start_worker(crawl_allow=site.host, idle_seconds=60)
            until(lambda: now_stored(place, generation).status.is_final, seconds=40)
            ended = check_completed(place, generation)
        until(lambda: first.said("lease lost; another worker continues the generation"), seconds=40)
        for worker in (first, second):
            worker.signal(signal.SIGTERM)
            worker.wait()
    assert ended.fence == 2
    assert check_completed(place, generation) == ended
    assert [key for key in place.stored_keys() if key.endswith(".zip")] == [
        archive_key(ended.user_id, ended.id, 2)
    ]


def test_the_emulator_restarts(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    port = free_port()
    with serve(numbered(30), latency=0.3) as site:
        with running_ministack(tmp_path, port=port, keep=True) as emulator:
            place = emulator.place()
            generation = queued(place, site.url)
            worker = Worker(place, tmp_path, crawl_allow=site.host, idle_seconds=60)
            try:
                until(lambda: now_stored(place, generation).pages_crawled > 0, seconds=40)
            except AssertionError:
                worker.end()
                raise
        gone = time.monotonic()
        try:
            with running_ministack(tmp_path, port=port, keep=True):
                seconds = time.monotonic() - gone
                until(lambda: _settled(place, generation), seconds=60)
                worker.signal(signal.SIGTERM)
                worker.wait()
                ended = check_completed(place, generation)
        finally:
            worker.end()
    record_property(
        "figure", f"emulator restarted, {seconds:.1f} s gone: completed once, at attempt {ended.attempts}"
    )
