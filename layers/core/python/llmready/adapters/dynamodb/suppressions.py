"""Addresses that get no more mail, in the table under their fingerprints."""

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table
from llmready.domain.mail import Suppression


class DynamoSuppressions:
    """Implements :class:`llmready.ports.mail.Suppressions`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, fingerprint: str) -> Suppression | None:
        """Return why an address gets no more mail, or None if it gets mail."""
        item = self._table.get(keys.suppression(fingerprint))
        return Suppression.model_validate(item) if item is not None else None

    def put(self, fingerprint: str, suppression: Suppression) -> None:
        """Suppress an address; an earlier reason is kept."""
        key = keys.suppression(fingerprint)
        item = {"pk": key.pk, "sk": key.sk, **suppression.model_dump(mode="json")}
        try:
            self._table.write(self._table.put(item, Attr("pk").not_exists()))
        except ConditionFailed:
            return

    def remove(self, fingerprint: str) -> None:
        """Allow mail to an address again."""
        self._table.write(self._table.delete(keys.suppression(fingerprint)))
