"""Models and validators that several bodies use."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, WithJsonSchema

from llmready.domain.clock import Moment
from llmready.domain.website import URL_LIMIT

Timestamp = Annotated[
    Moment,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T09:30:00.000Z"]}),
]


Url = Annotated[str, Field(min_length=1, max_length=URL_LIMIT, examples=["https://example.com"])]


class Request(BaseModel):
    """A request body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)


def branch(field: str) -> str:
    """Return the tag of the body that :func:`exactly_one_of` chooses for a field."""
    # Locations of errors contain the tag; tags of this form are removed from the field names in answers.
    return f"tagged-union-{field}"


def exactly_one_of(*fields: str) -> Discriminator:
    """Return a discriminator that selects the model of a body by the only field that is present and not null.

    With one model per field, generated clients get complete types.

    Args:
        fields: Names of the fields. The body for each is tagged with its :func:`branch`.
    """

    def chosen(body: Any) -> str | None:
        if not isinstance(body, dict):
            return None
        given = [field for field in fields if body.get(field) is not None]
        return branch(given[0]) if len(given) == 1 else None

    names = f"{', '.join(fields[:-1])} and {fields[-1]}"
    return Discriminator(
        chosen,
        custom_error_type="exactly_one_of",
        custom_error_message=f"must be an object with exactly one of {names}",
    )


def not_null(value: object) -> object:
    """Refuse null for a field that may be left out but has no empty value."""
    if value is None:
        raise ValueError("must not be null")
    return value


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Message(Answer):
    """A plain sentence."""

    message: str


class FieldError(Answer):
    """A validation error of one field."""

    field: str
    message: str


class Problem(Answer):
    """Every error (RFC 9457)."""

    type: str = Field(examples=["https://api.example.com/api/v1/problems/quota_exceeded"])
    title: str
    status: int
    detail: str = Field(description="A sentence for people.")
    code: str = Field(description="A stable code for programs.")
    request_id: str
    errors: list[FieldError] | None = None


# Invisible characters: Unicode's categories Cf, Co, Zl and Zp, and the controls from DEL on. Lone surrogates do not
# get past the gate.
_UNSEEN = (
    "\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064"
    "\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000f0000-\U0010ffff"
)
_LINE, _TEXT = f"^[^\\x00-\\x1f{_UNSEEN}]*$", f"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f{_UNSEEN}]*$"


def single_line(text: str) -> str:
    """Refuse control and direction characters in texts that are shown on one line, in mails or as file names."""
    return _seen(text, is_valid=re.fullmatch(_LINE, text) is not None)


def plain_text(text: str) -> str:
    """Refuse control and direction characters, except line breaks and tabs."""
    return _seen(text, is_valid=re.fullmatch(_TEXT, text) is not None)


def _seen(text: str, *, is_valid: bool) -> str:
    if not is_valid:
        raise ValueError("must not contain control or invisible characters")
    return unicodedata.normalize("NFC", text)


Line = Annotated[str, AfterValidator(single_line), Field(json_schema_extra={"pattern": _LINE})]
Text = Annotated[str, AfterValidator(plain_text), Field(json_schema_extra={"pattern": _TEXT})]
