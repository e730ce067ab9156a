"""Tokens: JSON Web Tokens (RFC 7519) signed with one pinned algorithm and a ``kid``."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from llmready.domain.api_keys import Scope
from llmready.domain.clock import new_id
from llmready.domain.errors import Unauthenticated

ALGORITHM = "HS256"
ISSUER = "llmready"
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
DOWNLOAD_LIFETIME = timedelta(days=7)
UNSUBSCRIBE_LIFETIME = timedelta(days=400)  # emails are kept, and so is the wish to get no more of them
REFRESH_GRACE = timedelta(seconds=30)
"""How long a cookie session accepts the refresh token before the newest one."""
_REQUIRED = ["iss", "aud", "sub", "jti", "iat", "exp"]
_LONGEST = 4096
# The last of the 43 characters of a signature carries two bits more than are read: one spelling only.
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


class Audience(StrEnum):
    """What a token is good for; one kind is never accepted as another."""

    ACCESS = "llmready-access"
    REFRESH = "llmready-refresh"
    DOWNLOAD = "llmready-download"
    UNSUBSCRIBE = "llmready-unsubscribe"
    API_KEY = "llmready-api-key"


LONGEST_LIFETIMES = {
    Audience.ACCESS: ACCESS_LIFETIME,
    Audience.REFRESH: REFRESH_LIFETIME,
    Audience.DOWNLOAD: DOWNLOAD_LIFETIME,
    Audience.UNSUBSCRIBE: UNSUBSCRIBE_LIFETIME,
}
"""The longest lifetime of a signed token, by what it is for."""


class Keys(Protocol):
    """The key that signs, and those that are accepted."""

    def signing(self, time: datetime) -> tuple[str, str]:
        """Return id and secret of the key that signs at ``time``."""

    def secret_of(self, kid: object, audience: Audience) -> str | None:
        """Return the secret of the key named ``kid``, or None if tokens for ``audience`` may not be signed by it."""


class Claims(BaseModel):
    """What an accepted token or API key says.

    Attributes:
        scope: The refresh family or the generation that a token belongs to.
        scopes: What an API key may be used for; None for a token, which is not limited.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    aud: str
    sub: str
    jti: str
    iat: float
    exp: float
    scope: str | None = None
    scopes: frozenset[Scope] | None = None

    @property
    def issued_at(self) -> datetime:
        """When the token was issued."""
        return datetime.fromtimestamp(self.iat, UTC)


def successor_id(token_id: str) -> str:
    """Return the ID of the refresh token that replaces the one with ``token_id``.

    It is derived, so that several tabs that present the same token get the same successor. It is no secret: a refresh
    token is accepted by its signature.
    """
    return hashlib.sha256(f"successor of {token_id}".encode()).hexdigest()[:32]


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
    import jwt  # noqa: PLC0415 - see check()

    claims = {
        "iss": ISSUER,
        "aud": audience.value,
        "sub": subject,
        "jti": token_id or new_id(),
        # With its milliseconds: a token of the moment before a password changed is not one of the moment after.
        "iat": round(time.timestamp(), 3),
        "exp": int((time + lifetime).timestamp()),
    }
    if scope is not None:
        claims["scope"] = scope
    kid, secret = keys.signing(time)
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"kid": kid})


def check(keys: Keys, audience: Audience, token: str) -> Claims:
    """Return the claims of a good token.

    Raises:
        Unauthenticated: It is not ours, not for this, expired or malformed; the detail does not say which.
    """
    # The worker's image has no JWT library: it imports this module for its constants alone.
    import jwt  # noqa: PLC0415

    refusal = Unauthenticated("invalid_token", "The token is missing, expired or not valid.")
    if len(token) > _LONGEST or not _FORM.fullmatch(token):
        raise refusal
    try:
        secret = keys.secret_of(jwt.get_unverified_header(token).get("kid"), audience)
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
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise refusal from None
