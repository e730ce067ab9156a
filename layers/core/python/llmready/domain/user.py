"""A person with an account."""

import hashlib
import unicodedata

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.mail import MailPreferences
from llmready.domain.plans import Plan, plan_named


class User(BaseModel):
    """An account. The counters are kept by the transactions that change what they count.

    ``running_count`` counts generations that have not ended, ``slots_taken`` those of them that are not held.

    ``quota_ledger`` is the fingerprint of the address, under which the monthly ledgers are kept: they outlive the
    account. It is None for an account of version 0.1.0 that has not signed in since, whose ledgers are its own.

    Nothing runs for an account that was suspended at ``suspended_at``, and all its requests are refused.

    Tokens from before ``sessions_since`` are not accepted, but for those of the sign-in ``kept_family``, which
    changed the password.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    email: str
    password_hash: str
    full_name: str | None = None
    plan_name: str = "free"
    is_verified: bool = False
    created_at: Moment
    updated_at: Moment
    suspended_at: Moment | None = None
    sessions_since: Moment | None = None
    kept_family: str | None = None
    quota_ledger: str | None = None
    mail_preferences: MailPreferences = MailPreferences()
    key_count: int = 0
    website_count: int = 0
    active_website_count: int = 0
    running_count: int = 0
    slots_taken: int = 0
    listed_completed: int = 0
    listed_failed: int = 0
    listed_cancelled: int = 0
    generation_count: int = 0
    completed_count: int = 0
    failed_count: int = 0

    @property
    def plan(self) -> Plan:
        """The limits that hold for this user."""
        return plan_named(self.plan_name)

    @property
    def listed_total(self) -> int:
        """How many generations the user's history shows."""
        return self.running_count + self.listed_completed + self.listed_failed + self.listed_cancelled


def email_key(email: str) -> str:
    """Return the form under which an address is unique: composed, lower case, the domain included."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def email_fingerprint(email: str) -> str:
    """Return the hash of an address for keys and logs, so that they do not contain the address itself."""
    return hashlib.sha256(email_key(email).encode()).hexdigest()[:32]
