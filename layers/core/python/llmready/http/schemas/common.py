"""What several bodies share."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from llmready.domain.clock import Moment

Timestamp = Annotated[
    Moment,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T09:30:00.000Z"]}),
]


class Request(BaseModel):
    """A request body: a field that it does not know is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True)


class Message(Answer):
    """A plain sentence."""

    message: str


class FieldError(Answer):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Answer):
    """Every error (RFC 9457)."""

    type: str = Field(examples=["https://llmready.example/problems/quota_exceeded"])
    title: str
    status: int
    detail: str = Field(description="A plain sentence for a person.")
    code: str = Field(description="A stable word for a program.")
    request_id: str
    errors: list[FieldError] | None = None


def single_line(text: str) -> str:
    """Refuse control and direction characters where a text stands on one line, in mails and file names too."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in text):
        raise ValueError("must not contain control or invisible characters")
    return unicodedata.normalize("NFC", text)


def plain_text(text: str) -> str:
    """Refuse control and direction characters, but for line breaks and tabs."""
    single_line(text.replace("\n", " ").replace("\r", " ").replace("\t", " "))
    return unicodedata.normalize("NFC", text)


Line = Annotated[str, AfterValidator(single_line)]
Text = Annotated[str, AfterValidator(plain_text)]
