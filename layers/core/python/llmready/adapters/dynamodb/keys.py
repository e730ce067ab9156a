"""The keys of the table, all in one place.

Everything of a user lies in the user's partition; UUIDv7 ids make a sort key also the order of time.
"""

import hashlib
from typing import NamedTuple

from llmready.domain.user import email_fingerprint

SITE = "SITE#"
GENERATION = "GEN#"
DUE_INDEX = "due"
BY_WEBSITE_INDEX = "by_website"
BY_STATUS_INDEX = "by_status"

# What the sparse index ``due`` holds: work that some scheduled function has to find.
DUE_ACTIVE = "active"
DUE_EXPIRY = "expiry"
DUE_MAIL = "mail"


class Key(NamedTuple):
    """Primary key of an item."""

    pk: str
    sk: str


def partition(user_id: str) -> str:
    """Return the partition of a user."""
    return f"USER#{user_id}"


def profile(user_id: str) -> Key:
    """Key of an account."""
    return Key(partition(user_id), "PROFILE")


def email(address: str) -> Key:
    """Key that makes an address unique."""
    return Key(f"EMAIL#{email_fingerprint(address)}", "EMAIL")


def family(user_id: str, family_id: str) -> Key:
    """Key of a refresh token family."""
    return Key(partition(user_id), f"FAMILY#{family_id}")


def website(user_id: str, website_id: str) -> Key:
    """Key of a website."""
    return Key(partition(user_id), SITE + website_id)


def website_url(user_id: str, canonical: str) -> Key:
    """Key that makes a canonical URL unique for a user."""
    return Key(partition(user_id), f"URL#{hashlib.sha256(canonical.encode()).hexdigest()}")


def generation(user_id: str, generation_id: str) -> Key:
    """Key of a generation."""
    return Key(partition(user_id), GENERATION + generation_id)


def quota(user_id: str, month: str) -> Key:
    """Key of a user's ledger of a month."""
    return Key(partition(user_id), f"QUOTA#{month}")


def mail(user_id: str, mail_id: str) -> Key:
    """Key of a mail in the outbox."""
    return Key(partition(user_id), f"MAIL#{mail_id}")


def limit(name: str, subject: str) -> Key:
    """Key of a limit's bucket."""
    return Key(f"LIMIT#{name}#{subject}", "LIMIT")


def lockout(fingerprint: str) -> Key:
    """Key of an address's failed logins."""
    return Key(f"LOCKOUT#{fingerprint}", "LOCKOUT")


def mutex(name: str) -> Key:
    """Key of a lease that one process holds."""
    return Key(f"MUTEX#{name}", "MUTEX")


def due_quota(month: str) -> str:
    """Value of ``due_kind`` for the open ledgers of a month."""
    return f"quota#{month}"
