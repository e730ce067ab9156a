"""A person with an account."""

import hashlib
import unicodedata

import idna
from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.mail import MailPreferences
from llmready.domain.plans import Plan, plan_named

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class User(BaseModel):
    """An account. Each counter is updated in the transaction that changes what it counts.

    ``running_count`` is the number of generations that have not ended. ``slots_taken`` is the number of these
    generations that are not queued by plan limit.

    ``quota_ledger`` is the fingerprint of the email address. The monthly ledgers are stored under it, and
    they are kept after the account is deleted. It is None for an account of release 0.1.0 that has not signed
    in since. The ledgers of such an account are stored under the ID of the account.

    If ``suspended_at`` is set, the account is suspended: all its requests are refused, and nothing runs for it.

    Tokens that were issued before ``sessions_since`` are not accepted. The sign-in ``kept_family`` is exempt,
    because it changed the password.
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
        """The plan of this user."""
        return plan_named(self.plan_name)

    @property
    def listed_total(self) -> int:
        """Number of generations in the user's history."""
        return self.running_count + self.listed_completed + self.listed_failed + self.listed_cancelled


def email_key(email: str) -> str:
    """Return the form of an address that must be unique.

    The part before the ``@`` is in Unicode NFC and lower case. Domains are compared as DNS does: ``straße.de`` and
    ``strasse.de`` belong to different owners, although ``str.casefold`` makes them equal.
    """
    local, at, domain = unicodedata.normalize("NFC", email.strip()).rpartition("@")
    return f"{local.casefold()}{at}{_domain_key(domain)}"


def mailbox_of(email: str) -> str:
    """Return an address without the parts that do not select a mailbox.

    With most providers, ``ada+news@example.org`` leads to the mailbox of ``ada@example.org``. Gmail also ignores
    dots.
    """
    local, _, domain = email_key(email).rpartition("@")
    name = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{domain}"


def is_plain_address(email: str) -> bool:
    """Return whether an address has none of the parts that :func:`mailbox_of` removes."""
    return email_key(email).rpartition("@")[0] == mailbox_of(email).rpartition("@")[0]


def _domain_key(domain: str) -> str:
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except UnicodeError:  # also IDNAError
        return domain.lower()


def email_fingerprint(email: str) -> str:
    """Return the hash of an address. Keys and logs contain it instead of the address."""
    return hashlib.sha256(email_key(email).encode()).hexdigest()[:32]
