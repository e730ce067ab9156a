"""Refresh token families in the table."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused
from llmready.adapters.dynamodb.users import is_account
from llmready.domain.clock import timestamp
from llmready.domain.sessions import MOST_SESSIONS, Session
from llmready.domain.user import User
from llmready.ports.accounts import Rotation

# An account from before the limit of sessions may have any number of them.
_ENDED_AT_ONCE = 1_000


class DynamoSessions:
    """Implements :class:`llmready.ports.accounts.Sessions`; token ids are stored hashed.

    IDs of families are UUIDv7, so the order of their keys is the order of the sign-ins.
    """

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

    def of_user(self, user: User, time: datetime) -> list[Session]:
        """Return the open ones among the newest sessions of an account, the last one used first."""
        found = [_session(item) for item in self._newest(user.id, 0, MOST_SESSIONS)]
        still_open = [session for session in found if _is_open(session, user, time)]
        return sorted(still_open, key=lambda session: session.last_used_at, reverse=True)

    def close(self, user_id: str, family: str) -> bool:
        """Revoke a family. Return False if there is no such family."""
        key = keys.family(user_id, family)
        try:
            self._table.write(self._table.delete(key, condition=Attr("pk").exists()))
        except ConditionFailed:
            return False
        return True

    def close_all(self, user_id: str, *, but: str | None) -> None:
        """Revoke the newest families of an account but one. The limit of sessions leaves no others."""
        found = [keys.Key(item["pk"], item["sk"]) for item in self._newest(user_id, 0, _ENDED_AT_ONCE)]
        self._table.delete_many([key for key in found if key.sk != keys.FAMILY + (but or "")])

    def close_oldest(self, user_id: str) -> None:
        """Revoke the newest families beyond the limit of sessions."""
        found = self._newest(user_id, MOST_SESSIONS, _ENDED_AT_ONCE)
        self._table.delete_many([keys.Key(item["pk"], item["sk"]) for item in found])

    def _newest(self, user_id: str, skipped: int, most: int) -> Iterator[Item]:
        families = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.FAMILY)
        end = skipped + most
        return islice(self._table.query(families, newest_first=True, page_size=end), skipped, end)


def _is_open(session: Session, user: User, time: datetime) -> bool:
    """Return whether a session has neither expired nor been ended by a new password."""
    is_older = user.sessions_since is not None and session.last_used_at < user.sessions_since
    return session.expires_at > time and (not is_older or session.id == user.kept_family)


def _session(item: Item) -> Session:
    return Session(
        id=item["sk"].removeprefix(keys.FAMILY),
        opened_at=datetime.fromisoformat(item["opened_at"]),
        last_used_at=datetime.fromisoformat(str(item.get("rotated_at") or item["opened_at"])),
        expires_at=datetime.fromtimestamp(int(item["ttl"]), UTC),
    )


def _hashed(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
