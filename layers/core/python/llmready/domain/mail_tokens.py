"""Single-use tokens in mails. Possession of a token proves access to the account's mailbox."""

import base64
import binascii
import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from llmready.domain.mail import MailKind

_SECRET_BYTES = 32
_LENGTH = 64  # characters of base64url for 48 bytes: the user's ID and the secret


class Purpose(StrEnum):
    """What a token can be used for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - what it is for


LIFETIMES = {Purpose.VERIFY_EMAIL: timedelta(days=3), Purpose.RESET_PASSWORD: timedelta(hours=1)}


PURPOSES = {
    MailKind.VERIFY_EMAIL: Purpose.VERIFY_EMAIL,
    MailKind.RESET_PASSWORD: Purpose.RESET_PASSWORD,
    MailKind.ACCOUNT_EXISTS: Purpose.RESET_PASSWORD,
}
"""What the token of an email is for."""


class MailToken(NamedTuple):
    """A presented token: the ID of its user, and its stored hash."""

    user_id: str
    digest: str


def new_mail_token(user_id: str) -> str:
    """Return a new token of a user, in the form that the mail contains."""
    return base64.urlsafe_b64encode(UUID(user_id).bytes + secrets.token_bytes(_SECRET_BYTES)).decode()


def read_mail_token(text: str) -> MailToken | None:
    """Return the claims of a presented token, or None if it is malformed."""
    if len(text) != _LENGTH:
        return None
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return MailToken(str(UUID(bytes=raw[:16])), hashlib.sha256(raw).hexdigest())
