"""Many generations on few tasks, and one tenant with very many beside others with one each."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from llmready.domain.generation import Generation, Status
from tests.chaos.books import check_books
from tests.chaos.fleet import dispatched_until, fleet_of
from tests.e2e.sites import Answer, Site, numbered, serve
from tests.emulator import Emulator, Place
from tests.people import new_generation, registered, with_website
from tests.worker.process import now_stored

PAGES = 5
A_USER = 25
WORKER = {"lease_seconds": 30, "idle_seconds": 60}


@contextmanager
def small_site() -> Iterator[Site]:
    """Serve a site of five pages, which is the same under each query."""
    pages = numbered(PAGES)

    def answer(path: str, url: str) -> Answer:
        return pages(path.partition("?")[0], url)

    with serve(answer, latency=0.02) as site:
        yield site


def start_many(place: Place, site: Site, count: int) -> list[Generation]:
    """Start generations of one user as the API does: what is beyond the plan's cap is held."""
    user = registered(place)
    stored = []
    for number in range(count):
        generation = new_generation(user, with_website(place, user, f"{site.url}?{number}"))
        stored.append(place.generations.start(generation, quota_limit=count, running_limit=user.plan.running))
        if not stored[-1].held:
            place.jobs.send(stored[-1])
            place.generations.mark_enqueued(user.id, generation.id, generation.created_at)
    return stored


@pytest.mark.parametrize(
    ("count", "tasks"), [(8, [2]), pytest.param(1000, [1, 2, 4], marks=pytest.mark.chaos)]
)
def test_all_complete_on_no_more_tasks_than_allowed(
    emulator: Emulator,
    tmp_path: Path,
    count: int,
    tasks: list[int],
    record_property: Callable[[str, object], None],
) -> None:
    """The last round has all generations; the ones before show what fewer tasks do with a few of them."""
    for most in tasks:
        place = emulator.place()
        wanted = count if most == tasks[-1] else 10 * most
        with (
            small_site() as site,
            fleet_of(place, tmp_path / f"{most}", crawl_allow=site.host, **WORKER) as fleet,
        ):
            started = [
                generation
                for first in range(0, wanted, A_USER)
                for generation in start_many(place, site, min(A_USER, wanted - first))
            ]
            seconds = dispatched_until(
                lambda place=place: next(place.generations.active(), None) is None,  # type: ignore[misc]
                place,
                fleet,
                max_tasks=most,
                within=60 + 5 * wanted,
                pause=0.5 if wanted < 100 else 3,
            )
            assert fleet.most == most
        for user_id in dict.fromkeys(generation.user_id for generation in started):
            ended = check_books(place, user_id)
            assert {generation.status for generation in ended} == {Status.COMPLETED}
            assert {generation.pages_crawled for generation in ended} == {PAGES}
        record_property(
            "figure",
            f"{wanted} generations of {PAGES} pages on at most {most} tasks: all completed,"
            f" {60 * wanted / seconds:.0f} a minute",
        )


def _p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


class Crowd(NamedTuple):
    """How many generations one tenant has, how many others have one each, and the tasks for all of them.

    ``limit`` is how many times as long the others may wait for that; a loaded machine says nothing about it.
    """

    size: int
    others: int
    tasks: int
    limit: float = math.inf


@pytest.mark.parametrize(
    "crowd", [Crowd(12, 5, 1), pytest.param(Crowd(500, 20, 4, limit=2), marks=pytest.mark.chaos)], ids=str
)
def test_one_tenant_with_very_many_delays_nobody(
    emulator: Emulator, tmp_path: Path, crowd: Crowd, record_property: Callable[[str, object], None]
) -> None:
    waits = []
    for name, before in (("idle", 0), ("crowded", crowd.size)):
        place = emulator.place()
        with small_site() as site, fleet_of(place, tmp_path / name, crawl_allow=site.host, **WORKER) as fleet:
            first = start_many(place, site, before)
            ones = [start_many(place, site, 1)[0] for _ in range(crowd.others)]

            def all_served(place: Place = place, ones: list[Generation] = ones) -> bool:
                return all(now_stored(place, one).status is Status.COMPLETED for one in ones)

            dispatched_until(all_served, place, fleet, max_tasks=crowd.tasks, within=60 + 10 * crowd.others)
            assert fleet.most <= crowd.tasks
        served = [now_stored(place, one) for one in ones]
        waits.append(
            [(one.completed_at - one.created_at).total_seconds() for one in served if one.completed_at]
        )
        last = max(one.started_at for one in served if one.started_at)
        overtook = [
            one for one in first if (at := now_stored(place, one).started_at) is not None and at < last
        ]
        assert len(overtook) <= crowd.others, "at most twice the work is done before everybody is served"
        for user_id in {generation.user_id for generation in (*first, *ones)}:
            check_books(place, user_id)
    idle, crowded = (_p95(wait) for wait in waits)
    record_property(
        "figure",
        f"{crowd.others} tenants with one generation each, start to end, p95: {idle:.1f} s alone,"
        f" {crowded:.1f} s beside {crowd.size} of one tenant ({crowded / idle:.2f} times)",
    )
    assert crowded <= crowd.limit * idle
