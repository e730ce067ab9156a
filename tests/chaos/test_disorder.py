"""Messages in any order and number, and machines with different clocks."""

import random
import signal
from collections.abc import Callable
from functools import partial

import pytest

from llmready.domain.clock import now
from llmready.domain.generation import Generation, Status
from llmready.usecases.cancel_generation import cancel_generation
from testkit.books import check_books
from testkit.dispatching import dispatched
from testkit.emulator import Place
from testkit.people import queued, registered, started, with_website
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, now_stored, until


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.signal(signal.SIGTERM)
    for worker in workers:
        worker.wait()


def _begun(place: Place, generation: Generation) -> bool:
    return now_stored(place, generation).pages_crawled > 0


def _all_ended(place: Place, generations: list[Generation]) -> bool:
    dispatched(place, now())
    return all(now_stored(place, generation).status.is_final for generation in generations)


def _drained(place: Place, generations: list[Generation]) -> bool:
    dispatched(place, now())
    return place.waiting(place.queue_urls[generations[0].lane]) == (0, 0)


@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.chaos)])
def test_deliveries_in_any_order_and_number(
    place: Place,
    start_worker: Callable[..., Worker],
    count: int,
    record_property: Callable[[str, object], None],
) -> None:
    dice = random.Random(count)
    with serve(numbered(5), latency=0.05) as site:
        generations = []
        for _ in range(count):
            user = registered(place)
            generations.append(started(place, user, with_website(place, user, site.url)))
        cancelled = generations[:: max(2, count // 6)]
        deliveries = [generation for generation in generations for _ in range(dice.randint(1, 4))]
        dice.shuffle(deliveries)
        for generation in cancelled:
            cancel_generation(place.services, generation)
        for generation in deliveries:
            place.jobs.send(generation)
        workers = [start_worker(crawl_allow=site.host, idle_seconds=60) for _ in range(2)]
        until(lambda: _all_ended(place, generations), seconds=30 + 4 * count)
        for generation in dice.sample(generations, count // 2):
            place.jobs.send(generation)  # some messages arrive again after the end
        until(lambda: _drained(place, generations), seconds=60)
        _end(workers)
    for generation in generations:
        (ended,) = check_books(place, generation.user_id)
        if generation in cancelled:
            assert (ended.status, ended.fence) == (Status.CANCELLED, 0)
        else:
            assert (ended.status, ended.fence, ended.attempts) == (Status.COMPLETED, 1, 1)
    archives = [key for key in place.stored_keys() if key.endswith(".zip")]
    assert len(archives) == count - len(cancelled)
    record_property(
        "figure",
        f"{len(deliveries) + count // 2} deliveries of {count} generations in any order: each ended once",
    )


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.chaos)])
def test_clocks_that_are_minutes_apart(
    place: Place,
    start_worker: Callable[..., Worker],
    rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    def start(skew: int, host: str) -> Worker:
        return start_worker(
            program="tests.chaos.worker_with_another_clock",
            variables={"CHAOS_SKEW": str(skew)},
            crawl_allow=host,
            idle_seconds=60,
        )

    taken_over = 0
    for _ in range(rounds):
        with serve(numbered(16), latency=0.4) as site:
            generations = [queued(place, site.url) for _ in range(3)]
            for generation in generations:
                place.jobs.send(generation)  # so that both get it
            # For the worker whose clock is ahead, the leases of the other worker seem to have ended.
            workers = [start(-120, site.host)]
            until(partial(_begun, place, generations[0]), seconds=40)
            workers.append(start(120, site.host))
            until(partial(_all_ended, place, generations), seconds=90)
            _end(workers)
        for generation in generations:
            (ended,) = check_books(place, generation.user_id)
            assert ended.status is Status.COMPLETED
            assert ended.archive is not None
            assert ended.archive.key in place.stored_keys()
            taken_over += ended.fence - 1
    record_property(
        "figure",
        f"clocks four minutes apart: {3 * rounds} generations completed once each, {taken_over} taken over alive",
    )
    assert taken_over > 0 or rounds == 1, "nobody saw what the other's clock said"
