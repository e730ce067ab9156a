"""Bodies of ``/keys``."""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from llmready.domain.api_keys import Scope
from llmready.http.schemas.common import Answer, Line, Request, Timestamp


def _distinct(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes), key=list(Scope).index)


def _storable(time: AwareDatetime) -> AwareDatetime:
    # Shown as it is stored: in UTC, with milliseconds.
    try:
        utc = time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a date that exists in UTC") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


KeyName = Annotated[Line, Field(min_length=1, max_length=100, examples=["Nightly build"])]


class KeyBody(Request):
    """A new API key."""

    name: KeyName
    scopes: Annotated[
        list[Scope] | None,
        Field(
            min_length=1,
            max_length=20,
            description="Scopes of the key; all scopes if omitted.",
            examples=[["read", "generate"]],
        ),
    ] = None
    expires_at: Annotated[
        Annotated[AwareDatetime, AfterValidator(_storable)] | None,
        Field(
            description="Expiry of the key, with a time zone; it never expires if omitted.",
            examples=["2027-12-31T00:00:00.000Z"],
        ),
    ] = None

    def wanted_scopes(self) -> tuple[Scope, ...]:
        """Return the scopes of the new key."""
        return tuple(Scope) if self.scopes is None else tuple(_distinct(self.scopes))


class KeyAnswer(Answer):
    """An API key, without the key itself."""

    id: str
    name: str
    last_four: str = Field(description="The key's last four characters.", examples=["x7Qa"])
    scopes: list[Scope]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None = Field(description="Time of the last use, accurate to one hour.")


class NewKeyAnswer(KeyAnswer):
    """A new API key with the key itself, which is shown only here."""

    key: str = Field(
        description="Send it as `Authorization: Bearer llmr_…`. It is shown only once.",
        examples=["llmr_4fVn0mK2pXw9QbR7tYc1LsZ8hJd3gA6e0Ab9Xk"],
    )


class KeysAnswer(Answer):
    """All API keys of the user, newest first."""

    items: list[KeyAnswer]
