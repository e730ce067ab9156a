"""Sign in, refresh the tokens of a session, sign out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.account import account_of, check_not_suspended
from llmready.domain.clock import new_id
from llmready.domain.errors import DomainError, Forbidden, TooManyRequests, TryAgain, Unauthenticated
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
from llmready.domain.user import User
from llmready.ports.accounts import Rotation
from llmready.ports.limits import LoginAttempt
from llmready.services import Services


class Tokens(NamedTuple):
    """The tokens of a session. ``expires_in`` is the lifetime of the access token in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


def sign_in(services: Services, *, email: str, password: str, network: str) -> Tokens:
    """Create a session and return its tokens. End the oldest sessions of the account above the limit.

    Raises:
        TooManyRequests: The address had too many failed logins, whether or not it has an account.
        Unauthenticated: The address or the password is wrong. The answer does not distinguish these cases.
        Forbidden: The account is suspended.
    """
    time = services.clock()
    refusal = Unauthenticated("invalid_credentials", "The email address or the password is wrong.")
    with _counted(services, email, network, refusal):
        user = services.users.by_email(email)
        if not matches(user.password_hash if user else None, password) or user is None:
            raise refusal
    check_not_suspended(user)
    if user.quota_ledger is None:
        services.users.set_quota_ledger(user, services.fingerprints.of_address(user.email))
    family, token_id = new_id(), new_id()
    expires_at = time + REFRESH_LIFETIME
    # The password may be changed while it is checked here, which ends only the sessions that exist by then.
    if not services.sessions.open(
        user.id,
        family,
        token_id,
        opened_at=time,
        expires_at=expires_at,
        password_hash=user.password_hash,
    ):
        raise refusal
    try:
        services.sessions.close_oldest(user.id)
    except TryAgain:
        services.log.warning("old sessions not ended; the next sign-in tries again", user_id=user.id)
    if is_outdated(user.password_hash):
        services.users.rehash(user, hashed(password))
    return _tokens(user.id, family, token_id, services.signing_keys(), time)


def confirm_password(services: Services, user: User, password: str, *, network: str) -> None:
    """Check the password of a signed-in user before a change that cannot be undone.

    Raises:
        Forbidden: The password is wrong. This counts as a failed login. The error is not Unauthenticated, because
        clients sign the user out if they get that. TooManyRequests: There were too many failed logins.
    """
    refusal = Forbidden("wrong_password", "The password is wrong.")
    with _counted(services, user.email, network, refusal):
        if not matches(user.password_hash, password):
            raise refusal


def stay_signed_in(services: Services, refresh_token: str, *, grace: timedelta) -> Tokens:
    """Return new tokens for the newest refresh token of a session.

    Args:
        services: The process's services.
        refresh_token: The token, as the client presented it.
        grace: How long the token before the newest one is accepted after it was replaced.

    Raises:
        Unauthenticated: The token is not valid, or was used before, which revokes its session.
    """
    time, keys = services.clock(), services.signing_keys()
    claims, family = _read(refresh_token, keys)
    token_id = successor_id(claims.jti)
    account_of(services.users.get(claims.sub), claims)
    rotation = Rotation(claims.jti, token_id, time, time + REFRESH_LIFETIME, grace)
    if not services.sessions.rotate(claims.sub, family, rotation):
        raise Unauthenticated("invalid_token", "The refresh token was used before or is not valid.")
    return _tokens(claims.sub, family, token_id, keys, time)


def sign_out(services: Services, refresh_token: str) -> None:
    """Revoke the session of a refresh token.

    Raises:
        Unauthenticated: The token is not valid.
    """
    claims, family = _read(refresh_token, services.signing_keys())
    services.sessions.close(claims.sub, family)


def _read(refresh_token: str, keys: Keys) -> tuple[Claims, str]:
    """Return the claims of a refresh token and the ID of its family."""
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


@contextmanager
def _counted(services: Services, email: str, network: str, refusal: DomainError) -> Iterator[None]:
    """Count the login attempt that runs inside the context.

    Args:
        services: The process's services.
        email: The email address.
        network: The source network of the request.
        refusal: The error that is raised inside if the password is wrong. It counts as a failed login.

    Raises:
        TooManyRequests: The address had too many failed logins.
    """
    time = services.clock()
    attempt = LoginAttempt(services.fingerprints.of_address(email), services.fingerprints.of_network(network))
    if wait := services.lockout.begin(attempt, time):
        raise TooManyRequests(
            "account_locked", "Too many failed logins; please try again later.", retry_after=wait
        )
    try:
        yield
    except DomainError as error:
        if error is refusal:
            services.lockout.failed(attempt, time)
        raise
    services.lockout.succeeded(attempt, time)
