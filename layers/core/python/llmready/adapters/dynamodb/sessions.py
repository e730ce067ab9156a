"""Refresh token families in the table."""

import hashlib
from datetime import datetime

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Table


class DynamoSessions:
    """Implements :class:`llmready.ports.Sessions`; token ids are stored hashed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, user_id: str, family: str, token_id: str, expires_at: datetime) -> None:
        """Begin a family with its first token."""
        key = keys.family(user_id, family)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            "newest": _hashed(token_id),
            "ttl": int(expires_at.timestamp()),
        }
        self._table.write(self._table.put(item))

    def rotate(self, user_id: str, family: str, old: str, new: str, expires_at: datetime) -> bool:
        """Replace the newest token; return False, with the family revoked, when ``old`` is not the newest."""
        write = self._table.update(
            keys.family(user_id, family),
            change={"newest": _hashed(new), "ttl": int(expires_at.timestamp())},
            condition=Attr("newest").eq(_hashed(old)),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            self.close(user_id, family)
            return False
        return True

    def close(self, user_id: str, family: str) -> None:
        """Revoke a family."""
        self._table.write(self._table.delete(keys.family(user_id, family)))


def _hashed(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
