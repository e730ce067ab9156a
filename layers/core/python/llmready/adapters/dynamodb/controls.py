"""What operators set while the service runs: one record in the table."""

from collections.abc import Callable

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table
from llmready.domain.controls import Controls
from llmready.domain.errors import TryAgain

_TRIES = 8


def controls_from(item: Item | None) -> Controls:
    """Return the controls that a record holds; without a record nothing is switched on."""
    return Controls.model_validate(item or {})


class DynamoControls:
    """Implements :class:`llmready.ports.ControlsStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self) -> Controls:
        """Return the controls as they are now."""
        return controls_from(self._table.get(keys.CONTROLS))

    def change(self, changed: Callable[[Controls], Controls]) -> Controls:
        """Store what ``changed`` makes of the controls, and return that; two operators never undo each other.

        Raises:
            TryAgain: Others changed them again and again.
        """
        for _ in range(_TRIES):
            item = self._table.get(keys.CONTROLS)
            revision = item["revision"] if item else 0
            new = changed(controls_from(item))
            unchanged = Attr("revision").eq(revision) if item else Attr("pk").not_exists()
            stored = {
                "pk": keys.CONTROLS.pk,
                "sk": keys.CONTROLS.sk,
                "revision": revision + 1,
                **new.model_dump(mode="json"),
            }
            try:
                self._table.write(self._table.put(stored, unchanged))
            except ConditionFailed:
                continue
            return new
        raise TryAgain
