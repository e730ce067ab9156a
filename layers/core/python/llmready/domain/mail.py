"""Mails that wait in the outbox until a provider has taken them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment


class MailKind(StrEnum):
    """One template folder each."""

    ACCOUNT_EXISTS = "account_exists"
    GENERATION_COMPLETE = "generation_complete"
    GENERATION_FAILED = "generation_failed"


class OutboxMail(BaseModel):
    """A mail to be sent: what it says is rendered from the records it names at the moment it goes out."""

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    kind: MailKind
    generation_id: str | None = None
    created_at: Moment
    due_at: Moment
    attempts: int = 0
    sent_at: Moment | None = None


class Message(BaseModel):
    """A rendered mail."""

    model_config = ConfigDict(frozen=True)

    to: str
    subject: str
    text: str
    html: str
