"""How much the lists of one user read: ``python -m bench.lists --websites 10000 --generations 100000``.

Fills a table of the local emulator and asks for pages as the API's functions do; prints of each list how many reads
it took, how many kilobytes they gave (as JSON, which is more than DynamoDB counts) and how long it took.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmready.domain.generation import Status
from tests.emulator import Place, running_ministack
from tests.items import many_generations, stored, stored_websites
from tests.people import new_website, registered

_PER_PAGE = 100
_DEEP = 900  # where the deepest page begins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--websites", type=int, default=10_000)
    parser.add_argument("--generations", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_ministack(Path(folder)) as emulator:
        _measure(emulator.place(), options.websites, options.generations)


def _measure(place: Place, websites: int, generations: int) -> None:
    user = registered(place)
    sites = [
        new_website(user, description="x" * 500, is_active=bool(number % 2)) for number in range(websites)
    ]
    stored_websites(place, user, sites)
    stored(place, user, sites[:1], many_generations(user, sites[0], generations))
    user = place.users.get(user.id) or user
    site, reads = sites[0].id, _noted(place)

    def websites_page(offset: int, *, is_active: bool | None) -> Callable[[], object]:
        return lambda: place.websites.page(user.id, offset=offset, limit=_PER_PAGE, is_active=is_active)

    def history_page(offset: int, **filters: Any) -> Callable[[], object]:
        return lambda: (
            place.generations.history(user.id, offset=offset, limit=_PER_PAGE, **filters),
            place.generations.count(user, **filters),
        )

    lists = {
        "websites, first page": websites_page(0, is_active=None),
        "websites, deepest page": websites_page(_DEEP, is_active=None),
        "active websites, deepest page": websites_page(_DEEP, is_active=True),
        "history, first page": history_page(0),
        "history, deepest page": history_page(_DEEP),
        "history of a website, deepest page": history_page(_DEEP, website_id=site),
        "failed ones, deepest page": history_page(_DEEP, status=Status.FAILED),
        "failed ones of a website, deepest page": history_page(_DEEP, website_id=site, status=Status.FAILED),
    }
    print(f"{websites} websites, {generations} generations")
    for name, ask in lists.items():
        reads.clear()
        begin = time.perf_counter()
        ask()
        took = time.perf_counter() - begin
        print(f"{name:40} {len(reads)} reads {sum(reads) / 1000:7.0f} kB {took * 1000:6.0f} ms")


def _noted(place: Place) -> list[int]:
    """Return a list that grows by the size of each read."""
    reads: list[int] = []

    def note(parsed: dict[str, Any], **_: object) -> None:
        reads.append(len(json.dumps(parsed.get("Items") or parsed.get("Responses") or parsed.get("Item"))))

    place.dynamodb.meta.events.register("after-call.dynamodb", note)
    return reads


if __name__ == "__main__":
    main()
