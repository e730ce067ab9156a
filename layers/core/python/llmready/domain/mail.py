"""Mails of the outbox, which stay there until the provider accepts them."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment


class MailKind(StrEnum):
    """Kinds of mails. Each has a folder of templates."""

    VERIFY_EMAIL = "verify_email"
    ACCOUNT_EXISTS = "account_exists"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the mail's name
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the mail's name
    GENERATION_COMPLETE = "generation_complete"
    GENERATION_FAILED = "generation_failed"
    QUOTA_RESET = "quota_reset"
    SCHEDULE_STOPPED = "schedule_stopped"
    SCHEDULE_SKIPPED = "schedule_skipped"
    WEBHOOK_DISABLED = "webhook_disabled"


class Preference(StrEnum):
    """Kinds of mails that a user can turn off. All other mails concern the account and are always sent."""

    GENERATIONS = "generations"
    QUOTA_RESET = "quota_reset"


class MailPreferences(BaseModel):
    """The kinds of mails that a user receives."""

    model_config = ConfigDict(frozen=True)

    generations: bool = True
    quota_reset: bool = False

    def want(self, kind: MailKind) -> bool:
        """Return whether the user receives mails of a kind."""
        preference = PREFERENCES.get(kind)
        return preference is None or bool(getattr(self, preference))


PREFERENCES = {
    MailKind.GENERATION_COMPLETE: Preference.GENERATIONS,
    MailKind.GENERATION_FAILED: Preference.GENERATIONS,
    MailKind.QUOTA_RESET: Preference.QUOTA_RESET,
    MailKind.SCHEDULE_STOPPED: Preference.GENERATIONS,
    MailKind.SCHEDULE_SKIPPED: Preference.GENERATIONS,
}


ACCOUNT_MAILS = frozenset(
    {
        MailKind.VERIFY_EMAIL,
        MailKind.ACCOUNT_EXISTS,
        MailKind.RESET_PASSWORD,
        MailKind.PASSWORD_CHANGED,
    }
)
"""The only emails that an unconfirmed address gets. They contain no text that a user chose."""

ACCOUNT_MAILS_AN_HOUR = 5
"""Maximum number of account mails to one address within an hour, whatever their cause."""

RESERVED_FOR_RESETS = 1
"""How many of them are reserved for password resets."""


MAILBOX_MAILS_AN_HOUR = 30
"""Maximum number of account mails to one mailbox within an hour for all accounts that are not confirmed.

Mails to its plain address are not counted.

Anybody can sign up with any number of addresses that lead to one mailbox, such as ``ada+1@example.org``.
"""


class SuppressionReason(StrEnum):
    """Why an address gets no more mail."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Suppression(BaseModel):
    """A record that an address gets no more mail."""

    model_config = ConfigDict(frozen=True)

    reason: SuppressionReason
    since: Moment


class MailRefused(Exception):
    """The provider refuses this mail permanently. A retry cannot succeed."""


class OutboxMail(BaseModel):
    """A mail to be sent. Its text is rendered when it is sent, from the records that it refers to.

    ``confirmed_address`` is True if the change that the mail reports also confirmed the address of the account.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    kind: MailKind
    generation_id: str | None = None
    webhook_url: str | None = None
    confirmed_address: bool = False
    correlation_id: str = ""
    created_at: Moment
    due_at: Moment
    attempts: int = 0
    sent_at: Moment | None = None

    def held_back(self, until: datetime) -> "OutboxMail":
        """Return a copy of this email that is delayed until the limit of its address allows another email.

        At most one email of each kind is delayed; a newer one replaces it.
        """
        return self.model_copy(update={"id": held_back_id(self.kind), "due_at": until, "attempts": 0})


def held_back_id(kind: MailKind) -> str:
    """Return the ID under which a delayed account mail of a kind is stored."""
    return f"held-back-{kind}"


class Message(BaseModel):
    """A rendered mail. ``unsubscribe_url`` turns off mails of its kind. It is None for account mails."""

    model_config = ConfigDict(frozen=True)

    kind: MailKind
    to: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers for unsubscribing with one click in a mail program (RFC 2369, RFC 8058)."""
        if self.unsubscribe_url is None:
            return {}
        return {
            "List-Unsubscribe": f"<{self.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
