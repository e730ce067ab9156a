"""Audit records of accounts. They contain no personal data and are kept after the account is deleted."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table
from llmready.domain.audit import AuditRecord
from llmready.domain.clock import new_id, timestamp

_KEPT = timedelta(days=400)


def audit_item(
    user_id: str,
    event: str,
    time: datetime,
    *,
    by: str | None = None,
    before: str | None = None,
    after: str | None = None,
) -> Item:
    """Return the item of an audit record.

    Args:
        user_id: ID of the account.
        event: Stable name of the event.
        time: Time of the event.
        by: Identity of the operator; None if the user did it.
        before: The previous value.
        after: The new value.
    """
    key = keys.audit(user_id, new_id())
    return {
        "pk": key.pk,
        "sk": key.sk,
        "event": event,
        "at": timestamp(time),
        "by": by,
        "before": before,
        "after": after,
        "ttl": int((time + _KEPT).timestamp()),
    }


def audit_records(table: Table, user_id: str) -> Iterator[AuditRecord]:
    """Iterate over the audit records of an account, newest first."""
    condition = Key("pk").eq(keys.audit(user_id, "").pk)
    for item in table.query(condition, newest_first=True):
        yield AuditRecord.model_validate(item)
