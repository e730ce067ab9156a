"""Bodies of the Firecrawl-compatible endpoint, with the names and formats of Firecrawl."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from llmready.http.schemas.common import Answer, Timestamp, Url


class LlmsTextBody(BaseModel):
    """A start. Unknown fields are ignored, because clients send additional fields."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, defer_build=True)

    url: Url
    maxUrls: Annotated[  # noqa: N815 - Firecrawl's name
        int,
        Field(
            ge=1,
            le=5000,
            strict=True,
            description="Maximum number of pages of this run, limited by the plan.",
        ),
    ] = 10
    showFullText: Annotated[bool, Field(strict=True)] = False  # noqa: N815 - Firecrawl's name
    cache: Annotated[
        bool,
        Field(
            strict=True,
            description="Whether a completed generation that is less than 24 hours old may be returned.",
        ),
    ] = True


class LlmsTextStarted(Answer):
    """A start that was accepted, or answered with an earlier generation."""

    success: Literal[True] = True
    id: str


class LlmsTextData(Answer):
    """The texts; empty until the generation completed."""

    llmstxt: str = ""
    llmsfulltxt: str | None = Field(None, description="Present only if the request had `showFullText`.")


class LlmsTextStatus(Answer):
    """The status of a generation, and its texts."""

    success: bool
    status: Literal["processing", "completed", "failed"]
    data: LlmsTextData
    error: str | None = Field(None, description="Reason of the failure, as a sentence.")
    expiresAt: Timestamp  # noqa: N815 - Firecrawl's name


class LlmsTextError(Answer):
    """A refusal."""

    success: Literal[False] = False
    error: str
    details: list[dict[str, str]] | None = None
