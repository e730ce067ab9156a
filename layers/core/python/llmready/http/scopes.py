"""The table of the scopes that an API key needs for each route.

A route that no rule covers needs a sign-in. The rules for websites, generations and webhooks cover all paths below
them, so API keys with the scope can call a new route there at once. If it must refuse keys, add a rule without scopes
before them.
"""

import re
from typing import NamedTuple

from llmready.domain.api_keys import Scope
from llmready.domain.errors import Forbidden
from llmready.domain.tokens import Claims


class Rule(NamedTuple):
    """The scopes that allow a key to call a route.

    Attributes:
        methods: HTTP methods in capitals.
        path: Regular expression for the whole path.
        scopes: Any one of these is enough.
    """

    methods: frozenset[str]
    path: re.Pattern[str]
    scopes: frozenset[Scope]


def _rule(methods: str, path: str, *scopes: Scope) -> Rule:
    return Rule(frozenset(methods.split()), re.compile(path), frozenset(scopes))


_API = "/api/v1"
_BELOW = r"(?:/.*)?"

# The first rule that matches decides.
_RULES = (
    _rule("GET", rf"{_API}/auth/me", Scope.READ),
    _rule("GET", rf"{_API}/(?:websites|generations){_BELOW}", Scope.READ),
    _rule("GET", rf"{_API}/webhooks{_BELOW}", Scope.READ, Scope.WEBHOOKS),
    _rule("GET", rf"/v1/llmstxt{_BELOW}", Scope.READ),
    _rule("POST", rf"{_API}/websites/[^/]+/preview", Scope.READ),
    _rule("POST PUT PATCH DELETE", rf"{_API}/websites{_BELOW}", Scope.WEBSITES),
    _rule("POST DELETE", rf"{_API}/generations{_BELOW}", Scope.GENERATE),
    _rule("POST", r"/v1/llmstxt", Scope.GENERATE),
    _rule("POST PUT PATCH DELETE", rf"{_API}/webhooks{_BELOW}", Scope.WEBHOOKS),
)


def scopes_for(method: str, path: str) -> frozenset[Scope]:
    """Return the scopes for a request. An API key needs one of them. If there are none, the route needs a sign-in.

    Args:
        method: HTTP method in capitals; HEAD counts as GET.
        path: Path of the request, without a slash at its end.
    """
    method = "GET" if method == "HEAD" else method
    for rule in _RULES:
        if method in rule.methods and rule.path.fullmatch(path):
            return rule.scopes
    return frozenset()


def check_scopes(claims: Claims, method: str, path: str) -> None:
    """Check that an API key may make a request. Tokens are not limited by scopes.

    Raises:
        Forbidden: The key lacks the scope, or the route needs a sign-in.
    """
    if claims.scopes is None:
        return
    needed = scopes_for(method, path)
    if not needed:
        raise Forbidden(
            "sign_in_required", "API keys are not accepted here; sign in and send an access token instead."
        )
    if not needed & claims.scopes:
        names = " or ".join(f'"{scope}"' for scope in sorted(needed))
        raise Forbidden("scope_missing", f"This API key lacks the scope {names}.")
