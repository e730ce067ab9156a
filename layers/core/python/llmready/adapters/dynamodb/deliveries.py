"""Webhook deliveries in the table. Each stays in the outbox until the receiver accepts it or no retries are left."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.due_work import (
    as_work,
    due_entries,
    due_from,
    look_again,
    may_begin,
    read_due,
)
from llmready.adapters.dynamodb.pages import first_page
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.clock import timestamp
from llmready.domain.webhooks import Delivery, DeliveryStatus
from llmready.ports.due_work import DueEntry
from llmready.ports.webhooks import DeliveryPage

_KEPT = timedelta(days=30)
# Number of deliveries that are read to count the pending ones.
_COUNTED = 500


def delivery_item(delivery: Delivery) -> Item:
    """Return the item of a pending delivery, with its entry in the index of due work."""
    key = keys.delivery(delivery.user_id, delivery.webhook_id, delivery.id)
    stored = delivery.model_dump(mode="json", exclude_none=True)
    return {
        "pk": key.pk,
        "sk": key.sk,
        **stored,
        **due_from(delivery.due_at),
        "due_kind": keys.DUE_DELIVERY,
    }


class DynamoDeliveries:
    """Implements :class:`llmready.ports.webhooks.Deliveries`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, delivery: Delivery) -> None:
        """Store a delivery."""
        self._table.write(self._table.put(delivery_item(delivery)))

    def get(self, user_id: str, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Return a delivery, or None."""
        item = self._table.get(keys.delivery(user_id, webhook_id, delivery_id))
        return Delivery.model_validate(as_work(item)) if item is not None else None

    def page(self, user_id: str, webhook_id: str, *, limit: int, after: str | None = None) -> DeliveryPage:
        """Return deliveries of an endpoint, newest first."""
        first = keys.delivery(user_id, webhook_id, "")
        found = self._table.query(
            Key("pk").eq(first.pk) & Key("sk").begins_with(first.sk),
            newest_first=True,
            after=keys.delivery(user_id, webhook_id, after)._asdict() if after else None,
            page_size=limit + 1,
        )
        page, more = first_page(found, limit)
        items = [Delivery.model_validate(as_work(item)) for item in page]
        return DeliveryPage(items, items[-1].id if more else None)

    def has_pending(self, user_id: str, webhook_id: str, number: int) -> bool:
        """Return whether at least ``number`` of the newest deliveries of an endpoint are pending."""
        first = keys.delivery(user_id, webhook_id, "")
        found = self._table.query(
            Key("pk").eq(first.pk) & Key("sk").begins_with(first.sk), newest_first=True, page_size=_COUNTED
        )
        return sum("due_kind" in item for item in islice(found, _COUNTED)) >= number

    def claim(
        self, user_id: str, webhook_id: str, delivery_id: str, *, time: datetime, until: datetime
    ) -> Delivery | None:
        """Lease a delivery that is due for one attempt, and count the attempt."""
        write = self._table.update(
            keys.delivery(user_id, webhook_id, delivery_id),
            change={**due_from(until), "due_kind": keys.DUE_DELIVERY},
            add={"tries": 1},
            condition=may_begin(time),
        )
        try:
            return Delivery.model_validate(as_work(self._table.write(write)))
        except ConditionFailed:
            return None

    def postpone(self, delivery: Delivery, until: datetime) -> None:
        """Schedule the next attempt of a leased delivery and store its attempts and their number."""
        change = {**due_from(until), "tries": delivery.tries, "waits": delivery.waits}
        self._change_pending(delivery, change=change)

    def hold(self, delivery: Delivery) -> None:
        """Take a delivery out of the due work until :meth:`release`."""
        self._change_pending(delivery, change={"due_kind": keys.DUE_HELD, "tries": delivery.tries})

    def end(self, delivery: Delivery, time: datetime) -> None:
        """Store the final status of a leased delivery with its attempts."""
        ttl = int((time + _KEPT).timestamp())
        self._change_pending(delivery, change={"status": delivery.status, "ttl": ttl}, remove=["due_kind"])

    def _change_pending(
        self, delivery: Delivery, *, change: dict[str, Any], remove: list[str] | None = None
    ) -> None:
        attempts = delivery.model_dump(mode="json", exclude_none=True, include={"attempts"})["attempts"]
        write = self._table.update(
            keys.delivery(delivery.user_id, delivery.webhook_id, delivery.id),
            change={**change, "attempts": attempts},
            remove=remove or [],
            condition=Attr("due_kind").exists(),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # another process ended it, or it was deleted with its account

    def start_again(self, delivery: Delivery, time: datetime) -> None:
        """Make a delivery due now, with all of its retries."""
        write = self._table.update(
            keys.delivery(delivery.user_id, delivery.webhook_id, delivery.id),
            change={
                "status": DeliveryStatus.PENDING,
                "due_kind": keys.DUE_DELIVERY,
                **due_from(time),
                "sent_since": timestamp(time),
                "tries": 0,
                "waits": 0,
            },
            remove=["ttl"],
            condition=Attr("pk").exists(),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # it was deleted with its account

    def release(self, user_id: str, time: datetime) -> None:
        """Make all pending deliveries of a user due now."""
        condition = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.DELIVERY)
        for item in self._table.query(condition, where=Attr("due_kind").exists()):
            write = self._table.update(
                keys.Key(item["pk"], item["sk"]),
                change={
                    **due_from(time),
                    "due_kind": keys.DUE_DELIVERY,
                    "sent_since": timestamp(time),
                },
                condition=Attr("due_kind").exists(),
            )
            try:
                self._table.write(write)
            except ConditionFailed:
                continue  # it ended meanwhile

    def due(self, time: datetime) -> Iterator[DueEntry]:
        """Iterate over the entries of deliveries that were due before ``time``, oldest first."""
        return due_entries(self._table, keys.DUE_DELIVERY, time)

    def read(self, entries: Sequence[DueEntry]) -> list[Delivery]:
        """Return the pending deliveries of entries."""
        return [Delivery.model_validate(item) for item in read_due(self._table, entries)]

    def look_again(self, entry: DueEntry, at: datetime) -> None:
        """Move an entry to a later time, unless the delivery was changed meanwhile."""
        look_again(self._table, entry, at)
