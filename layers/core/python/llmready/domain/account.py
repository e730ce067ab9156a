"""Whose a token is. Apart from accounts themselves, which the worker knows as well; it knows no tokens."""

from llmready.domain.errors import Unauthenticated
from llmready.domain.tokens import Audience, Claims
from llmready.domain.user import User


def account_of(user: User | None, claims: Claims) -> User:
    """Return the account that a token belongs to.

    Args:
        user: The account as it is stored, None where there is none (any more).
        claims: What the token says.

    Raises:
        Unauthenticated: The account is gone, or its sign-ins were ended after the token was issued.
    """
    if user is None:
        raise Unauthenticated("invalid_token", "The account of this token no longer exists.")
    # A download link and an API key are no sign-ins: a changed password does not end them.
    kept = claims.aud in (Audience.DOWNLOAD, Audience.API_KEY) or (
        claims.scope and claims.scope == user.kept_family
    )
    if user.sessions_since is not None and claims.issued_at < user.sessions_since and not kept:
        raise Unauthenticated("invalid_token", "The password was changed since; please sign in again.")
    return user
