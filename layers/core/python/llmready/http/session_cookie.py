"""Sessions of browsers: the refresh token in a cookie that no script can read.

A client that sends ``X-LLMReady-Session: cookie`` gets and sends its refresh token as a cookie instead of in bodies.
A cookie without that header is ignored: other sites can make a browser send the cookie, but not the header.
"""

from typing import Any

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from llmready.domain.errors import Unauthenticated
from llmready.domain.tokens import REFRESH_LIFETIME
from llmready.http.gate import header

_MODE_HEADER = "x-llmready-session"


def uses_cookie(event: dict[str, Any]) -> bool:
    """Return whether a request asks for a session in a cookie."""
    return header(event, _MODE_HEADER) == "cookie"


def token_from_cookie(event: dict[str, Any], name: str) -> str:
    """Return the refresh token from the cookie called ``name``.

    Raises:
        Unauthenticated: The request has no such cookie.
    """
    # API Gateway puts the cookies into a separate field; an emulator may leave them in the header.
    for text in [*(event.get("cookies") or []), *header(event, "cookie").split(";")]:
        found, separator, value = text.strip().partition("=")
        if separator and found == name and value:
            return str(value)
    raise Unauthenticated("not_authenticated", "Please sign in: the session cookie is missing.")


def session_cookie(name: str, refresh_token: str) -> Cookie:
    """Return the cookie that keeps a refresh token.

    Args:
        name: Name of the cookie; one that starts with ``__Host-`` is sent over HTTPS only.
        refresh_token: The token.
    """
    return _cookie(name, refresh_token, seconds=int(REFRESH_LIFETIME.total_seconds()))


def cleared_cookie(name: str) -> Cookie:
    """Return a cookie that makes a browser delete the cookie called ``name``."""
    return _cookie(name, "", seconds=0)


def _cookie(name: str, value: str, *, seconds: int) -> Cookie:
    return Cookie(
        name,
        value,
        path="/",
        secure=name.startswith("__Host-"),
        http_only=True,
        max_age=seconds,
        same_site=SameSite.STRICT_MODE,
    )
