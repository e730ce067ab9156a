"""Starts that are sent again: within a day the same key gets the same answer.

Follows draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.errors import Invalid

KEPT = timedelta(hours=24)


class StartRecord(BaseModel):
    """What a start under a key was answered with.

    ``digest`` stands for the key, which may be anything a client made up; ``website_id`` is what was asked for.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    website_id: str
    generation_id: str
    expires_at: Moment

    def answer_for(self, website_id: str) -> str:
        """Return the generation's id that the first start was answered with.

        Raises:
            Invalid: Something else is asked for now.
        """
        if website_id != self.website_id:
            raise Invalid(
                "Idempotency-Key",
                "This Idempotency-Key was used for another request; use a new one for each.",
                code="idempotency_key_reused",
            )
        return self.generation_id


class AlreadyStarted(Exception):
    """Another start under the same key was faster; ``record`` is what that one was answered with."""

    def __init__(self, record: StartRecord) -> None:
        super().__init__("already started")
        self.record = record


def digest_of(key: str) -> str:
    """Return what stands for a key in the table."""
    return hashlib.sha256(key.encode()).hexdigest()
