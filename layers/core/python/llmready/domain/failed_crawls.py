"""The limits of an account's generations that fail or are cancelled.

Such generations cost no quota. Without a limit of their crawl time, an account could occupy workers all the time.
Without a limit of their number, an account could start and cancel generations all day, each of which sends events to
webhooks.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from llmready.domain.errors import TooManyRequests

SECONDS_PER_DAY = 3600
"""Seconds of failed or cancelled crawls that an account may have on one UTC calendar day."""

MOST_PER_DAY = 300
"""Failed or cancelled generations that an account may have on one UTC calendar day."""


def day_of(time: datetime) -> str:
    """Return the UTC calendar day of a time, such as ``2026-11-29``."""
    return time.astimezone(UTC).date().isoformat()


def uses_up_the_time(seconds: Mapping[str, int], time: datetime, *, earlier: int = 0) -> bool:
    """Return whether an account has used up the time of failed and cancelled crawls of a day.

    Args:
        seconds: Seconds of the account's failed or cancelled crawls, by day.
        time: The current time.
        earlier: Seconds of the earlier attempts of generations that have not ended.
    """
    return seconds.get(day_of(time), 0) + earlier >= SECONDS_PER_DAY


def check_failed_crawls(
    seconds: Mapping[str, int], time: datetime, *, ended: Mapping[str, int] | None = None
) -> None:
    """Check that an account may start a generation.

    Args:
        seconds: Seconds of the account's failed or cancelled crawls, by day.
        time: The current time.
        ended: Number of the account's failed or cancelled generations, by day.

    Raises:
        TooManyRequests: A limit of this day is reached; ``retry_after`` contains the seconds until the next day.
    """
    today = day_of(time)
    if uses_up_the_time(seconds, time):
        reason = f"Your failed and cancelled crawls used {SECONDS_PER_DAY // 60} minutes today."
    elif (ended or {}).get(today, 0) >= MOST_PER_DAY:
        reason = f"{MOST_PER_DAY} of your generations failed or were cancelled today."
    else:
        return
    midnight = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    raise TooManyRequests(
        "failed_crawl_limit",
        f"{reason} You can start generations again tomorrow (UTC).",
        retry_after=int((midnight - time).total_seconds()) + 1,
    )
