"""Measure how much data the lists of one user read: ``python -m bench.lists --websites 10000 --generations 100000``.

Fills a table of the local emulator and requests pages as the API's functions do. For each list, it prints the reads,
the kilobytes that they returned (counted as DynamoDB counts items), their cost in DynamoDB's read units, and the time
that the emulator took. This time says nothing about DynamoDB, because the emulator examines every item of the user
for each read.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figures import Figures
from bench.reads import noted_reads
from llmready.domain.generation import Status
from testkit.emulator import Place, running_ministack
from testkit.items import many_generations, stored, stored_websites
from testkit.people import new_website, registered

_PER_PAGE = 100
_DEEP = 900  # start of the deepest page
_AT_ONCE = 5000  # how many generations are made and stored at once, for their memory
_LIMIT = 2 * 1024  # KiB: two reads of 1 MiB, the most that DynamoDB gives at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--websites", type=int, default=10_000)
    parser.add_argument("--generations", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_ministack(Path(folder)) as emulator:
        _measure(emulator.place(), options.websites, options.generations)


def _measure(place: Place, websites: int, generations: int) -> None:
    begin = time.perf_counter()
    user = registered(place)
    sites = [
        new_website(user, description="x" * 500, is_active=bool(number % 2)) for number in range(websites)
    ]
    stored_websites(place, user, sites)
    for start in range(0, generations, _AT_ONCE):
        some = many_generations(user, sites[0], min(_AT_ONCE, generations - start))
        stored(place, user, sites[:1], some)
    user = place.users.get(user.id) or user
    site, last, reads = sites[0].id, sites[websites // 2].id, noted_reads(place)
    print(f"{websites} websites, {generations} generations, filled in {time.perf_counter() - begin:.0f} s")

    def websites_page(
        offset: int, *, is_active: bool | None, after: str | None = None
    ) -> Callable[[], object]:
        return lambda: place.websites.page(
            user.id, offset=offset, limit=_PER_PAGE, is_active=is_active, after=after
        )

    def history_page(offset: int, cursor: str | None = None, **filters: Any) -> Callable[[], object]:
        return lambda: (
            place.users.get(user.id),
            place.generations.history(user.id, offset=offset, limit=_PER_PAGE, cursor=cursor, **filters),
            place.generations.count(user, **filters),
        )

    lists = {
        "websites, first page": websites_page(0, is_active=None),
        "websites, a cursor's page": websites_page(0, is_active=None, after=last),
        "websites, deepest page": websites_page(_DEEP, is_active=None),
        "active websites, deepest page": websites_page(_DEEP, is_active=True),
        "history, first page": history_page(0),
        "history, deepest page": history_page(_DEEP),
        "history of a website, deepest page": history_page(_DEEP, website_id=site),
        "failed ones, deepest page": history_page(_DEEP, status=Status.FAILED),
        "failed ones of a website, deepest page": history_page(_DEEP, website_id=site, status=Status.FAILED),
    }
    figures = Figures()
    for name, ask in lists.items():
        reads.clear()
        begin = time.perf_counter()
        ask()
        took = time.perf_counter() - begin
        figures.at_most(name, sum(read.size for read in reads) / 1024, _LIMIT, "KiB")
        each = ", ".join(f"{read.call} {read.size / 1024:.0f} KiB" for read in reads)
        print(f"      {each}; {sum(read.units for read in reads):g} units; {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
