"""Idempotent starts: a request that is repeated with the same key within a day gets the first answer.

Follows draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.errors import Invalid

KEPT = timedelta(hours=24)


class StartRecord(BaseModel):
    """The stored answer to a start with an idempotency key.

    Attributes:
        digest: SHA-256 of the key, which is any text that the client chooses.
        website_id: ID of the website that the request named; empty when it named a URL.
        canonical_url: Canonical form of the URL that the request named; None when it named a website.
        generation_id: ID of the generation that the first request started.
        is_confirmed: Whether the address of the user was confirmed at the start, so that an email follows.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    website_id: str
    generation_id: str
    is_confirmed: bool = True
    expires_at: Moment
    canonical_url: str | None = None

    def answer_for(self, website_id: str | None, canonical_url: str | None) -> "StartRecord":
        """Return this record if the request is the same as the first one.

        Args:
            website_id: ID of the website that the request names now, or None.
            canonical_url: Canonical form of the URL that the request names now, or None.

        Raises:
            Invalid: The request names another website or URL than the first request.
        """
        if (website_id or "", canonical_url) != (self.website_id, self.canonical_url):
            raise Invalid(
                "Idempotency-Key",
                "This Idempotency-Key was already used for another request; use a new key for each request.",
                code="idempotency_key_reused",
            )
        return self


class AlreadyStarted(Exception):
    """Another start with the same key was stored first; ``record`` contains its answer."""

    def __init__(self, record: StartRecord) -> None:
        super().__init__("already started")
        self.record = record


def digest_of(key: str) -> str:
    """Return the digest that represents a key in the table."""
    return hashlib.sha256(key.encode()).hexdigest()
