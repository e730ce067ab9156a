"""Tokens: JSON Web Tokens (RFC 7519) signed with one pinned algorithm and a ``kid``."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import jwt
from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import new_id
from llmready.domain.errors import Unauthenticated

ALGORITHM = "HS256"
ISSUER = "llmready"
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
_REQUIRED = ["iss", "aud", "sub", "jti", "iat", "exp"]
_LONGEST = 4096


class Audience(StrEnum):
    """What a token is good for; one kind is never accepted as another."""

    ACCESS = "llmready-access"
    REFRESH = "llmready-refresh"
    DOWNLOAD = "llmready-download"


class Keys(Protocol):
    """The key that signs, and those that are accepted."""

    @property
    def kid(self) -> str:
        """Id of the signing key."""

    @property
    def secret(self) -> str:
        """The signing key."""

    def secret_of(self, kid: object) -> str | None:
        """Return the secret that ``kid`` names, None for an unknown one."""


class Claims(BaseModel):
    """What an accepted token says. ``scope`` is the refresh family or the generation it belongs to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: str
    jti: str
    scope: str | None = None


def issue(
    keys: Keys,
    audience: Audience,
    *,
    subject: str,
    time: datetime,
    lifetime: timedelta,
    scope: str | None = None,
    token_id: str | None = None,
) -> str:
    """Return a signed token.

    Args:
        keys: What signs.
        audience: What it is good for.
        subject: Id of the user.
        time: From when it is good.
        lifetime: For how long.
        scope: What it is limited to.
        token_id: Its id; a new one when None.
    """
    claims = {
        "iss": ISSUER,
        "aud": audience.value,
        "sub": subject,
        "jti": token_id or new_id(),
        "iat": int(time.timestamp()),
        "exp": int((time + lifetime).timestamp()),
    }
    if scope is not None:
        claims["scope"] = scope
    return jwt.encode(claims, keys.secret, algorithm=ALGORITHM, headers={"kid": keys.kid})


def check(keys: Keys, audience: Audience, token: str) -> Claims:
    """Return the claims of a good token.

    Raises:
        Unauthenticated: It is not ours, not for this, expired or malformed; the detail does not say which.
    """
    refusal = Unauthenticated("invalid_token", "The token is missing, expired or not valid.")
    if len(token) > _LONGEST:
        raise refusal
    try:
        secret = keys.secret_of(jwt.get_unverified_header(token).get("kid"))
        if not secret:
            raise refusal
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience.value,
            issuer=ISSUER,
            options={"require": _REQUIRED, "strict_aud": True},
        )
        return Claims.model_validate(claims)
    except (jwt.PyJWTError, ValueError):
        raise refusal from None
