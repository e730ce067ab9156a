"""When scheduled runs are due."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.domain.clock import new_id
from llmready.domain.plans import PLANS, Plan, Schedule
from llmready.domain.schedules import effective_schedule, exceeds, is_run_of, next_run, slot_of

IDS = st.uuids().map(str)
TIMES = st.integers(1_577_836_800, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
FREQUENT = st.sampled_from([Schedule.DAILY, Schedule.WEEKLY, Schedule.MONTHLY])


def due_after(schedule: Schedule, website_id: str, after: datetime) -> datetime:
    due = next_run(schedule, website_id, after)
    assert due is not None
    return due


@given(IDS, TIMES, FREQUENT)
def test_the_next_run_is_within_one_interval(website_id: str, after: datetime, schedule: Schedule) -> None:
    longest = {Schedule.DAILY: 1, Schedule.WEEKLY: 7, Schedule.MONTHLY: 31}[schedule]
    due = due_after(schedule, website_id, after)
    assert after < due <= after + timedelta(days=longest)


@given(IDS, TIMES, FREQUENT)
def test_runs_keep_their_time_of_day_and_their_interval(
    website_id: str, after: datetime, schedule: Schedule
) -> None:
    first = due_after(schedule, website_id, after)
    second = due_after(schedule, website_id, first)
    assert second.time() == first.time()
    match schedule:
        case Schedule.DAILY:
            assert second - first == timedelta(days=1)
        case Schedule.WEEKLY:
            assert second - first == timedelta(days=7)
        case _:
            assert second.day == first.day
            assert (second.year * 12 + second.month) - (first.year * 12 + first.month) == 1


@given(IDS, TIMES, FREQUENT, st.timedeltas(timedelta(), timedelta(days=1)))
def test_no_run_is_between_a_moment_and_the_next_run(
    website_id: str, after: datetime, schedule: Schedule, later: timedelta
) -> None:
    due = due_after(schedule, website_id, after)
    moment = after + later
    assert due_after(schedule, website_id, moment) == due or moment >= due


@given(IDS, TIMES)
def test_weekly_and_monthly_slots_are_daily_slots(website_id: str, after: datetime) -> None:
    for schedule in (Schedule.WEEKLY, Schedule.MONTHLY):
        due = due_after(schedule, website_id, after)
        assert is_run_of(Schedule.DAILY, website_id, due)
        assert is_run_of(schedule, website_id, due)
        assert not is_run_of(schedule, website_id, due + timedelta(days=1))


@given(IDS, TIMES, FREQUENT, st.integers(-14, 14))
def test_the_callers_time_zone_does_not_matter(
    website_id: str, after: datetime, schedule: Schedule, hours: int
) -> None:
    elsewhere = after.astimezone(timezone(timedelta(hours=hours)))
    assert next_run(schedule, website_id, elsewhere) == next_run(schedule, website_id, after)


@pytest.mark.parametrize(
    "after",
    [
        datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
        datetime(2027, 3, 31, tzinfo=UTC),
        datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_a_monthly_run_is_due_once_in_each_month(after: datetime) -> None:
    for _ in range(200):
        website_id, due, months = new_id(), after, []
        for _ in range(24):
            due = due_after(Schedule.MONTHLY, website_id, due)
            months.append(due.year * 12 + due.month)
        assert months == list(range(months[0], months[0] + 24))


def test_slots_are_spread_over_the_day_the_week_and_the_month() -> None:
    slots = [slot_of(new_id()) for _ in range(24_000)]
    for counts, expected in (
        (Counter(slot.second // 3600 for slot in slots), 1000),
        (Counter(slot.weekday for slot in slots), 24_000 / 7),
        (Counter(slot.day for slot in slots), 24_000 / 28),
    ):
        assert all(abs(count - expected) < 6 * expected**0.5 for count in counts.values())
    assert {slot.day for slot in slots} == set(range(1, 29))


def test_without_a_schedule_nothing_is_due() -> None:
    assert next_run(Schedule.OFF, new_id(), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [
        ("free", Schedule.MONTHLY),
        ("starter", Schedule.WEEKLY),
        ("standard", Schedule.DAILY),
        ("pro", Schedule.DAILY),
    ],
)
def test_a_plan_limits_how_often_a_website_runs(plan: str, allowed: Schedule) -> None:
    holds: Plan = PLANS[plan]
    order = [Schedule.OFF, Schedule.MONTHLY, Schedule.WEEKLY, Schedule.DAILY]
    for schedule in Schedule:
        above = order.index(schedule) > order.index(allowed)
        assert exceeds(schedule, holds) == above
        assert effective_schedule(schedule, holds) is (allowed if above else schedule)
