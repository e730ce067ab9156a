"""Webhook deliveries in the table. Each stays in the outbox until the receiver accepts it or no retries are left."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.pages import first_page
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.clock import timestamp
from llmready.domain.webhooks import Delivery, DeliveryStatus
from llmready.ports.webhooks import DeliveryPage

_KEPT = timedelta(days=30)
# Number of deliveries that are read to count the pending ones.
_COUNTED = 500


def delivery_item(delivery: Delivery) -> Item:
    """Return the item of a pending delivery, with its entry in the index of due work."""
    key = keys.delivery(delivery.user_id, delivery.webhook_id, delivery.id)
    stored = delivery.model_dump(mode="json", exclude_none=True)
    return {"pk": key.pk, "sk": key.sk, **stored, "due_kind": keys.DUE_DELIVERY}


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
        return Delivery.model_validate(item) if item is not None else None

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
        items = [Delivery.model_validate(item) for item in page]
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
            change={"due_at": timestamp(until)},
            add={"tries": 1},
            remove=["queued_until"],
            condition=Attr("due_kind").exists() & Attr("due_at").lte(timestamp(time)),
        )
        try:
            return Delivery.model_validate(self._table.write(write))
        except ConditionFailed:
            return None

    def postpone(self, delivery: Delivery, until: datetime) -> None:
        """Schedule the next attempt of a leased delivery and store its attempts and their number."""
        self._change_pending(delivery, change={"due_at": timestamp(until), "tries": delivery.tries})

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
                "due_at": timestamp(time),
                "sent_since": timestamp(time),
                "tries": 0,
            },
            remove=["ttl", "queued_until"],
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
                change={"due_at": timestamp(time), "sent_since": timestamp(time)},
                condition=Attr("due_kind").exists(),
            )
            try:
                self._table.write(write)
            except ConditionFailed:
                continue  # it ended meanwhile

    def due(self, time: datetime) -> Iterator[Delivery]:
        """Iterate over the deliveries that were due before ``time``, without those that are marked as queued."""
        condition = Key("due_kind").eq(keys.DUE_DELIVERY) & Key("due_at").lte(timestamp(time))
        for entry in self._table.query(condition, index=keys.DUE_INDEX):
            item = self._table.get(keys.Key(entry["pk"], entry["sk"]))
            if item is not None and "due_kind" in item and item.get("queued_until", "") <= timestamp(time):
                yield Delivery.model_validate(item)

    def mark_queued(self, delivery: Delivery, until: datetime) -> None:
        """Exclude a delivery from :meth:`due` until the given time, or until it is claimed."""
        write = self._table.update(
            keys.delivery(delivery.user_id, delivery.webhook_id, delivery.id),
            change={"queued_until": timestamp(until)},
            condition=Attr("due_kind").exists() & Attr("due_at").eq(timestamp(delivery.due_at)),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # it was claimed meanwhile
