"""Signing in, staying signed in, signing out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.account import account_of
from llmready.domain.clock import new_id
from llmready.domain.errors import DomainError, Forbidden, TooManyRequests, Unauthenticated
from llmready.domain.passwords import hashed, is_outdated, matches
from llmready.domain.tokens import (
    ACCESS_LIFETIME,
    REFRESH_LIFETIME,
    Audience,
    Claims,
    Keys,
    check,
    issue,
    successor_id,
)
from llmready.domain.user import User, email_fingerprint
from llmready.ports.accounts import Rotation, Sessions, Users
from llmready.ports.limits import Lockout


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
    refusal = Unauthenticated("invalid_credentials", "The email address or the password is wrong.")
    with counted_try(email, refusal, lockout=lockout, time=time):
        user = users.by_email(email)
        if not matches(user.password_hash if user else None, password) or user is None:
            raise refusal
    if is_outdated(user.password_hash):
        users.rehash(user, hashed(password))
    family, token_id = new_id(), new_id()
    if not sessions.open(user.id, family, token_id, opened_at=time, expires_at=time + REFRESH_LIFETIME):
        raise refusal
    return _tokens(user.id, family, token_id, keys, time)


@contextmanager
def counted_try(email: str, refusal: DomainError, *, lockout: Lockout, time: datetime) -> Iterator[None]:
    """Let a password of an address be tried, as long as it is not locked.

    Args:
        email: The address.
        refusal: What is raised inside when the password is wrong; it counts.
        lockout: Who counts.
        time: Now.

    Raises:
        TooManyRequests: The address had too many failures.
    """
    fingerprint = email_fingerprint(email)
    if wait := lockout.begin(fingerprint, time):
        raise TooManyRequests(
            "account_locked", "Too many failed logins; please try again later.", retry_after=wait
        )
    try:
        yield
    except DomainError as error:
        if error is refusal:
            lockout.failed(fingerprint, time)
        raise
    lockout.succeeded(fingerprint)


def confirm_password(user: User, password: str, *, lockout: Lockout, time: datetime) -> None:
    """Check the password of a signed-in user before something that cannot be undone.

    Raises:
        Forbidden: The password is wrong; that counts as a failed login. It is not Unauthenticated, because clients
            sign their user out on that.
        TooManyRequests: It was wrong too often.
    """
    refusal = Forbidden("wrong_password", "The password is wrong.")
    with counted_try(user.email, refusal, lockout=lockout, time=time):
        if not matches(user.password_hash, password):
            raise refusal


def stay_signed_in(
    *,
    refresh_token: str,
    grace: timedelta,
    users: Users,
    sessions: Sessions,
    keys: Keys,
    time: datetime,
) -> Tokens:
    """Return new tokens for the newest refresh token of a family.

    Args:
        refresh_token: The token, as the client presented it.
        grace: How long the token before the newest one is accepted after it was replaced.
        users: The accounts.
        sessions: The refresh token families.
        keys: The signing keys.
        time: The current time.

    Raises:
        Unauthenticated: The token is not valid, or was used before, which revokes its family.
    """
    claims, family = _read(refresh_token, keys)
    token_id = successor_id(claims.jti)
    account_of(users.get(claims.sub), claims)
    rotation = Rotation(claims.jti, token_id, time, time + REFRESH_LIFETIME, grace)
    if not sessions.rotate(claims.sub, family, rotation):
        raise Unauthenticated("invalid_token", "The refresh token was used before or is not valid.")
    return _tokens(claims.sub, family, token_id, keys, time)


def sign_out(*, refresh_token: str, sessions: Sessions, keys: Keys) -> None:
    """Revoke the family of a refresh token.

    Raises:
        Unauthenticated: The token is not good.
    """
    claims, family = _read(refresh_token, keys)
    sessions.close(claims.sub, family)


def _read(refresh_token: str, keys: Keys) -> tuple[Claims, str]:
    """Return what a refresh token says, and its family."""
    claims = check(keys, Audience.REFRESH, refresh_token)
    if not claims.scope:
        raise Unauthenticated("invalid_token", "The refresh token is not valid.")
    return claims, claims.scope


def _tokens(user_id: str, family: str, token_id: str, keys: Keys, time: datetime) -> Tokens:
    access = issue(keys, Audience.ACCESS, subject=user_id, time=time, lifetime=ACCESS_LIFETIME, scope=family)
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
