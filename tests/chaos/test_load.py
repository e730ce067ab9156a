"""Many generations on few tasks, and one user with many generations beside others with one each."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from llmready.domain.generation import Status
from testkit.books import check_books
from testkit.crowds import PAGES, WORKER, served_beside, small_site, start_many
from testkit.emulator import Emulator
from testkit.fleet import dispatched_until, fleet_of

A_USER = 25


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
    """The last round runs all generations; the earlier rounds run some of them with fewer tasks."""
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


class Crowd(NamedTuple):
    """How many generations one tenant has, how many others have one each, and the tasks for all of them.

    ``limit``: how many times longer the others may wait than without the crowd. It is not checked on a loaded
    machine.
    """

    size: int
    others: int
    tasks: int
    limit: float = math.inf


@pytest.mark.parametrize(
    "crowd", [Crowd(12, 5, 1), pytest.param(Crowd(500, 20, 4, limit=2), marks=pytest.mark.chaos)], ids=str
)
def test_user_with_many_generations_delays_no_other(
    emulator: Emulator, tmp_path: Path, crowd: Crowd, record_property: Callable[[str, object], None]
) -> None:
    alone, beside = (
        served_beside(
            emulator.place(), tmp_path / f"{size}", crowd=size, others=crowd.others, max_tasks=crowd.tasks
        )
        for size in (0, crowd.size)
    )
    assert max(alone.tasks, beside.tasks) <= crowd.tasks
    assert beside.overtaken <= crowd.others, "at most twice the work is done before everybody is served"
    record_property(
        "figure",
        f"{crowd.others} tenants with one generation each, start to end, p95: {alone.p95:.1f} s alone,"
        f" {beside.p95:.1f} s beside {crowd.size} of one tenant ({beside.p95 / alone.p95:.2f} times)",
    )
    assert beside.p95 <= crowd.limit * alone.p95
