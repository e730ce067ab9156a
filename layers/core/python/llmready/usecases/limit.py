"""Taking one from a limit."""

from datetime import datetime

from llmready.domain.errors import TryAgain
from llmready.domain.limits import Rate, RateLimitStatus
from llmready.observability import count, logger
from llmready.ports.limits import Limiter


def take_one(name: str, key: str, rate: Rate, *, limiter: Limiter, time: datetime) -> RateLimitStatus | None:
    """Take one and return where ``key`` stands; None when that cannot be known, which refuses nobody.

    A limit keeps the service fair; while its table cannot be reached, being unfair is better than being down. What
    costs money is kept by the quota, which refuses when it cannot be known.
    """
    try:
        return limiter.take(name, key, rate=rate, time=time)
    except TryAgain:
        logger.warning("limit not known; let through", limit=name)
        count("LimiterUnavailable")
        return None
