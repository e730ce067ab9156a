"""Signing in, staying signed in, signing out."""

from datetime import datetime
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import TooManyRequests, Unauthenticated
from llmready.domain.passwords import matches
from llmready.domain.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, Audience, Keys, check, issue
from llmready.domain.user import email_fingerprint
from llmready.ports import Lockout, Sessions, Users


class Tokens(NamedTuple):
    """What a sign-in gives. ``expires_in`` is the access token's seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


def sign_in(
    *,
    email: str,
    password: str,
    users: Users,
    sessions: Sessions,
    lockout: Lockout,
    keys: Keys,
    time: datetime,
) -> Tokens:
    """Return tokens for a right password.

    Raises:
        TooManyRequests: The address had too many failures, whether or not it has an account.
        Unauthenticated: Address or password are wrong; which of them is not said.
    """
    fingerprint = email_fingerprint(email)
    if wait := lockout.locked_for(fingerprint, time):
        raise TooManyRequests(
            "account_locked", "Too many failed logins; please try again later.", retry_after=wait
        )
    user = users.by_email(email)
    if not matches(user.password_hash if user else None, password) or user is None:
        lockout.failed(fingerprint, time)
        raise Unauthenticated("invalid_credentials", "The email address or the password is wrong.")
    lockout.cleared(fingerprint)
    family, token_id = new_id(), new_id()
    sessions.open(user.id, family, token_id, time + REFRESH_LIFETIME)
    return _tokens(user.id, family, token_id, keys, time)


def stay_signed_in(
    *, refresh_token: str, users: Users, sessions: Sessions, keys: Keys, time: datetime
) -> Tokens:
    """Return new tokens for the newest refresh token of a family.

    Raises:
        Unauthenticated: The token is not good, or was used before, which revokes its family.
    """
    claims = check(keys, Audience.REFRESH, refresh_token)
    family, token_id = claims.scope or "", new_id()
    expires_at = time + REFRESH_LIFETIME
    if (
        not sessions.rotate(claims.sub, family, claims.jti, token_id, expires_at)
        or users.get(claims.sub) is None
    ):
        raise Unauthenticated("invalid_token", "The refresh token was used before or is not valid.")
    return _tokens(claims.sub, family, token_id, keys, time)


def sign_out(*, refresh_token: str, sessions: Sessions, keys: Keys) -> None:
    """Revoke the family of a refresh token.

    Raises:
        Unauthenticated: The token is not good.
    """
    claims = check(keys, Audience.REFRESH, refresh_token)
    sessions.close(claims.sub, claims.scope or "")


def _tokens(user_id: str, family: str, token_id: str, keys: Keys, time: datetime) -> Tokens:
    access = issue(keys, Audience.ACCESS, subject=user_id, time=time, lifetime=ACCESS_LIFETIME)
    refresh = issue(
        keys,
        Audience.REFRESH,
        subject=user_id,
        time=time,
        lifetime=REFRESH_LIFETIME,
        scope=family,
        token_id=token_id,
    )
    return Tokens(access, refresh, int(ACCESS_LIFETIME.total_seconds()))
