"""API keys in the table.

A key has two items that are written together. The item in the user's partition serves to list, export and
delete the key. The item under the key's SHA-256 serves requests, which find it with one consistent read.
"""

from datetime import datetime

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused
from llmready.adapters.dynamodb.users import is_account
from llmready.domain.api_keys import ApiKey
from llmready.domain.clock import timestamp
from llmready.domain.errors import Forbidden, NotFound


class DynamoApiKeys:
    """Implements :class:`llmready.ports.accounts.ApiKeys`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, key: ApiKey, *, limit: int) -> None:
        """Store a new key and increment the counter in one transaction."""
        room = Attr("key_count").not_exists() | Attr("key_count").lt(limit)
        count = self._table.update(
            keys.profile(key.user_id), add={"key_count": 1}, condition=is_account() & room
        )
        absent = Attr("pk").not_exists()
        try:
            self._table.transact([count, *(self._table.put(item, absent) for item in _items(key))])
        except TransactionRefused as refused:
            profile = refused.failed[0]
            if not profile or "deleted_at" in profile:
                raise NotFound("user_not_found", "There is no such account.") from None
            raise Forbidden(
                "plan_limit", f"An account can have at most {limit} API keys; delete one to create another."
            ) from None

    def by_digest(self, digest: str) -> ApiKey | None:
        """Return the key with this SHA-256, or None."""
        return _key_from(self._table.get(keys.api_key_by_digest(digest)))

    def of_user(self, user_id: str) -> list[ApiKey]:
        """Return the API keys of a user, newest first."""
        condition = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.API_KEY)
        return [ApiKey.model_validate(item) for item in self._table.query(condition, newest_first=True)]

    def delete(self, user_id: str, key_id: str) -> bool:
        """Delete a key. Return False if the user has no such key."""
        found = _key_from(self._table.get(keys.api_key(user_id, key_id)))
        if found is None:
            return False
        exists = Attr("pk").exists()
        try:
            self._table.transact(
                [
                    self._table.delete(keys.api_key(user_id, key_id), exists),
                    self._table.delete(keys.api_key_by_digest(found.digest)),
                    self._table.update(keys.profile(user_id), add={"key_count": -1}, condition=exists),
                ]
            )
        except TransactionRefused:
            return False
        return True

    def note_use(self, key: ApiKey, time: datetime) -> None:
        """Store when a key was used last. A key that was deleted in the meantime stays deleted."""
        exists = Attr("pk").exists()
        places = (keys.api_key(key.user_id, key.id), keys.api_key_by_digest(key.digest))
        change = {"last_used_at": timestamp(time)}
        try:
            self._table.transact(
                [self._table.update(place, change=change, condition=exists) for place in places]
            )
        except TransactionRefused:
            return


def _items(key: ApiKey) -> list[Item]:
    stored = key.model_dump(mode="json", exclude_none=True)
    places = (keys.api_key(key.user_id, key.id), keys.api_key_by_digest(key.digest))
    return [{"pk": place.pk, "sk": place.sk, **stored} for place in places]


def _key_from(item: Item | None) -> ApiKey | None:
    return ApiKey.model_validate(item) if item is not None else None
