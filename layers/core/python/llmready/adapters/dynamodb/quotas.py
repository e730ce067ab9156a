"""The monthly ledgers in the table."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.adapters.dynamodb.users import user_from
from llmready.domain.clock import timestamp
from llmready.domain.quota import QuotaUse
from llmready.domain.user import User

_KEPT = timedelta(days=400)


class DynamoQuotas:
    """Implements :class:`llmready.ports.limits.Quotas`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, user_id: str, month: str) -> QuotaUse:
        """Return a user's ledger of a month."""
        return _ledger(self._table.get(keys.quota(user_id, month)), month)

    def with_user(self, user_id: str, month: str) -> tuple[User | None, QuotaUse]:
        """Return a user with the ledger of a month in one read."""
        user, ledger = self._table.get_many([keys.profile(user_id), keys.quota(user_id, month)])
        return user_from(user), _ledger(ledger, month)

    def of_month(self, month: str) -> Iterator[tuple[str, QuotaUse]]:
        """Walk the ledgers of a month that are not closed, with their users' ids."""
        for entry in self._table.query(Key("due_kind").eq(keys.due_quota(month)), index=keys.DUE_INDEX):
            user_id = entry["due_at"]
            yield user_id, self.get(user_id, month)

    def close(self, user_id: str, month: str, time: datetime) -> None:
        """Close a ledger of a past month; closing it again changes nothing.

        A ledger with running generations stays open until they have ended.
        """
        write = self._table.update(
            keys.quota(user_id, month),
            change={"closed_at": timestamp(time), "ttl": int((time + _KEPT).timestamp())},
            remove=["due_kind", "due_at"],
            condition=Attr("reserved").eq(0) & Attr("closed_at").not_exists(),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return


def _ledger(item: Item | None, month: str) -> QuotaUse:
    return QuotaUse.model_validate(item) if item is not None else QuotaUse(month=month)
