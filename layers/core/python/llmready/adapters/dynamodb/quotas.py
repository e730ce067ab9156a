"""The monthly ledgers in the table."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.clock import timestamp
from llmready.domain.quota import QuotaUse, month_of, resets_at
from llmready.ports.limits import OpenLedger

_KEPT = timedelta(days=400)
_KEPT_AFTER_DELETION = timedelta(days=7)  # after the month, so that the last generation has ended


class DynamoQuotas:
    """Implements :class:`llmready.ports.limits.Quotas`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, user_id: str, month: str, ledger: str | None = None) -> QuotaUse:
        """Return the ledger of a month."""
        item = self._table.get(keys.quota(user_id, month, ledger))
        return QuotaUse.model_validate(item) if item is not None else QuotaUse(month=month)

    def of_month(self, month: str) -> Iterator[OpenLedger]:
        """Iterate over the open ledgers of a month."""
        for entry in self._table.query(Key("due_kind").eq(keys.due_quota(month)), index=keys.DUE_INDEX):
            user_id, (kind, _, owner) = entry["due_at"], entry["pk"].partition("#")
            ledger = owner if kind == "LEDGER" else None
            yield OpenLedger(user_id, self.get(user_id, month, ledger), ledger)

    def close(self, ledger: OpenLedger, time: datetime) -> None:
        """Close a ledger of a past month; one with running generations stays open until they have ended."""
        write = self._table.update(
            keys.quota(ledger.user_id, ledger.use.month, ledger.ledger),
            change={"closed_at": timestamp(time), "ttl": int((time + _KEPT).timestamp())},
            remove=["due_kind", "due_at"],
            condition=Attr("reserved").eq(0) & Attr("closed_at").not_exists(),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return

    def release(self, ledger: str, time: datetime) -> None:
        """Delete the ledgers of an address, except this month's, which is kept without the user's ID."""
        this_month = keys.quota("", month_of(time), ledger)
        stored = [keys.Key(item["pk"], item["sk"]) for item in self._table.query(Key("pk").eq(this_month.pk))]
        self._table.delete_many([key for key in stored if key != this_month])
        if this_month not in stored:
            return
        write = self._table.update(
            this_month,
            change={"ttl": int((resets_at(time) + _KEPT_AFTER_DELETION).timestamp())},
            remove=["user_id", "due_kind", "due_at"],
        )
        self._table.write(write)

    def of_ledger(self, ledger: str) -> list[QuotaUse]:
        """Return the ledgers of an address."""
        pk = keys.quota("", "", ledger).pk
        return [QuotaUse.model_validate(item) for item in self._table.query(Key("pk").eq(pk))]
