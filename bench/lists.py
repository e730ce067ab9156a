"""How much the lists of one user read: ``python -m bench.lists --websites 10000 --generations 100000``.

Fills a table of the local emulator and asks for pages as the API's functions do; prints of each list how many reads
it took, of which kinds, how many kilobytes each read, counted as DynamoDB counts items, and how long the emulator
took, which is no figure of DynamoDB's: it looks at every item of the user for each read.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmready.domain.generation import Status
from tests.emulator import Place, running_ministack
from tests.items import many_generations, stored, stored_websites
from tests.people import new_website, registered

_PER_PAGE = 100
_DEEP = 900  # where the deepest page begins
_AT_ONCE = 5000  # how many generations are made and stored at once, for their memory


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
    site, last, reads = sites[0].id, sites[websites // 2].id, _noted(place)
    print(f"{websites} websites, {generations} generations, filled in {time.perf_counter() - begin:.0f} s")

    def websites_page(
        offset: int, *, is_active: bool | None, after: str | None = None
    ) -> Callable[[], object]:
        return lambda: place.websites.page(
            user.id, offset=offset, limit=_PER_PAGE, is_active=is_active, after=after
        )

    def history_page(offset: int, **filters: Any) -> Callable[[], object]:
        return lambda: (
            place.generations.history(user.id, offset=offset, limit=_PER_PAGE, **filters),
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
    for name, ask in lists.items():
        reads.clear()
        begin = time.perf_counter()
        ask()
        took = time.perf_counter() - begin
        each = ", ".join(f"{call} {size / 1000:.0f}" for call, size in reads)
        total = sum(size for _, size in reads) / 1000
        print(f"{name:40} {len(reads)} reads {total:6.0f} kB {took:5.1f} s   {each}", flush=True)


def _noted(place: Place) -> list[tuple[str, int]]:
    """Return a list that grows by the call and the size of each read."""
    reads: list[tuple[str, int]] = []

    def note(parsed: dict[str, Any], model: Any, **_: object) -> None:
        items = list(parsed.get("Items", []))
        items += [item for found in parsed.get("Responses", {}).values() for item in found]
        if "Item" in parsed:
            items.append(parsed["Item"])
        reads.append((model.name, sum(_size({"M": item}) - 3 for item in items)))

    place.dynamodb.meta.events.register("after-call.dynamodb", note)
    return reads


def _size(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value by DynamoDB's rules ("item sizes and formats" in its manual)."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        digits = str(content).lstrip("-").replace(".", "").strip("0") or "0"
        return (len(digits) + 1) // 2 + 1
    if kind == "M":
        return 3 + sum(len(name.encode()) + _size(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(_size(inner) for inner in content)
    if kind in ("BOOL", "NULL"):
        return 1
    raise ValueError(f"the table holds no value of type {kind}")


if __name__ == "__main__":
    main()
