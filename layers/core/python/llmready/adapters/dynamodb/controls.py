"""The controls of operators, in one item of the table."""

from collections.abc import Callable, Iterator

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.audit import audit_item, audit_records
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused
from llmready.domain.audit import AuditRecord
from llmready.domain.controls import Controls
from llmready.domain.errors import TryAgain

_TRIES = 8
_SUBJECT = "CONTROLS"  # used in place of a user ID in the keys of audit records


def controls_from(item: Item | None) -> Controls:
    """Return the controls of an item; without an item, nothing is paused or blocked."""
    return Controls.model_validate(item or {})


class DynamoControls:
    """Implements :class:`llmready.ports.controls.ControlsStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self) -> Controls:
        """Return the current controls."""
        return controls_from(self._table.get(keys.CONTROLS))

    def change(self, changed: Callable[[Controls], Controls], record: AuditRecord | None = None) -> Controls:
        """Store changed controls and return them. Concurrent changes do not overwrite each other.

        Args:
            changed: Returns the new controls for the old ones; equal controls are not stored.
            record: Audit record that is stored with the change.

        Raises:
            TryAgain: Other processes changed the controls during each attempt.
        """
        for _ in range(_TRIES):
            item = self._table.get(keys.CONTROLS)
            revision = item["revision"] if item else 0
            old = controls_from(item)
            new = changed(old)
            if new == old:
                return old
            unchanged = Attr("revision").eq(revision) if item else Attr("pk").not_exists()
            stored = {
                "pk": keys.CONTROLS.pk,
                "sk": keys.CONTROLS.sk,
                "revision": revision + 1,
                **new.model_dump(mode="json"),
            }
            writes = [self._table.put(stored, unchanged)]
            if record is not None:
                told = audit_item(_SUBJECT, record.event, record.at, by=record.by, after=record.after)
                writes.append(self._table.put(told))
            try:
                self._table.transact(writes)
            except TransactionRefused:
                continue
            return new
        raise TryAgain

    def audit(self) -> Iterator[AuditRecord]:
        """Iterate over the changes of operators, newest first."""
        return audit_records(self._table, _SUBJECT)
