"""Rate limits, and the rate limit status of a client."""

import math
from typing import NamedTuple


class Rate(NamedTuple):
    """A rate limit of ``tokens`` requests in ``seconds``: a bucket that refills evenly (token bucket)."""

    tokens: int
    seconds: int = 60

    @property
    def interval(self) -> int:
        """Milliseconds after which the bucket gains one token."""
        return max(1, self.seconds * 1000 // self.tokens)


class RateLimitStatus(NamedTuple):
    """The rate limit status of a client after its newest request.

    Attributes:
        name: Name of the limit.
        rate: The limit.
        remaining: How many more requests are allowed at once.
        wait: Whole seconds until the same request is allowed; 0 if this one was allowed.
        full_in: Whole seconds until the full number of requests is allowed again.
    """

    name: str
    rate: Rate
    remaining: int
    wait: int
    full_in: int


def rate_limit_status(name: str, rate: Rate, *, allowed: bool, ahead: int, units: int = 1) -> RateLimitStatus:
    """Return the status of a bucket.

    Args:
        name: Name of the limit.
        rate: The limit.
        allowed: Whether this request was allowed.
        ahead: Milliseconds until the bucket is full again.
        units: How many units the request takes.
    """
    room = rate.seconds * 1000 - ahead
    wait = 0 if allowed else max(1, math.ceil((units * rate.interval - room) / 1000))
    return RateLimitStatus(name, rate, max(0, room // rate.interval), wait, math.ceil(ahead / 1000))
