"""Record what reads of the table return."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from testkit.item_sizes import item_size


@contextmanager
def table_reads(client: Any) -> Iterator[list[tuple[str, int]]]:
    """Record the reads of a boto3 client: the call and the number of bytes that it returned."""
    found: list[tuple[str, int]] = []

    def note(parsed: dict[str, Any], model: Any, **_: object) -> None:
        items = list(parsed.get("Items", []))
        items += [item for some in parsed.get("Responses", {}).values() for item in some]
        items += [parsed["Item"]] if "Item" in parsed else []
        found.append((model.name, sum(map(item_size, items))))

    events = client.meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield found
    finally:
        events.unregister("after-call.dynamodb", note)
