"""Accounts in the table."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.audit import audit_item, audit_records
from llmready.adapters.dynamodb.outbox import outbox_item
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused, Write
from llmready.domain.audit import AuditRecord
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, NotFound
from llmready.domain.mail import MailPreferences, OutboxMail
from llmready.domain.mail_tokens import MailToken, Purpose
from llmready.domain.user import User, email_fingerprint
from llmready.ports.accounts import AccountDeletion

# Read if an address has no account, so that the look-up takes as long as for an existing account.
_NOBODY = "00000000-0000-0000-0000-000000000000"
_DELETED_AT_ONCE = 200


def user_from(item: Item | None) -> User | None:
    """Return the account of an item, or None if there is none or it is being deleted."""
    return User.model_validate(item) if item is not None and "deleted_at" not in item else None


def may_start() -> ConditionBase:
    """Return the condition on a profile that the account may start generations."""
    return is_account() & Attr("suspended_at").not_exists()


def is_account() -> ConditionBase:
    """Return the condition on a profile that the account exists and is not being deleted."""
    return Attr("pk").exists() & Attr("deleted_at").not_exists()


class DynamoUsers:
    """Implements :class:`llmready.ports.accounts.Users`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, user: User, welcome: OutboxMail | None = None) -> bool:
        """Store a new account with its first mail. Return False if the address already has an account."""
        key = keys.profile(user.id)
        profile = {"pk": key.pk, "sk": key.sk, **user.model_dump(mode="json", exclude_none=True)}
        claim = keys.email(email_fingerprint(user.email))
        absent = Attr("pk").not_exists()
        writes = [
            self._table.put({"pk": claim.pk, "sk": claim.sk, "user_id": user.id}, absent),
            self._table.put(profile, absent),
        ]
        if welcome is not None:
            writes.append(self._table.put(outbox_item(welcome), absent))
        try:
            self._table.transact(writes)
        except TransactionRefused:
            return False
        return True

    def get(self, user_id: str) -> User | None:
        """Return an account."""
        return user_from(self._table.get(keys.profile(user_id)))

    def by_email(self, email: str) -> User | None:
        """Return the account with an address, or None. Takes equally long in both cases."""
        return self.by_fingerprint(email_fingerprint(email))

    def by_fingerprint(self, fingerprint: str) -> User | None:
        """Return the account whose address has this fingerprint, or None."""
        claim = self._table.get(keys.email(fingerprint)) or {}
        return self.get(claim.get("user_id", _NOBODY))

    def rename(self, user_id: str, full_name: str | None, time: datetime) -> User:
        """Change the name of an account and return it."""
        return self._change(user_id, {"full_name": full_name}, time)

    def set_mail_preferences(self, user_id: str, preferences: MailPreferences, time: datetime) -> User:
        """Set which mails a user receives, and return the account."""
        return self._change(user_id, {"mail_preferences": preferences.model_dump()}, time)

    def set_plan(self, user: User, plan_name: str, time: datetime, *, by: str) -> User:
        """Change the plan of an account, write an audit record, and return the changed account."""
        change = self._table.update(
            keys.profile(user.id),
            change={"plan_name": plan_name, "updated_at": timestamp(time)},
            condition=is_account() & Attr("plan_name").eq(user.plan_name),
        )
        record = audit_item(user.id, "plan_changed", time, by=by, before=user.plan_name, after=plan_name)
        gone = NotFound("user_not_found", "There is no such account.")
        try:
            self._table.transact([change, self._table.put(record)])
        except TransactionRefused:
            if self.get(user.id) is None:
                raise gone from None
            raise Conflict(
                "plan_changed", "Another operator changed the plan at the same time; check it and try again."
            ) from None
        changed = self.get(user.id)
        if changed is None:
            raise gone
        return changed

    def suspend(self, user_id: str, time: datetime, *, by: str) -> None:
        """Mark an account as suspended and write an audit record. Do nothing if it is already suspended."""
        change = self._table.update(
            keys.profile(user_id),
            change={"suspended_at": timestamp(time), "updated_at": timestamp(time)},
            condition=may_start(),
        )
        self._change_recorded(user_id, change, audit_item(user_id, "account_suspended", time, by=by))

    def resume(self, user_id: str, time: datetime, *, by: str) -> None:
        """Remove the mark of a suspended account and write an audit record."""
        change = self._table.update(
            keys.profile(user_id),
            change={"updated_at": timestamp(time)},
            remove=["suspended_at"],
            condition=is_account() & Attr("suspended_at").exists(),
        )
        self._change_recorded(user_id, change, audit_item(user_id, "account_resumed", time, by=by))

    def _change_recorded(self, user_id: str, change: Write, record: Item) -> None:
        try:
            self._table.transact([change, self._table.put(record)])
        except TransactionRefused:
            if self.get(user_id) is None:
                raise NotFound("user_not_found", "There is no such account.") from None

    def all(self) -> Iterator[User]:
        """Iterate over all accounts in no particular order.

        Reads the whole table, so only operator commands call it.
        """
        for item in self._table.scan(Attr("sk").eq(keys.profile("").sk)):
            user = user_from(item)
            if user is not None:
                yield user

    def record_event(self, user_id: str, event: str, time: datetime, *, by: str, after: str) -> None:
        """Write an audit record about an operator's action."""
        self._table.write(self._table.put(audit_item(user_id, event, time, by=by, after=after)))

    def audit(self, user_id: str) -> Iterator[AuditRecord]:
        """Iterate over the audit records of an account, newest first."""
        return audit_records(self._table, user_id)

    def verify(self, token: MailToken, time: datetime) -> bool:
        """Mark an address as confirmed and use up the token. Return False if the token is not valid."""
        change = {"is_verified": True, "updated_at": timestamp(time)}
        return self._with_token(token, Purpose.VERIFY_EMAIL, change, [], time)

    def reset_password(
        self, token: MailToken, password_hash: str, notice: OutboxMail, time: datetime
    ) -> bool:
        """Store a new password, use up the token and revoke all sessions. Return False if the token is not valid.

        The token proves access to the mailbox, so the address is marked as confirmed as well.
        """
        change = {**_new_password(password_hash, None, time), "is_verified": True}
        others = [
            self._table.put(outbox_item(notice), Attr("pk").not_exists()),
            self._table.put(audit_item(notice.user_id, "password_reset", time)),
        ]
        return self._with_token(token, Purpose.RESET_PASSWORD, change, others, time)

    def change_password(
        self, user: User, password_hash: str, notice: OutboxMail, time: datetime, *, kept_family: str | None
    ) -> bool:
        """Replace the password with which ``user`` was read, and revoke all other sessions."""
        update = self._table.update(
            keys.profile(user.id),
            change=_new_password(password_hash, kept_family, time),
            condition=is_account() & Attr("password_hash").eq(user.password_hash),
        )
        try:
            self._table.transact(
                [
                    update,
                    self._table.put(outbox_item(notice), Attr("pk").not_exists()),
                    self._table.put(audit_item(user.id, "password_changed", time)),
                ]
            )
        except TransactionRefused:
            return False
        return True

    def set_quota_ledger(self, user: User, ledger: str) -> None:
        """Store the ledgers of an account from version 0.1.0 under the fingerprint of its address from now on."""
        write = self._table.update(
            keys.profile(user.id), change={"quota_ledger": ledger}, condition=is_account()
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # it is being deleted

    def rehash(self, user: User, password_hash: str) -> None:
        """Store the same password hashed with new parameters, unless it was changed meanwhile."""
        write = self._table.update(
            keys.profile(user.id),
            change={"password_hash": password_hash},
            condition=is_account() & Attr("password_hash").eq(user.password_hash),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return

    def mark_deleted(self, user: User, time: datetime) -> bool:
        """Remove the personal data of an account and free its address. Return False if that was done before.

        The remaining item marks the account as being deleted, and :meth:`deleted` returns it.
        """
        personal = ("email", "password_hash", "full_name", "quota_ledger", "kept_family", "sessions_since")
        mark = self._table.update(
            keys.profile(user.id),
            change={
                "deleted_at": timestamp(time),
                "due_kind": keys.DUE_DELETION,
                "due_at": timestamp(time),
            },
            remove=personal,
            condition=is_account(),
        )
        free = self._table.delete(
            keys.email(email_fingerprint(user.email)),
            Attr("user_id").eq(user.id) | Attr("pk").not_exists(),
        )
        try:
            self._table.transact([mark, free, self._table.put(audit_item(user.id, "account_deleted", time))])
        except TransactionRefused:
            return False
        return True

    def deleted(self, time: datetime) -> Iterator[AccountDeletion]:
        """Iterate over the deletions that must be continued at ``time``."""
        condition = Key("due_kind").eq(keys.DUE_DELETION) & Key("due_at").lte(timestamp(time))
        for entry in self._table.query(condition, index=keys.DUE_INDEX):
            mark = self._table.get(keys.Key(entry["pk"], entry["sk"]))
            if mark is not None and "deleted_at" in mark:
                yield AccountDeletion(mark["id"], datetime.fromisoformat(mark["deleted_at"]))

    def postpone_deletion(self, user_id: str, time: datetime) -> None:
        """Make :meth:`deleted` return a deletion again from ``time`` on."""
        write = self._table.update(
            keys.profile(user_id), change={"due_at": timestamp(time)}, condition=Attr("deleted_at").exists()
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # another was faster

    def remove_some(self, user_id: str) -> bool:
        """Delete one batch of the items of a deleted account, except its mark. Return False if none are left."""
        mark = keys.profile(user_id)
        some = islice(self._table.query(Key("pk").eq(mark.pk), page_size=_DELETED_AT_ONCE), _DELETED_AT_ONCE)
        found = [item for item in some if (item["pk"], item["sk"]) != mark]
        # An API key's second item is outside the partition. It is deleted first, because the other item is needed to
        # find it.
        self._table.delete_many(
            [
                keys.api_key_by_digest(item["digest"])
                for item in found
                if item["sk"].startswith(keys.API_KEY) and "digest" in item
            ]
        )
        self._table.delete_many([keys.Key(item["pk"], item["sk"]) for item in found])
        return bool(found)

    def remove_mark(self, user_id: str) -> None:
        """Delete the mark, which is the last item of a deleted account."""
        write = self._table.delete(keys.profile(user_id), Attr("deleted_at").exists())
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # another was faster

    def _with_token(
        self, token: MailToken, purpose: Purpose, change: dict[str, Any], others: list[Write], time: datetime
    ) -> bool:
        use = self._table.delete(
            keys.mail_token(token.user_id, purpose, token.digest), Attr("expires_at").gt(timestamp(time))
        )
        profile = self._table.update(keys.profile(token.user_id), change=change, condition=is_account())
        try:
            self._table.transact([use, profile, *others])
        except TransactionRefused:
            return False
        return True

    def _change(self, user_id: str, change: dict[str, Any], time: datetime) -> User:
        write = self._table.update(
            keys.profile(user_id),
            change={**change, "updated_at": timestamp(time)},
            condition=is_account(),
        )
        try:
            return User.model_validate(self._table.write(write))
        except ConditionFailed:
            raise NotFound("user_not_found", "There is no such account.") from None


def _new_password(password_hash: str, kept_family: str | None, time: datetime) -> dict[str, Any]:
    return {
        "password_hash": password_hash,
        "sessions_since": timestamp(time),
        "kept_family": kept_family,
        "updated_at": timestamp(time),
    }
