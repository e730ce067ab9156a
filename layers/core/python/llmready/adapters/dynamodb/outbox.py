"""The outbox in the table. A mail stays due until a provider accepts it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.due_work import (
    as_work,
    due_entries,
    due_from,
    look_again,
    may_begin,
    read_due,
)
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.clock import timestamp
from llmready.domain.mail import OutboxMail
from llmready.ports.due_work import DueEntry

_KEPT = timedelta(days=30)


def outbox_item(mail: OutboxMail) -> Item:
    """Return the item of a mail. Until the mail is sent, the item has an entry in the index of due work."""
    key = keys.mail(mail.user_id, mail.id)
    item: Item = {"pk": key.pk, "sk": key.sk, **mail.model_dump(mode="json", exclude_none=True)}
    return {**item, **due_from(mail.due_at), "due_kind": keys.DUE_MAIL}


class DynamoOutbox:
    """Implements :class:`llmready.ports.mail.Outbox`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, mail: OutboxMail) -> None:
        """Store a mail to be sent."""
        self._table.write(self._table.put(outbox_item(mail)))

    def has(self, mail: OutboxMail) -> bool:
        """Return whether a mail with this ID was stored before."""
        return self._table.get(keys.mail(mail.user_id, mail.id)) is not None

    def put_once(self, mail: OutboxMail) -> bool:
        """Store a mail to be sent, and return True. If a mail with its ID is stored already, return False."""
        try:
            self._table.write(self._table.put(outbox_item(mail), Attr("pk").not_exists()))
        except ConditionFailed:
            return False
        return True

    def claim(self, user_id: str, mail_id: str, *, time: datetime, until: datetime) -> OutboxMail | None:
        """Lease a mail to send it. Return None if the mail was sent, or if another process has leased it."""
        write = self._table.update(
            keys.mail(user_id, mail_id),
            change=due_from(until),
            add={"attempts": 1},
            condition=may_begin(time),
        )
        try:
            return OutboxMail.model_validate(as_work(self._table.write(write)))
        except ConditionFailed:
            return None

    def sent(self, mail: OutboxMail, time: datetime) -> None:
        """Record that a provider accepted a mail."""
        self._table.write(
            self._table.update(
                keys.mail(mail.user_id, mail.id),
                change={"sent_at": timestamp(time), "ttl": int((time + _KEPT).timestamp())},
                remove=["due_kind"],
            )
        )

    def postpone(self, mail: OutboxMail, until: datetime) -> None:
        """Schedule the next attempt of a leased mail."""
        self._change_unsent(mail, change=due_from(until))

    def give_up(self, mail: OutboxMail, time: datetime) -> None:
        """Remove a mail from the outbox that no provider will accept."""
        ttl = int((time + _KEPT).timestamp())
        self._change_unsent(mail, change={"gave_up_at": timestamp(time), "ttl": ttl}, remove=["due_kind"])

    def _change_unsent(self, mail: OutboxMail, *, change: dict[str, Any], remove: Sequence[str] = ()) -> None:
        write = self._table.update(
            keys.mail(mail.user_id, mail.id),
            change=change,
            remove=remove,
            condition=Attr("due_kind").exists(),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # it was sent meanwhile, or was deleted with its account

    def due(self, time: datetime) -> Iterator[DueEntry]:
        """Iterate over the entries of mails that were due before ``time``, oldest first."""
        return due_entries(self._table, keys.DUE_MAIL, time)

    def read(self, entries: Sequence[DueEntry]) -> list[OutboxMail]:
        """Return the unsent mails of entries."""
        return [OutboxMail.model_validate(item) for item in read_due(self._table, entries)]

    def look_again(self, entry: DueEntry, at: datetime) -> None:
        """Move an entry to a later time, unless the mail was changed meanwhile."""
        look_again(self._table, entry, at)
