"""Accounts, sign-ins, one-use tokens from emails and data exports."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from llmready.domain.api_keys import ApiKey
from llmready.domain.audit import AuditRecord
from llmready.domain.mail import MailPreferences, OutboxMail
from llmready.domain.mail_tokens import MailToken, Purpose
from llmready.domain.sessions import Session
from llmready.domain.user import User


class AccountDeletion(NamedTuple):
    """An account that is being deleted."""

    user_id: str
    deleted_at: datetime


class Users(Protocol):
    """Accounts, unique by email address."""

    def create(self, user: User, welcome: OutboxMail | None = None) -> bool:
        """Store a new account together with its first email.

        Args:
            user: The new account.
            welcome: An email that is stored in the outbox in the same transaction.

        Returns:
            False if the email address already has an account; nothing is stored then.
        """

    def get(self, user_id: str) -> User | None:
        """Return an account, or None if it does not exist or is being deleted."""

    def by_email(self, email: str) -> User | None:
        """Return the account with this email address, or None.

        Makes the same number of requests in both cases to prevent enumeration.
        """

    def by_fingerprint(self, fingerprint: str) -> User | None:
        """Return the account whose email address has this fingerprint, or None."""

    def rename(self, user_id: str, full_name: str | None, time: datetime) -> User:
        """Set the full name of an account and return the changed account.

        Raises:
            NotFound: The account does not exist.
        """

    def set_mail_preferences(self, user_id: str, preferences: MailPreferences, time: datetime) -> User:
        """Set which emails a user receives and return the changed account.

        Raises:
            NotFound: The account does not exist.
        """

    def set_plan(self, user: User, plan_name: str, time: datetime, *, by: str) -> User:
        """Change the plan of an account, write an audit record and return the changed account.

        Args:
            user: The account as it was read.
            plan_name: Name of the new plan.
            time: Time of the change.
            by: Identity of the operator who makes the change.

        Raises:
            Conflict: The plan changed since the account was read.
        """

    def suspend(self, user_id: str, time: datetime, *, by: str) -> None:
        """Mark an account as suspended and write an audit record. Does nothing if it is suspended already.

        Args:
            user_id: ID of the account.
            time: Time of the suspension.
            by: Identity of the operator.

        Raises:
            NotFound: The account does not exist.
        """

    def resume(self, user_id: str, time: datetime, *, by: str) -> None:
        """Remove the mark of a suspended account and write an audit record. Does nothing if it has none.

        Raises:
            NotFound: The account does not exist.
        """

    def record_event(self, user_id: str, event: str, time: datetime, *, by: str, after: str) -> None:
        """Write an audit record about an account.

        Args:
            user_id: ID of the account.
            event: Name of the event, such as ``requeue``.
            time: Time of the event.
            by: Identity of the operator.
            after: What the event was applied to, or the new value.
        """

    def audit(self, user_id: str) -> Iterator[AuditRecord]:
        """Iterate over the audit records of an account, newest first."""

    def verify(self, token: MailToken, time: datetime) -> bool:
        """Mark an email address as confirmed and use up the token.

        Returns:
            False if the token is unknown, used or expired.
        """

    def reset_password(
        self, token: MailToken, password_hash: str, notice: OutboxMail, time: datetime
    ) -> bool:
        """Store a new password, use up the token and revoke all sessions.

        Args:
            token: The token from the password reset email.
            password_hash: Hash of the new password.
            notice: The email that tells the user about the change; stored in the same transaction.
            time: Time of the change.

        Returns:
            False if the token is unknown, used or expired.
        """

    def change_password(
        self, user: User, password_hash: str, notice: OutboxMail, time: datetime, *, kept_family: str | None
    ) -> bool:
        """Replace the password of an account and revoke its other sessions.

        Args:
            user: The account as it was read, with the old password hash.
            password_hash: Hash of the new password.
            notice: The email that tells the user about the change; stored in the same transaction.
            time: Time of the change.
            kept_family: Refresh token family that stays valid, or None to revoke all.

        Returns:
            False if the account or its password changed since it was read.
        """

    def set_quota_ledger(self, user: User, ledger: str) -> None:
        """Store the ledgers of an account from version 0.1.0 under the fingerprint of its address from now on."""

    def rehash(self, user: User, password_hash: str) -> None:
        """Store the same password hashed with new parameters, unless the password changed since it was read."""

    def mark_deleted(self, user: User, time: datetime) -> bool:
        """Remove the personal data of an account, free its email address and schedule the rest of its deletion.

        Returns:
            False if the account is marked as deleted already.
        """

    def deleted(self, time: datetime) -> Iterator[AccountDeletion]:
        """Iterate over the account deletions that are due at ``time``."""

    def postpone_deletion(self, user_id: str, time: datetime) -> None:
        """Make :meth:`deleted` return this deletion again from ``time`` on."""

    def remove_some(self, user_id: str) -> bool:
        """Delete one batch of the items of a deleted account, except its deletion mark.

        Returns:
            False if no items are left.
        """

    def remove_mark(self, user_id: str) -> None:
        """Delete the deletion mark, which is the last item of a deleted account."""


class Rotation(NamedTuple):
    """The use of a refresh token.

    Attributes:
        old: ID of the token that was presented.
        new: ID of its successor.
        time: When it was presented.
        expires_at: When the successor expires.
        grace: How long ``old`` is still accepted after it was replaced.
    """

    old: str
    new: str
    time: datetime
    expires_at: datetime
    grace: timedelta


class Sessions(Protocol):
    """Refresh token families. Each login creates one family. Only its newest token is valid."""

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

        Args:
            user_id: ID of the account.
            family: ID of the new family.
            token_id: ID (``jti``) of the first refresh token.
            opened_at: Time of the login.
            expires_at: When the token expires.
            password_hash: The stored hash with which the password was checked.

        Returns:
            False if the account does not exist, or its password was changed meanwhile.
        """

    def rotate(self, user_id: str, family: str, rotation: Rotation) -> bool:
        """Replace the newest token of a family.

        Args:
            user_id: ID of the account.
            family: ID of the family.
            rotation: The token that was presented and its successor.

        Returns:
            True if the token was replaced, or had been replaced by the same successor within the grace period. False
            otherwise. The family is revoked then.
        """

    def is_open(self, user_id: str, family: str, time: datetime) -> bool:
        """Return whether a family exists and has not expired; read with strong consistency."""

    def of_user(self, user: User, time: datetime) -> list[Session]:
        """Return the open sessions of an account at ``time``, the last one used first.

        Reads only the newest :data:`llmready.domain.sessions.MOST_SESSIONS`.
        """

    def close(self, user_id: str, family: str) -> bool:
        """Revoke a family. Return False if there is no such family."""

    def close_all(self, user_id: str, *, but: str | None) -> None:
        """Revoke the families of an account, except the family ``but``.

        If a version without the limit of sessions left thousands of them, the oldest stay stored. The time of the new
        password makes their tokens invalid.
        """

    def close_oldest(self, user_id: str) -> None:
        """Revoke the oldest families of an account above :data:`llmready.domain.sessions.MOST_SESSIONS`.

        If there are thousands of them, some are left for the next call.

        Raises:
            TryAgain: The table is busy.
        """


class ApiKeys(Protocol):
    """API keys, found by their digest and listed by their user."""

    def create(self, key: ApiKey, *, limit: int) -> None:
        """Store a new key.

        Args:
            key: The new key.
            limit: The greatest number of keys that the user may have.

        Raises:
            Forbidden: The user already has ``limit`` keys.
            NotFound: The account does not exist.
        """

    def by_digest(self, digest: str) -> ApiKey | None:
        """Return the key with this SHA-256 in hexadecimal, in one consistent read, or None."""

    def of_user(self, user_id: str) -> list[ApiKey]:
        """Return the keys of a user, newest first."""

    def delete(self, user_id: str, key_id: str) -> bool:
        """Delete a key, which is refused from then on.

        Returns:
            False if the user has no such key.
        """

    def note_use(self, key: ApiKey, time: datetime) -> None:
        """Store when a key was used last. Does nothing if the key was deleted in the meantime."""


class MailTokens(Protocol):
    """One-use tokens that are sent in emails."""

    def issue(self, user_id: str, purpose: Purpose, time: datetime) -> str:
        """Create a token for an account and return it. Only its hash is stored."""

    def revoke_resets(self, user_id: str) -> None:
        """Delete the tokens for password resets of an account. Tokens that confirm the address stay valid."""


class ExportPage(NamedTuple):
    """One page of the data that is stored about a user: by kind, the records in their public form."""

    records: dict[str, list[dict[str, Any]]]
    next_cursor: str | None


class Exports(Protocol):
    """All data that is stored about a user."""

    def page(self, user_id: str, cursor: str | None) -> ExportPage:
        """Return the page after ``cursor``, or the first page if ``cursor`` is None.

        Raises:
            Invalid: The cursor was not created by this list.
        """
