"""Due runs of websites in the table. The item of a website contains the time of its next run."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.deliveries import delivery_item
from llmready.adapters.dynamodb.outbox import outbox_item
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused
from llmready.adapters.dynamodb.users import user_from
from llmready.domain.clock import timestamp
from llmready.domain.mail import OutboxMail
from llmready.domain.plans import Schedule
from llmready.domain.schedules import FAILURES_UNTIL_OFF
from llmready.domain.webhooks import Delivery
from llmready.domain.website import Website
from llmready.ports.schedules import DueRun

_LOOK_UP = 50  # websites that one read fetches, with as many accounts


def is_due_at(due_at: datetime) -> ConditionBase:
    """Return the condition that a website's next run is due at a time."""
    return Attr("due_kind").eq(keys.DUE_SCHEDULE) & Attr("due_at").eq(timestamp(due_at))


class DynamoSchedules:
    """Implements :class:`llmready.ports.schedules.Schedules`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, time: datetime) -> Iterator[DueRun]:
        """Iterate over the runs that are due by ``time``, oldest first."""
        condition = Key("due_kind").eq(keys.DUE_SCHEDULE) & Key("due_at").lte(timestamp(time))
        entries = self._table.query(condition, index=keys.DUE_INDEX)
        while chunk := list(islice(entries, _LOOK_UP)):
            yield from self._read(chunk, time)

    def _read(self, entries: list[Item], time: datetime) -> Iterator[DueRun]:
        websites = self._table.get_many([keys.Key(entry["pk"], entry["sk"]) for entry in entries])
        # The index may lag behind the websites.
        due = [item for item in websites if item is not None and _is_due(item, time)]
        user_ids = list(dict.fromkeys(item["user_id"] for item in due))
        users = dict(
            zip(user_ids, self._table.get_many([keys.profile(user_id) for user_id in user_ids]), strict=True)
        )
        for item in due:
            yield DueRun(
                Website.model_validate(item),
                user_from(users[item["user_id"]]),
                datetime.fromisoformat(item["due_at"]),
            )

    def skip(self, run: DueRun, next_at: datetime | None) -> bool:
        """Replace a due run by the next one, or by none."""
        write = self._table.update(
            keys.website(run.website.user_id, run.website.id),
            change={
                "due_at": timestamp(next_at) if next_at is not None else None,
                "due_kind": keys.DUE_SCHEDULE if next_at is not None else None,
            },
            condition=is_due_at(run.due_at),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return False
        return True

    def stop(
        self, website: Website, mail: OutboxMail, time: datetime, *, deliveries: Sequence[Delivery] = ()
    ) -> bool:
        """Turn a schedule off and put the email and the webhook deliveries about it into the outbox."""
        stop = self._table.update(
            keys.website(website.user_id, website.id),
            # A process that read the website before must not store the old schedule again.
            change={"schedule": Schedule.OFF, "schedule_failures": 0, "updated_at": timestamp(time)},
            remove=["due_kind", "due_at"],
            condition=Attr("schedule").eq(website.schedule)
            & Attr("schedule_failures").gte(FAILURES_UNTIL_OFF),
        )
        try:
            self._table.transact(
                [
                    stop,
                    self._table.put(outbox_item(mail), Attr("pk").not_exists()),
                    *(self._table.put(delivery_item(delivery)) for delivery in deliveries),
                ]
            )
        except TransactionRefused:
            return False
        return True


def _is_due(item: Item, time: datetime) -> bool:
    return item.get("due_kind") == keys.DUE_SCHEDULE and item["due_at"] <= timestamp(time)
