"""Check whether the sign-in of an access token was revoked."""

from datetime import datetime, timedelta

from llmready.domain.errors import Unauthenticated
from llmready.domain.tokens import Audience, Claims
from llmready.ports.accounts import Sessions

# Access tokens of a revoked family may read for at most a minute; ten seconds are left for clocks and running
# requests.
_KNOWN_FOR = timedelta(seconds=50)
_MOST = 10_000  # families that a process caches


class OpenFamilies:
    """Refuses access tokens whose refresh token family was revoked.

    Each request that changes something reads the family from the table. Reads may use a result that is at most 50
    seconds old. Polling then costs no additional request.

    Args:
        sessions: The refresh token families.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._seen_open: dict[tuple[str, str], datetime] = {}

    def check(self, claims: Claims, *, changes: bool, time: datetime) -> None:
        """Refuse the token of a revoked family.

        Args:
            claims: The claims of the token.
            changes: Whether the request changes or deletes something.
            time: The current time.

        Raises:
            Unauthenticated: The family was revoked, has expired, or the token names none.
        """
        if claims.aud != Audience.ACCESS:
            return
        family = (claims.sub, claims.scope or "")
        seen = self._seen_open.get(family)
        if not changes and seen is not None and seen <= time < seen + _KNOWN_FOR:
            return
        self._seen_open.pop(family, None)
        if not claims.scope or not self._sessions.is_open(claims.sub, claims.scope, time):
            raise Unauthenticated("invalid_token", "You were signed out; please sign in again.")
        if len(self._seen_open) >= _MOST:
            self._seen_open.clear()
        self._seen_open[family] = time
