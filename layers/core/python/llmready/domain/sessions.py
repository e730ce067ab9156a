"""Sessions: an account's sign-ins on different devices."""

from datetime import datetime
from typing import NamedTuple

MOST_SESSIONS = 200
"""Maximum number of open sessions of an account. A sign-in above it ends the oldest one."""


class Session(NamedTuple):
    """One sign-in of an account.

    Attributes:
        id: ID of its refresh token family.
        opened_at: Time of the sign-in.
        last_used_at: Time of the sign-in or of its last refresh, whichever is later.
        expires_at: When its newest refresh token expires.
    """

    id: str
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
