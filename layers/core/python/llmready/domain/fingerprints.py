"""Fingerprints of email addresses and networks, for records that outlive an account."""

import hashlib
import hmac
from collections.abc import Callable

from llmready.domain.user import email_key, mailbox_of

_LENGTH = 32  # hexadecimal digits; 128 bits


class Fingerprints:
    """Computes fingerprints with a secret key, so that somebody who has only the records cannot verify guesses.

    Args:
        key: Returns the secret key. Fingerprints of another key do not match.
    """

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key

    def of_address(self, email: str) -> str:
        """Return the fingerprint of an email address. All spellings of one address have the same fingerprint."""
        return self._digest(f"address {email_key(email)}")

    def of_mailbox(self, email: str) -> str:
        """Return the fingerprint of the mailbox of an email address, which other addresses may share."""
        return self._digest(f"mailbox {mailbox_of(email)}")

    def of_network(self, network: str) -> str:
        """Return the fingerprint of a source network."""
        return self._digest(f"network {network}")

    def of_client(self, client: str) -> str:
        """Return the fingerprint of a client that a rate limit counts, such as a source address."""
        return self._digest(f"client {client}")

    def _digest(self, text: str) -> str:
        return hmac.new(self._key().encode(), text.encode(), hashlib.sha256).hexdigest()[:_LENGTH]
