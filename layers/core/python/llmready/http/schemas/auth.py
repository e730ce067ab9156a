"""Bodies of ``/auth``."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, EmailStr, Field

from llmready.domain.passwords import LONGEST, SHORTEST
from llmready.domain.plans import QueueName
from llmready.domain.user import User
from llmready.http.schemas.common import Answer, Line, Request, Timestamp, single_line

Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(single_line)]
FullName = Annotated[Line, Field(max_length=100)]
# Passwords are taken as they are: spaces at their ends belong to them.
Password = Annotated[str, Field(strict=True)]
Token = Annotated[str, Field(min_length=1, max_length=4096)]


class Registration(Request):
    """A new account."""

    model_config = ConfigDict(str_strip_whitespace=False)

    email: Email
    password: Annotated[Password, Field(min_length=SHORTEST, max_length=LONGEST)]
    full_name: FullName | None = None


class Login(Request):
    """Address and password."""

    model_config = ConfigDict(str_strip_whitespace=False)

    email: Email
    password: Annotated[Password, Field(min_length=1, max_length=LONGEST)]


class Refresh(Request):
    """A refresh token."""

    refresh_token: Token


class ProfileChange(Request):
    """What a user may change of the profile."""

    full_name: FullName | None


class TokenAnswer(Answer):
    """Tokens of a signed-in user; ``expires_in`` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int


class PlanAnswer(Answer):
    """A plan and its limits."""

    name: str
    generations_per_month: int
    websites: int
    pages_per_generation: int
    queue: QueueName
    files_kept_days: int


class PlansAnswer(Answer):
    """All plans."""

    items: list[PlanAnswer]


class ProfileAnswer(Answer):
    """The profile of the user who asks."""

    id: str
    email: str
    full_name: str | None
    is_verified: bool
    plan: PlanAnswer
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, user: User) -> "ProfileAnswer":
        """Return what a user sees of the own account."""
        return cls.model_validate(user)
