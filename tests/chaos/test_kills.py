"""Workers that are killed during an AWS call, that pause beyond their lease, or that all get the same message."""

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from llmready.domain.generation_files import archive_key
from testkit.books import check_completed
from testkit.emulator import Emulator, Place
from testkit.people import queued, registered, started, with_website
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, children_of, now_stored, until

KILLS = ("KILLED_BEFORE", "KILLED_AFTER")


def _life(place: Place, run: Callable[..., Worker], number: int, kill: str) -> bool:
    """Kill a worker at one of its calls and let another one continue; return whether the call was reached."""
    with serve(numbered(6), latency=0.05) as site:
        generation = queued(place, site.url)
        first = run(
            program="tests.chaos.worker_under_faults",
            variables={"CHAOS_CALL": str(number), "CHAOS_FAULT": kill},
            crawl_allow=site.host,
        )
        killed = first.wait(40) == -signal.SIGKILL
        second = run(crawl_allow=site.host, idle_seconds=60)
        until(lambda: now_stored(place, generation).status.is_final, seconds=40)
        second.signal(signal.SIGTERM)
        second.wait()
    check_completed(place, generation)
    return killed


@pytest.mark.chaos
def test_killed_at_any_call(
    emulator: Emulator, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    runs = 0
    for number, kill in itertools.product(range(22), KILLS):
        place = emulator.place()
        workers: list[Worker] = []

        def run(place: Place = place, workers: list[Worker] = workers, **settings: object) -> Worker:
            workers.append(Worker(place, tmp_path, **settings))  # type: ignore[arg-type]
            return workers[-1]

        try:
            runs += _life(place, run, number, kill)
        finally:
            for worker in workers:
                worker.end()
    record_property(
        "figure", f"SIGKILL before and after an AWS call of the worker: {runs} kills, each completed once"
    )
    assert runs >= 30


def test_killed_at_a_call_while_it_works(place: Place, start_worker: Callable[..., Worker]) -> None:
    assert _life(place, start_worker, 8, "KILLED_AFTER")


def test_a_worker_that_paused_beyond_its_lease_writes_nothing(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(14), latency=0.2) as site:
        generation = queued(place, site.url)
        first = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        first.signal(signal.SIGSTOP)
        second = start_worker(crawl_allow=site.host, idle_seconds=60)
        until(lambda: now_stored(place, generation).status.is_final, seconds=40)
        ended = check_completed(place, generation)
        assert ended.fence == 2
        first.signal(signal.SIGCONT)
        until(lambda: first.said("lease lost; another worker continues the generation"))
        until(lambda: children_of(first.pid) == [])
        for worker in (first, second):
            worker.signal(signal.SIGTERM)
            worker.wait()
    assert check_completed(place, generation) == ended
    archives = [key for key in place.stored_keys() if key.endswith(".zip")]
    assert archives == [archive_key(generation.user_id, generation.id, 2)]


def test_ten_deliveries_at_once_are_one_generation(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(8), latency=0.1) as site:
        user = registered(place)
        generation = started(place, user, with_website(place, user, site.url))
        for _ in range(10):
            place.jobs.send(generation)
        workers = [start_worker(crawl_allow=site.host, idle_seconds=60) for _ in range(2)]
        until(lambda: now_stored(place, generation).status.is_final, seconds=40)
        until(lambda: place.waiting(place.queue_urls[generation.lane]) == (0, 0), seconds=40)
        for worker in workers:
            worker.signal(signal.SIGTERM)
            worker.wait()
    ended = check_completed(place, generation)
    assert (ended.fence, ended.attempts) == (1, 1)
