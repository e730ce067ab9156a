"""Start many generations of small sites, and measure how long users wait for theirs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from llmready.domain.generation import Generation, Status
from testkit.books import check_books
from testkit.emulator import Place
from testkit.fleet import dispatched_until, fleet_of
from testkit.people import new_generation, registered, with_website
from testkit.sites import Answer, Site, numbered, serve
from testkit.worker_process import now_stored

PAGES = 5
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
    """Start generations of one user as the API does: those above the plan's limit wait."""
    user = registered(place)
    stored = []
    for number in range(count):
        generation = new_generation(user, with_website(place, user, f"{site.url}?{number}"))
        stored.append(place.generations.start(generation, quota_limit=count, running_limit=user.plan.running))
        if not stored[-1].waiting:
            place.jobs.send(stored[-1])
            place.generations.mark_enqueued(user.id, generation.id, generation.created_at)
    return stored


class Served(NamedTuple):
    """How users with one generation each were served while one user had many.

    Attributes:
        seconds: Seconds from start to end of each generation.
        overtaken: Number of generations of the user with many that began before the last of the others began.
        tasks: Maximum number of tasks at the same time.
    """

    seconds: list[float]
    overtaken: int
    tasks: int

    @property
    def p95(self) -> float:
        """The 95th percentile of the seconds."""
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]


def served_beside(place: Place, folder: Path, *, crowd: int, others: int, max_tasks: int) -> Served:
    """Start ``crowd`` generations of one user, then one each of others, and wait until the others have ended."""
    with small_site() as site, fleet_of(place, folder, crawl_allow=site.host, **WORKER) as fleet:
        many = start_many(place, site, crowd)
        ones = [start_many(place, site, 1)[0] for _ in range(others)]

        def all_served() -> bool:
            return all(now_stored(place, one).status is Status.COMPLETED for one in ones)

        dispatched_until(all_served, place, fleet, max_tasks=max_tasks, within=60 + 10 * others)
        tasks = fleet.most
    ended = [now_stored(place, one) for one in ones]
    last = max(one.started_at for one in ended if one.started_at)
    began = [now_stored(place, one).started_at for one in many]
    for user_id in {generation.user_id for generation in (*many, *ones)}:
        check_books(place, user_id)
    return Served(
        [(one.completed_at - one.created_at).total_seconds() for one in ended if one.completed_at],
        sum(at is not None and at < last for at in began),
        tasks,
    )
