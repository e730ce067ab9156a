"""Records of what was done to an account: none of the user's own data, and they outlive the account."""

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
    """Return a record as it is stored.

    Args:
        user_id: Whose account.
        event: What was done, as a stable word.
        time: When.
        by: Which operator did it; None for the users themselves.
        before: What was so before.
        after: What is so since.
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
    """Walk the records of an account, newest first."""
    condition = Key("pk").eq(keys.audit(user_id, "").pk)
    for item in table.query(condition, newest_first=True):
        yield AuditRecord.model_validate(item)
