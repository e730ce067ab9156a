"""The crawl time that an account may spend on generations that fail or are cancelled.

Such generations cost no quota. Without this limit, an account could occupy workers all the time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from llmready.domain.errors import TooManyRequests

SECONDS_PER_DAY = 3600
"""Seconds of failed or cancelled crawls that an account may have on one UTC calendar day."""


def day_of(time: datetime) -> str:
    """Return the UTC calendar day of a time, such as ``2026-11-29``."""
    return time.astimezone(UTC).date().isoformat()


def check_failed_crawls(seconds: Mapping[str, int], time: datetime) -> None:
    """Check that an account may start a generation.

    Args:
        seconds: Seconds of the account's failed or cancelled crawls, by day.
        time: The current time.

    Raises:
        TooManyRequests: The time of this day is used up; ``retry_after`` contains the seconds until the next day.
    """
    if seconds.get(day_of(time), 0) < SECONDS_PER_DAY:
        return
    midnight = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    raise TooManyRequests(
        "failed_crawl_limit",
        f"Your failed and cancelled crawls used {SECONDS_PER_DAY // 60} minutes today. You can start generations"
        " again tomorrow (UTC).",
        retry_after=int((midnight - time).total_seconds()) + 1,
    )
