"""Check that the account of a token is valid and not suspended."""

from llmready.domain.errors import Forbidden, Unauthenticated
from llmready.domain.tokens import Audience, Claims
from llmready.domain.user import User


def check_not_suspended(user: User) -> None:
    """Refuse a suspended account.

    Raises:
        Forbidden: The account is suspended.
    """
    if user.suspended_at is not None:
        raise suspended()


def suspended() -> Forbidden:
    """Return the refusal of a suspended account."""
    return Forbidden(
        "account_suspended", "This account is suspended. Please contact the operator of this service."
    )


def account_of(user: User | None, claims: Claims) -> User:
    """Return the account that a token belongs to.

    Args:
        user: The stored account, or None if it does not exist (any more).
        claims: The claims of the token.

    Raises:
        Unauthenticated: The account does not exist any more, or its sign-ins were ended after the token was issued.
        Forbidden: The account is suspended.
    """
    if user is None:
        raise Unauthenticated("invalid_token", "The account of this token no longer exists.")
    check_not_suspended(user)
    # Download links and API keys are not sign-ins, so they stay valid when the password changes.
    kept = claims.aud in (Audience.DOWNLOAD, Audience.API_KEY) or (
        claims.scope and claims.scope == user.kept_family
    )
    if user.sessions_since is not None and claims.issued_at < user.sessions_since and not kept:
        raise Unauthenticated(
            "invalid_token", "The password was changed after this sign-in; please sign in again."
        )
    return user
