"""Records of the texts that clients of the Firecrawl-compatible endpoint requested, in the table."""

from datetime import datetime, timedelta

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Table

_KEPT = timedelta(days=30)


class DynamoTextRequests:
    """Implements :class:`llmready.ports.generations.TextRequests`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def remember(self, user_id: str, generation_id: str, *, full: bool, time: datetime) -> None:
        """Store the request in a separate item, because workers replace the generation's item."""
        key = keys.text_request(user_id, generation_id)
        item = {"pk": key.pk, "sk": key.sk, "full": full, "ttl": int((time + _KEPT).timestamp())}
        self._table.write(self._table.put(item))

    def wants_full(self, user_id: str, generation_id: str) -> bool:
        """Return whether the full text was requested."""
        item = self._table.get(keys.text_request(user_id, generation_id))
        return bool(item and item.get("full"))
