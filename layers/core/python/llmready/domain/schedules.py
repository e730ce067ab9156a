"""When scheduled runs of a website are due.

The slot of a website follows from its ID: a second of the day, a day of the week and a day of the month. The starts
of all websites are therefore spread evenly, and the weekly and monthly slots of a website are among its daily slots.
All times are UTC, so clock changes do not matter. Monthly slots lie on the days 1 to 28, which every month has.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from llmready.domain.plans import Plan, Schedule

RUNS_PER_GENERATION = 10
"""Scheduled runs a month for each generation that the plan allows a month."""

FAILURES_UNTIL_OFF = 3
"""Failed runs in a row after which a schedule is turned off."""

LATEST_START = timedelta(hours=1)
"""How late a run may start. A run that is later is skipped and not repeated."""

_FREQUENCY = (Schedule.OFF, Schedule.MONTHLY, Schedule.WEEKLY, Schedule.DAILY)
_SECONDS_A_DAY = 86_400
_DAYS_A_WEEK = 7
_SLOT_DAYS_A_MONTH = 28


class Slot(NamedTuple):
    """When a website's runs start.

    Attributes:
        second: Second of the day.
        weekday: Day of the week, 0 for Monday.
        day: Day of the month, 1 to 28.
    """

    second: int
    weekday: int
    day: int


def exceeds(schedule: Schedule, plan: Plan) -> bool:
    """Return whether a schedule is more frequent than a plan allows."""
    return _FREQUENCY.index(schedule) > _FREQUENCY.index(plan.schedule)


def effective_schedule(schedule: Schedule, plan: Plan) -> Schedule:
    """Return the schedule that is followed: the stored one, or the plan's limit if that is less frequent."""
    return plan.schedule if exceeds(schedule, plan) else schedule


def slot_of(website_id: str) -> Slot:
    """Return the slot of a website, which never changes."""
    digest = hashlib.sha256(website_id.encode()).digest()
    return Slot(
        second=int.from_bytes(digest[:8]) % _SECONDS_A_DAY,
        weekday=int.from_bytes(digest[8:16]) % _DAYS_A_WEEK,
        day=int.from_bytes(digest[16:24]) % _SLOT_DAYS_A_MONTH + 1,
    )


def next_run(schedule: Schedule, website_id: str, after: datetime) -> datetime | None:
    """Return when the first run after a moment is due, or None without a schedule.

    Args:
        schedule: The schedule to follow.
        website_id: ID of the website.
        after: The moment. A run that is due exactly at this moment is not returned.
    """
    slot = slot_of(website_id)
    midnight = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    offset = timedelta(seconds=slot.second)
    match schedule:
        case Schedule.OFF:
            return None
        case Schedule.DAILY:
            due, interval = midnight + offset, timedelta(days=1)
        case Schedule.WEEKLY:
            days = slot.weekday - midnight.weekday()
            due, interval = midnight + timedelta(days=days) + offset, timedelta(days=_DAYS_A_WEEK)
        case Schedule.MONTHLY:
            due = midnight.replace(day=slot.day) + offset
            following = (midnight.replace(day=1) + timedelta(days=32)).replace(day=slot.day) + offset
            interval = following - due
    return due if due > after else due + interval


def must_stop(schedule: Schedule, failures: int) -> bool:
    """Return whether a schedule must be turned off after so many failed runs in a row."""
    return schedule is not Schedule.OFF and failures >= FAILURES_UNTIL_OFF


def is_run_of(schedule: Schedule, website_id: str, due_at: datetime) -> bool:
    """Return whether a daily slot of a website is also a slot of a schedule."""
    return next_run(schedule, website_id, due_at - timedelta(milliseconds=1)) == due_at
