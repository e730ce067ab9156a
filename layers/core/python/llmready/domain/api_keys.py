"""API keys: long-lived credentials for programs, each limited to scopes.

A key consists of ``llmr_``, 32 random base62 characters (190 bits), and their CRC-32 in six base62 characters.
The prefix lets secret scanners find leaked keys, the checksum lets the service refuse a mistyped key without a read.
Only the SHA-256 of a key is stored: 190 random bits need no slow hash.
"""

import hashlib
import re
import secrets
import string
import zlib
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment

PREFIX = "llmr_"
MOST_KEYS = 20
"""Keys that an account may have at once."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 32
_CHECKSUM_LENGTH = 6
_FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_RANDOM_LENGTH}}})([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})")


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    GENERATE = "generate"
    WEBSITES = "websites"
    WEBHOOKS = "webhooks"


class ApiKey(BaseModel):
    """A stored key.

    Attributes:
        id: UUIDv7 by which the key is listed and deleted.
        digest: SHA-256 of the key, in hexadecimal.
        last_four: The key's last four characters, for telling keys apart.
        last_used_at: Time of the last use, accurate to one hour.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    name: str
    digest: str
    last_four: str
    scopes: tuple[Scope, ...]
    created_at: Moment
    expires_at: Moment | None = None
    last_used_at: Moment | None = None

    def is_expired(self, time: datetime) -> bool:
        """Return whether the key is no longer accepted at ``time``."""
        return self.expires_at is not None and self.expires_at <= time


def new_secret() -> str:
    """Return a new random key."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return PREFIX + random + _checksum(random)


def is_well_formed(text: str) -> bool:
    """Return whether ``text`` has the form of a key and its checksum matches."""
    found = _FORM.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def key_digest(key: str) -> str:
    """Return the SHA-256 under which a key is stored, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(random: str) -> str:
    number = zlib.crc32(random.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
