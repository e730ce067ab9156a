"""Count the read units that DynamoDB would charge for the calls of a benchmark."""

import json
from typing import Any, NamedTuple

from testkit.emulator import Place
from testkit.item_sizes import item_size

_UNIT = 4096  # bytes per unit of a consistent read; index reads cost half
_READS = frozenset({"Query", "GetItem", "BatchGetItem", "TransactGetItems"})


class Read(NamedTuple):
    """A read as DynamoDB would count it.

    Attributes:
        call: Name of the call.
        items: How many items it returned.
        size: Bytes of these items.
        units: Read units.
    """

    call: str
    items: int
    size: int
    units: float


def noted_reads(place: Place) -> list[Read]:
    """Return a list that records each read of the table. Several threads may read at the same time."""
    reads: list[Read] = []

    def remember(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context["bench_index"] = "IndexName" in json.loads(params["body"])

    def note(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        if model.name not in _READS:
            return
        items = list(parsed.get("Items", []))
        items += [item for found in parsed.get("Responses", {}).values() for item in found]
        if "Item" in parsed:
            items.append(parsed["Item"])
        sizes = [item_size(item) for item in items]
        # A query is rounded up as a whole, other reads are rounded up for each item.
        read = [sum(sizes)] if model.name == "Query" else sizes or [0]
        units = sum(max(1, -(-size // _UNIT)) for size in read) * (0.5 if context["bench_index"] else 1)
        reads.append(Read(model.name, len(items), sum(sizes), units))

    place.dynamodb.meta.events.register("before-call.dynamodb", remember)
    place.dynamodb.meta.events.register("after-call.dynamodb", note)
    return reads
