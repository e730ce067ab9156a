"""Records of deleted websites, kept in the table until all their data is removed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused
from llmready.domain.clock import timestamp
from llmready.domain.generation import Generation, Status
from llmready.domain.website import Purge


def purge_item(purge: Purge) -> Item:
    """Return the item of a purge, with its entry in the index of due work."""
    key = keys.purge(purge.user_id, purge.website_id)
    return {"pk": key.pk, "sk": key.sk, **purge.model_dump(mode="json"), "due_kind": keys.DUE_PURGE}


class DynamoPurges:
    """Implements :class:`llmready.ports.websites.Purges`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, user_id: str, website_id: str) -> Purge | None:
        """Return the purge of a deleted website, or None if nothing is left to delete."""
        item = self._table.get(keys.purge(user_id, website_id))
        return Purge.model_validate(item) if item is not None else None

    def due(self, time: datetime) -> Iterator[Purge]:
        """Iterate over the purges that were due before ``time``."""
        condition = Key("due_kind").eq(keys.DUE_PURGE) & Key("due_at").lte(timestamp(time))
        for entry in self._table.query(condition, index=keys.DUE_INDEX):
            item = self._table.get(keys.Key(entry["pk"], entry["sk"]))
            if item is not None:
                yield Purge.model_validate(item)

    def remove(self, purge: Purge, generations: Sequence[Generation]) -> int:
        """Delete up to 98 ended generations with their counters, and return how many were deleted.

        Generations that another process deleted do not count. If the account no longer exists, nothing is
        deleted.
        """
        wanted = list(generations)
        while wanted:
            removes = [
                self._table.delete(
                    keys.generation(generation.user_id, generation.id), Attr("status").eq(generation.status)
                )
                for generation in wanted
            ]
            counts = {
                f"listed_{status}": -number
                for status in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
                if (number := sum(generation.status is status for generation in wanted))
            }
            exists = Attr("pk").exists()
            moves = [
                self._table.update(keys.profile(purge.user_id), add=counts, condition=exists),
                self._table.update(
                    keys.purge(purge.user_id, purge.website_id), add={"left": -len(wanted)}, condition=exists
                ),
            ]
            try:
                self._table.transact([*removes, *moves])
            except TransactionRefused as refused:
                *gone, profile, record = refused.failed
                if profile is not None or record is not None:
                    return 0
                wanted = [generation for generation, was in zip(wanted, gone, strict=True) if was is None]
            else:
                return len(wanted)
        return 0

    def done(self, purge: Purge) -> None:
        """Delete a purge that has nothing left to delete."""
        self._table.write(self._table.delete(keys.purge(purge.user_id, purge.website_id)))
