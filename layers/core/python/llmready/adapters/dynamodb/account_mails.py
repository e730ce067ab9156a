"""The limit of account mails in the table."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.clock import timestamp
from llmready.domain.errors import TryAgain
from llmready.domain.mail import (
    ACCOUNT_MAILS_AN_HOUR,
    MAILBOX_MAILS_AN_HOUR,
    RESERVED_FOR_RESETS,
    MailKind,
    OutboxMail,
)

_HOUR = timedelta(hours=1)
_TRIES = 10


class _Limit(NamedTuple):
    """How many emails are allowed in an hour, and how many of them are reserved for password resets."""

    most: int
    reserved: int


_OF_ADDRESS = _Limit(ACCOUNT_MAILS_AN_HOUR, RESERVED_FOR_RESETS)
_OF_MAILBOX = _Limit(MAILBOX_MAILS_AN_HOUR, 0)


class DynamoAccountMailLimit:
    """Implements :class:`llmready.ports.limits.AccountMailLimit` with the emails of the last hour.

    A token bucket of five could allow nine emails within one hour. This limit counts exactly.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, address: str, mail: OutboxMail, time: datetime) -> datetime | None:
        """Count an account mail. Return None, or the time of the next attempt."""
        return self._take(address, mail, time, _OF_ADDRESS)

    def take_of_mailbox(self, mailbox: str, mail: OutboxMail, time: datetime) -> bool:
        """Count an account mail to a mailbox, and return whether it may be sent."""
        return self._take(mailbox, mail, time, _OF_MAILBOX) is None

    def _take(self, recipient: str, mail: OutboxMail, time: datetime, limit: _Limit) -> datetime | None:
        key = keys.limit("account_mails", recipient)
        entry = {
            "mail": f"{mail.id} {timestamp(mail.created_at)}",
            "at": timestamp(time),
            "is_reset": mail.kind is MailKind.RESET_PASSWORD,
        }
        for _ in range(_TRIES):
            stored = self._table.get(key) or {}
            recent = [sent for sent in stored.get("sent", []) if sent["at"] > timestamp(time - _HOUR)]
            if any(sent["mail"] == entry["mail"] for sent in recent):
                return None
            if (wait := _wait(recent, limit, is_reset=entry["is_reset"] is True)) is not None:
                return wait
            version = stored.get("version", 0)
            item = {
                "pk": key.pk,
                "sk": key.sk,
                "sent": [*recent, entry],
                "version": version + 1,
                "ttl": int((time + _HOUR).timestamp()),
            }
            unchanged = Attr("version").eq(version) if stored else Attr("version").not_exists()
            try:
                self._table.write(self._table.put(item, unchanged))
            except ConditionFailed:
                continue  # another process counted an email of this address meanwhile
            return None
        raise TryAgain


def _wait(recent: list[dict[str, Any]], limit: _Limit, *, is_reset: bool) -> datetime | None:
    """Return when the next email may be sent; None if it may be sent now."""
    free = [_free_at(recent, limit.most)]
    if not is_reset:
        others = [sent for sent in recent if not sent["is_reset"]]
        free.append(_free_at(others, limit.most - limit.reserved))
    return max((time for time in free if time is not None), default=None)


def _free_at(sent: list[dict[str, Any]], limit: int) -> datetime | None:
    """Return when fewer than ``limit`` of these emails are less than an hour old, or None if this is the case now."""
    if len(sent) < limit:
        return None
    times = sorted(datetime.fromisoformat(entry["at"]) for entry in sent)
    return times[len(sent) - limit] + _HOUR
