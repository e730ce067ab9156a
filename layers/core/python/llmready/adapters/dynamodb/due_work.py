"""Due work in the table. The index ``due`` finds it at ``due_at``; an attempt may begin from ``attempt_at`` on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.clock import timestamp
from llmready.ports.due_work import DueEntry


def due_from(time: datetime) -> dict[str, str]:
    """Return the attributes of work whose next attempt may begin at ``time``."""
    return {"due_at": timestamp(time), "attempt_at": timestamp(time)}


def may_begin(time: datetime) -> ConditionBase:
    """Return the condition that work has not ended and that an attempt may begin at ``time``."""
    # Work that an earlier version stored has no attempt_at. Its only time is that of its entry, which has come.
    began = Attr("attempt_at").not_exists() | Attr("attempt_at").lte(timestamp(time))
    return Attr("due_kind").exists() & began


def as_work(item: Item) -> dict[str, Any]:
    """Return a stored item with the time of its next attempt as ``due_at``."""
    return {**item, "due_at": item.get("attempt_at", item["due_at"])}


def due_entries(table: Table, kind: str, time: datetime) -> Iterator[DueEntry]:
    """Iterate over the entries of a kind of work that were due before ``time``, oldest first."""
    condition = Key("due_kind").eq(kind) & Key("due_at").lte(timestamp(time))
    for entry in table.query(condition, index=keys.DUE_INDEX):
        yield DueEntry(entry["pk"].removeprefix(keys.partition("")), entry["sk"], entry["due_at"])


def read_due(table: Table, entries: Sequence[DueEntry]) -> list[Item]:
    """Return the items of entries. The index may lag behind: what has ended or was claimed is left out."""
    items = table.get_many([_key(entry) for entry in entries])
    return [
        as_work(item)
        for entry, item in zip(entries, items, strict=True)
        if item is not None and "due_kind" in item and item["due_at"] == entry.due_at
    ]


def look_again(table: Table, entry: DueEntry, at: datetime) -> None:
    """Move an entry to a later time, unless the work was changed meanwhile."""
    write = table.update(
        _key(entry),
        change={"due_at": timestamp(at)},
        condition=Attr("due_kind").exists() & Attr("due_at").eq(entry.due_at),
    )
    try:
        table.write(write)
    except ConditionFailed:
        return


def _key(entry: DueEntry) -> keys.Key:
    return keys.Key(keys.partition(entry.user_id), entry.name)
