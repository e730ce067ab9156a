"""Accounts in the table."""

from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused
from llmready.domain.clock import timestamp
from llmready.domain.errors import NotFound
from llmready.domain.user import User


def user_from(item: Item | None) -> User | None:
    """Return the account that an item holds."""
    return User.model_validate(item) if item is not None else None


class DynamoUsers:
    """Implements :class:`llmready.ports.Users`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, user: User) -> bool:
        """Store a new account; return False when its address already has one."""
        key = keys.profile(user.id)
        profile = {"pk": key.pk, "sk": key.sk, **user.model_dump(mode="json", exclude_none=True)}
        claim = keys.email(user.email)
        absent = Attr("pk").not_exists()
        try:
            self._table.transact(
                [
                    self._table.put({"pk": claim.pk, "sk": claim.sk, "user_id": user.id}, absent),
                    self._table.put(profile, absent),
                ]
            )
        except TransactionRefused:
            return False
        return True

    def get(self, user_id: str) -> User | None:
        """Return an account."""
        return user_from(self._table.get(keys.profile(user_id)))

    def by_email(self, email: str) -> User | None:
        """Return the account of an address."""
        claim = self._table.get(keys.email(email))
        return self.get(claim["user_id"]) if claim is not None else None

    def rename(self, user_id: str, full_name: str | None, time: datetime) -> User:
        """Change the name of an account and return it."""
        return self._change(user_id, {"full_name": full_name}, time)

    def set_plan(self, user_id: str, plan_name: str, time: datetime) -> User:
        """Put an account on a plan and return it."""
        return self._change(user_id, {"plan_name": plan_name}, time)

    def _change(self, user_id: str, change: dict[str, Any], time: datetime) -> User:
        write = self._table.update(
            keys.profile(user_id),
            change={**change, "updated_at": timestamp(time)},
            condition=Attr("pk").exists(),
        )
        try:
            return User.model_validate(self._table.write(write))
        except ConditionFailed:
            raise NotFound("user_not_found", "There is no such account.") from None
