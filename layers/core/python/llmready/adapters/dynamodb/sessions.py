"""Refresh token families in the table."""

import hashlib
from datetime import UTC, datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused
from llmready.adapters.dynamodb.users import is_account
from llmready.domain.clock import timestamp
from llmready.domain.sessions import Session
from llmready.ports.accounts import Rotation


class DynamoSessions:
    """Implements :class:`llmready.ports.accounts.Sessions`; token ids are stored hashed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(
        self,
        user_id: str,
        family: str,
        token_id: str,
        *,
        opened_at: datetime,
        expires_at: datetime,
        password_hash: str,
    ) -> bool:
        """Create a family with its first token.

        Return False if the account was deleted or its password was changed.
        """
        key = keys.family(user_id, family)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            "newest": _hashed(token_id),
            "opened_at": timestamp(opened_at),
            "ttl": int(expires_at.timestamp()),
        }
        unchanged = is_account() & Attr("password_hash").eq(password_hash)
        try:
            self._table.transact([self._table.check(keys.profile(user_id), unchanged), self._table.put(item)])
        except TransactionRefused:
            return False
        return True

    def rotate(self, user_id: str, family: str, rotation: Rotation) -> bool:
        """Replace the newest token of a family. If that is not allowed, revoke the family and return False."""
        old, new = _hashed(rotation.old), _hashed(rotation.new)
        write = self._table.update(
            keys.family(user_id, family),
            change={
                "newest": new,
                "previous": old,
                "rotated_at": timestamp(rotation.time),
                "grace": int(rotation.grace.total_seconds()),
                "ttl": int(rotation.expires_at.timestamp()),
            },
            condition=Attr("newest").eq(old),
        )
        try:
            self._table.write(write)
        except ConditionFailed as refused:
            stored = refused.item or {}
            replaced_by_the_same = (stored.get("previous"), stored.get("newest")) == (old, new)
            # Both uses must be cookie sessions: a program's token gets no grace period if it is later sent as a
            # cookie.
            grace = min(rotation.grace, timedelta(seconds=int(stored.get("grace", 0))))
            if replaced_by_the_same and timestamp(rotation.time - grace) < stored["rotated_at"]:
                return True
            self.close(user_id, family)
            return False
        return True

    def is_open(self, user_id: str, family: str, time: datetime) -> bool:
        """Return whether a family exists, has not expired and was not revoked."""
        item = self._table.get(keys.family(user_id, family))
        return item is not None and int(item["ttl"]) > time.timestamp()

    def of_user(self, user_id: str, time: datetime) -> list[Session]:
        """Return the sessions that have not expired, the last one used first."""
        items = self._table.query(_families(user_id))
        found = [_session(item) for item in items if int(item["ttl"]) > time.timestamp()]
        return sorted(found, key=lambda session: session.last_used_at, reverse=True)

    def close(self, user_id: str, family: str) -> bool:
        """Revoke a family. Return False if there is no such family."""
        key = keys.family(user_id, family)
        try:
            self._table.write(self._table.delete(key, condition=Attr("pk").exists()))
        except ConditionFailed:
            return False
        return True

    def close_all(self, user_id: str, *, but: str | None) -> None:
        """Revoke all families of an account but one."""
        found = [keys.Key(item["pk"], item["sk"]) for item in self._table.query(_families(user_id))]
        self._table.delete_many([key for key in found if key.sk != keys.FAMILY + (but or "")])


def _families(user_id: str) -> ConditionBase:
    return Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.FAMILY)


def _session(item: Item) -> Session:
    return Session(
        id=item["sk"].removeprefix(keys.FAMILY),
        opened_at=datetime.fromisoformat(item["opened_at"]),
        last_used_at=datetime.fromisoformat(str(item.get("rotated_at") or item["opened_at"])),
        expires_at=datetime.fromtimestamp(int(item["ttl"]), UTC),
    )


def _hashed(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
