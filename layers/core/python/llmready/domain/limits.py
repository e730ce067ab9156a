"""Limits: how often something may be done, and where somebody stands with that."""

import math
from typing import NamedTuple


class Rate(NamedTuple):
    """So many in so many seconds: a bucket that holds ``tokens`` and fills evenly."""

    tokens: int
    seconds: int = 60

    @property
    def interval(self) -> int:
        """Milliseconds in which the bucket gains one."""
        return max(1, self.seconds * 1000 // self.tokens)


class RateLimitStatus(NamedTuple):
    """Where somebody stands with a limit after asking for one more.

    Attributes:
        name: Of the limit.
        rate: What it allows.
        remaining: How many more may follow at once.
        wait: Whole seconds until one is allowed; 0 when this one was.
        full_in: Whole seconds until all of them are allowed again.
    """

    name: str
    rate: Rate
    remaining: int
    wait: int
    full_in: int


def standing(name: str, rate: Rate, *, allowed: bool, ahead: int) -> RateLimitStatus:
    """Return where a bucket stands.

    Args:
        name: Of the limit.
        rate: What it allows.
        allowed: Whether the one that was asked for was given.
        ahead: Milliseconds until the bucket is full again.
    """
    room = rate.seconds * 1000 - ahead
    wait = 0 if allowed else max(1, math.ceil((rate.interval - room) / 1000))
    return RateLimitStatus(name, rate, max(0, room // rate.interval), wait, math.ceil(ahead / 1000))
