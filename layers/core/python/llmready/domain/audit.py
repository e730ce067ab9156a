"""Audit records of accounts."""

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment


class AuditRecord(BaseModel):
    """An audited action. ``by`` is the operator, or None if the user did it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event: str
    at: Moment
    by: str | None = None
    before: str | None = None
    after: str | None = None
