"""Bodies of ``/auth``."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, EmailStr, Field, model_validator

from llmready.domain.passwords import LONGEST, SHORTEST
from llmready.domain.user import User
from llmready.http.schemas.common import Answer, Line, Request, Timestamp, single_line
from llmready.http.schemas.plans import PlanAnswer

# Nobody types control characters. A password that contains one was damaged in transit, and its owner could not sign
# in with it.
_TYPED = r"^[^\x00-\x1f\x7f-\x9f]*$"


def _no_control_characters(password: str) -> str:
    if not re.fullmatch(_TYPED, password):
        raise ValueError("must not contain control characters")
    return password


def _address_alone(text: object) -> object:
    # Pydantic also accepts "Ada <ada@example.com>".
    if isinstance(text, str) and "<" in text:
        raise ValueError("value is not a valid email address: it must be the address alone")
    return text


def _fits_a_mail_server(address: str) -> str:
    # RFC 5321, section 4.5.3.1.1; in octets, as SMTPUTF8 counts.
    if len(address.rpartition("@")[0].encode()) > 64:
        raise ValueError("value is not a valid email address: the part before the @ is longer than 64 bytes")
    return address


def _gets_mail(address: str) -> str:
    # SES and most mail servers cannot deliver to such addresses (RFC 6531). Existing accounts with one can still
    # sign in.
    if not address.rpartition("@")[0].isascii():
        raise ValueError(
            "value is not a valid email address: the part before the @ must be ASCII, because mail servers cannot"
            " deliver to other addresses"
        )
    return address


Email = Annotated[
    EmailStr,
    BeforeValidator(_address_alone),
    Field(max_length=254, examples=["ada@example.com"]),
    AfterValidator(single_line),
    AfterValidator(_fits_a_mail_server),
]
NewEmail = Annotated[Email, AfterValidator(_gets_mail)]
FullName = Annotated[Line, Field(max_length=100, examples=["Ada Lovelace"])]
# Passwords are used unchanged, including spaces at their start and end.
Password = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST, examples=["a long password"])]
NewPassword = Annotated[
    str,
    Field(
        strict=True,
        min_length=SHORTEST,
        max_length=LONGEST,
        examples=["another long password"],
        description="Must not be a common password, or the user's own name or address.",
        json_schema_extra={"pattern": _TYPED},
    ),
    AfterValidator(_no_control_characters),
]
Token = Annotated[str, Field(strict=True, min_length=1, max_length=4096)]
CaptchaToken = Annotated[
    str | None,
    Field(
        max_length=4096,
        description="Response of the captcha in the browser; required if the service uses one.",
    ),
]


class Secretive(Request):
    """A body with a password, from which no white space is removed."""

    model_config = ConfigDict(str_strip_whitespace=False)


class Registration(Secretive):
    """A new account."""

    email: NewEmail
    password: NewPassword
    full_name: FullName | None = None
    captcha_token: CaptchaToken = None


class Login(Secretive):
    """Email address and password."""

    email: Email
    password: Password


class Refresh(Request):
    """A refresh token. Omit it if the session is kept in a cookie."""

    refresh_token: Token | None = None


class Address(Request):
    """Address for which a mail is requested."""

    email: Email


class Forgotten(Address):
    """Email address of the account whose password is to be reset."""

    captcha_token: CaptchaToken = None


class Confirmation(Request):
    """The token of a mail."""

    token: Token


class PasswordReset(Secretive):
    """The token of a mail, and the new password."""

    token: Token
    new_password: NewPassword


class Deletion(Secretive):
    """The password that confirms the deletion of an account."""

    password: Password


class PasswordChange(Secretive):
    """The old and the new password."""

    current_password: Password
    new_password: NewPassword


class MailPreferencesChange(Request):
    """Mails to turn on or off; omitted fields stay unchanged."""

    generations: Annotated[
        bool | None, Field(strict=True, description="Whether to send a mail when a generation has ended.")
    ] = None
    quota_reset: Annotated[
        bool | None, Field(strict=True, description="Whether to send a mail when the monthly quota resets.")
    ] = None


class ProfileChange(Request):
    """Changes of the profile; omitted fields stay unchanged."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    full_name: FullName | None = None
    mail_preferences: MailPreferencesChange | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ProfileChange":
        if not self.model_fields_set:
            raise ValueError("must contain full_name or mail_preferences")
        return self


class AccessAnswer(Answer):
    """The access token of a session that is kept in a cookie."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Lifetime of the access token in seconds.")


class TokenAnswer(AccessAnswer):
    """The tokens of a signed-in user."""

    refresh_token: str


class MailPreferencesAnswer(Answer):
    """The kinds of mails that the user receives; account mails are always sent."""

    generations: bool
    quota_reset: bool


class ProfileAnswer(Answer):
    """The profile of the signed-in user."""

    id: str
    email: str
    full_name: str | None
    is_verified: bool
    mail_preferences: MailPreferencesAnswer
    plan: PlanAnswer
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, user: User) -> "ProfileAnswer":
        """Return the profile of an account."""
        return cls.model_validate(user)


class SessionAnswer(Answer):
    """A sign-in."""

    id: str
    opened_at: Timestamp
    last_used_at: Timestamp = Field(description="Time of the sign-in or of its last refresh.")
    expires_at: Timestamp
    is_current: bool = Field(description="Whether this is the sign-in of the current request.")


class SessionsAnswer(Answer):
    """The sign-ins of the account, the last one used first."""

    items: list[SessionAnswer]


Records = list[dict[str, Any]]


class ExportAnswer(Answer):
    """All data that is stored about the user. A large account is split; ``next_cursor`` leads to the next part."""

    exported_at: Timestamp
    profile: dict[str, Any] | None = Field(description="Present only in the first part of the export.")
    websites: Records
    generations: Records
    quotas: Records
    sign_ins: Records
    api_keys: Records = Field(description="API keys without the keys themselves.")
    mails: Records
    mail_tokens: Records
    webhooks: Records = Field(description="Webhooks without their secrets.")
    webhook_deliveries: Records
    events: Records = Field(description="Events of the account, such as a change of its password.")
    next_cursor: str | None
