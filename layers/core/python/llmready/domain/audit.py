"""What was done to an account, by whom and when."""

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment


class AuditRecord(BaseModel):
    """One thing that was done; ``by`` is the operator, None for the users themselves."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event: str
    at: Moment
    by: str | None = None
    before: str | None = None
    after: str | None = None
