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
UNSUBSCRIBE_LIFETIME = timedelta(days=400)  # long, because users may unsubscribe with an old email
REFRESH_GRACE = timedelta(seconds=30)
"""How long a cookie session accepts the refresh token before the newest one."""
_REQUIRED = ["iss", "aud", "sub", "jti", "iat", "exp"]
_LONGEST = 4096
# The last of the 43 characters of a signature contains two unused bits; only one spelling is accepted.
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


class Audience(StrEnum):
    """What a token can be used for; one kind is never accepted as another."""

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
"""The longest lifetime of a signed token of each kind."""


class Keys(Protocol):
    """The key that signs tokens, and the keys that are accepted."""

    def signing(self, time: datetime) -> tuple[str, str]:
        """Return the ID and the secret of the key that signs at ``time``."""

    def secret_of(self, kid: object, audience: Audience) -> str | None:
        """Return the secret of the key ``kid``, or None if it is not accepted for tokens for ``audience``."""


class Claims(BaseModel):
    """The claims of an accepted token or API key.

    Attributes:
        scope: The refresh family or the generation that a token belongs to.
        scopes: Scopes of an API key. None for a token, which has no scopes and no such limit.
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

    The new ID is derived from the old ID. Several browser tabs that send the same token therefore get the
    same successor. It need not be secret, because a refresh token is only accepted with a valid signature.
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
        keys: The signing keys.
        audience: What the token can be used for.
        subject: ID of the user.
        time: When the token becomes valid.
        lifetime: How long the token is valid.
        scope: The refresh token family or the generation to which it is limited.
        token_id: ID of the token; None creates a new one.
    """
    import jwt  # noqa: PLC0415 - see check()

    claims = {
        "iss": ISSUER,
        "aud": audience.value,
        "sub": subject,
        "jti": token_id or new_id(),
        # Milliseconds are needed to distinguish tokens from before and after a change of the password.
        "iat": round(time.timestamp(), 3),
        "exp": int((time + lifetime).timestamp()),
    }
    if scope is not None:
        claims["scope"] = scope
    kid, secret = keys.signing(time)
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"kid": kid})


def check(keys: Keys, audience: Audience, token: str) -> Claims:
    """Return the claims of a valid token.

    Raises:
        Unauthenticated: The signature or the audience is wrong, or the token is expired or malformed. The detail does
            not reveal the reason.
    """
    # Imported here because the worker's image has no JWT library; the worker uses only the constants of this module.
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
