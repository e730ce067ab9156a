"""Apply rate limits."""

from datetime import timedelta

from llmready.domain.errors import TryAgain
from llmready.domain.rate_limits import Rate, RateLimitStatus
from llmready.services import Services


def take_units(
    services: Services, name: str, key: str, rate: Rate, *, units: int = 1, delay: int = 0
) -> RateLimitStatus | None:
    """Count a request against a rate limit.

    If the limit cannot be read, the request is allowed. A service without rate limits is better than no
    service. Operations that cost money are limited by the quota, which refuses requests if it cannot be read.

    Args:
        services: The process's services.
        name: Name of the limit.
        key: Whom it limits, such as a user ID or a source address.
        rate: How many units are allowed in how many seconds.
        units: How many units the request takes.
        delay: Seconds from now at which the request counts.

    Returns:
        The status after this request, or None if the limit cannot be read.
    """
    time = services.clock() + timedelta(seconds=delay)
    try:
        return services.limiter.take(
            name, services.fingerprints.of_client(key), rate=rate, time=time, units=units
        )
    except TryAgain:
        services.log.warning("rate limit cannot be read; the request is accepted", limit=name)
        services.metrics.count("LimiterUnavailable")
        return None
