"""The minute tick of the dispatcher starts the scheduled runs that are due."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from llmready.adapters.dynamodb import keys
from llmready.domain.clock import now, timestamp
from llmready.domain.generation import FAILED_TOO_LONG, HOST_BUSY, Failure, Generation, Status, Trigger
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Schedule
from llmready.domain.quota import month_of
from llmready.domain.schedules import next_run, slot_of
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.settings import Settings
from llmready.usecases.end_generation import fail_generation
from llmready.usecases.run_schedules import ScheduledRuns, run_schedules
from llmready.usecases.suspend_account import resume_account, suspend_account
from testkit.dispatching import dispatched
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.items import stored_websites
from testkit.people import claimed, new_website, registered, started, with_website

A_DAY = timedelta(days=1)
FAILED = Failure(code="dns_failure", message="The name of the host is not known.")


class Daily:
    """A user with one website and a schedule, and a dispatcher with separate resources that starts the runs."""

    def __init__(self, place: Place, plan: str = "standard", schedule: Schedule = Schedule.DAILY) -> None:
        self.place = place
        self.user: User = registered(place, plan)
        self.website: Website = with_website(place, self.user, schedule=schedule)

    @property
    def due_at(self) -> datetime:
        """The stored time of the next run."""
        item = self.place.table.get(_key(self.website))
        assert item is not None
        return datetime.fromisoformat(item["due_at"])

    def tick(self, time: datetime | None = None) -> ScheduledRuns:
        """Start the runs that are due at a time; None stands for the time of the next run."""
        time = time or self.due_at
        return run_schedules(self.place.services_at(time), until=time + timedelta(minutes=1))

    def runs(self) -> list[Generation]:
        return self.place.generations.history(self.user.id, limit=100).items

    def fail(self, generation: Generation) -> None:
        fail_generation(self.place.services, claimed(self.place, generation), FAILED)

    def cancel(self, generation: Generation) -> None:
        held = claimed(self.place, generation)
        self.place.generations.finish(held.cancelled(time=now()), None, was=Status.PROCESSING)

    def stored(self) -> Website:
        found = self.place.websites.get_for_user(self.user.id, self.website.id)[1]
        assert found is not None
        return found

    def mails(self, kind: MailKind) -> list[OutboxMail]:
        due = due_of(self.place.outbox, now() + timedelta(days=500))
        return [mail for mail in due if (mail.user_id, mail.kind) == (self.user.id, kind)]


def _key(website: Website) -> keys.Key:
    return keys.website(website.user_id, website.id)


def make_due(place: Place, website: Website, time: datetime) -> None:
    """Move the next run of a website to a time."""
    place.table.write(place.table.update(_key(website), change={"due_at": timestamp(time)}))


@pytest.fixture
def daily(place: Place) -> Daily:
    return Daily(place)


def test_a_due_run_starts_like_a_manual_one(daily: Daily, place: Place) -> None:
    due_at = daily.due_at
    assert daily.tick(due_at - timedelta(seconds=1)).started == []
    (generation,) = daily.tick(due_at).started
    assert (generation.trigger, generation.status) == (Trigger.SCHEDULE, Status.PENDING)
    assert [run.id for run in daily.runs()] == [generation.id]
    assert place.waiting(place.queue_urls[generation.lane])[0] == 1
    assert place.quotas.get(daily.user.id, month_of(due_at), daily.user.quota_ledger).taken == 1
    assert daily.due_at == due_at + A_DAY
    assert daily.tick(due_at).started == []


def test_the_dispatchers_minute_tick_starts_due_runs(daily: Daily, place: Place) -> None:
    dispatched(place, daily.due_at)
    assert [run.trigger for run in daily.runs()] == [Trigger.SCHEDULE]


def test_two_dispatchers_at_once_start_a_run_once(place: Place) -> None:
    people = [Daily(place) for _ in range(5)]
    time = now() + A_DAY
    services = place.services_at(time)

    def tick(_: int) -> int:
        return len(run_schedules(services, until=time + timedelta(minutes=1)).started)

    for each in people:
        make_due(place, each.website, time)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(tick, range(4))) == 5
    assert [len(each.runs()) for each in people] == [1] * 5


def test_a_run_that_would_overlap_another_is_skipped(daily: Daily, place: Place) -> None:
    running = started(place, daily.user, daily.website)
    due_at = daily.due_at
    ran = daily.tick()
    assert (ran.started, ran.skipped) == ([], 1)
    assert daily.due_at == due_at + A_DAY
    assert [run.id for run in daily.runs()] == [running.id]
    assert daily.mails(MailKind.SCHEDULE_SKIPPED) == []


@pytest.mark.parametrize("late", [timedelta(hours=2), timedelta(days=3, hours=2)])
def test_missed_runs_are_not_repeated(daily: Daily, late: timedelta) -> None:
    due_at = daily.due_at
    assert daily.tick(due_at + late).started == []
    assert daily.due_at == due_at + late + (A_DAY - timedelta(hours=2))
    assert len(daily.tick().started) == 1


def test_a_run_that_is_a_little_late_still_starts(daily: Daily) -> None:
    assert len(daily.tick(daily.due_at + timedelta(minutes=10)).started) == 1


def test_while_the_service_is_paused_runs_are_missed(daily: Daily, place: Place) -> None:
    controls = place.services.controls
    controls.change(lambda old: old.with_pause(paused=True))
    due_at = daily.due_at
    assert daily.tick(due_at).started == []
    controls.change(lambda old: old.with_pause(paused=False))
    assert daily.tick(due_at + timedelta(minutes=1)).started == []
    assert len(daily.tick(due_at + A_DAY).started) == 1


def test_while_the_account_is_suspended_nothing_starts(daily: Daily, place: Place) -> None:
    suspend_account(place.services, daily.user, by="ops")
    assert daily.tick().started == []
    assert daily.runs() == []
    resume_account(place.services, daily.user, by="ops")
    assert len(daily.tick().started) == 1


def test_a_blocked_host_is_skipped_without_turning_the_schedule_off(daily: Daily, place: Place) -> None:
    place.services.controls.change(lambda old: old.with_host(daily.website.url, blocked=True))
    for _ in range(4):
        assert daily.tick().started == []
    assert daily.stored().schedule is Schedule.DAILY


def test_unconfirmed_address_cannot_start_if_the_stage_requires_confirmation(place: Place) -> None:
    user = registered(place, "standard", is_verified=False)
    website = with_website(place, user, schedule=Schedule.DAILY)
    time = next_run(Schedule.DAILY, website.id, now())
    assert time is not None
    services = replace(place.services_at(time), settings=Settings(require_verified_email=True))
    ran = run_schedules(services, until=time + timedelta(minutes=1))
    assert (ran.started, ran.skipped) == ([], 1)


def test_after_a_downgrade_the_plans_interval_is_followed(daily: Daily, place: Place) -> None:
    place.users.set_plan(daily.user, "free", now(), by="ops")
    slot = slot_of(daily.website.id)
    begun = []
    for _ in range(62):
        time = daily.due_at
        for generation in daily.tick(time).started:
            begun.append(time)
            daily.cancel(generation)
    assert [time.day for time in begun] in ([slot.day] * 2, [slot.day] * 3)
    assert daily.stored().schedule is Schedule.DAILY


def test_after_a_downgrade_only_the_oldest_websites_run(place: Place) -> None:
    daily = Daily(place)
    younger = with_website(place, daily.user, schedule=Schedule.DAILY)
    place.users.set_plan(daily.user, "free", now(), by="ops")
    time = next_run(Schedule.MONTHLY, younger.id, now())
    assert time is not None
    place.table.write(
        place.table.update(
            _key(younger), change={"due_at": time.isoformat(timespec="milliseconds")[:23] + "Z"}
        )
    )
    run_schedules(place.services_at(time), until=time + timedelta(minutes=1))
    assert [run for run in daily.runs() if run.website_id == younger.id] == []


def test_without_quota_the_user_gets_one_mail_a_month(place: Place) -> None:
    daily = Daily(place, "standard")
    first = (now() + timedelta(days=32)).replace(day=10)
    for _ in range(10):
        started(place, daily.user, with_website(place, daily.user), month=month_of(first))
    for day in range(3):
        make_due(place, daily.website, first + day * A_DAY)
        ran = daily.tick(first + day * A_DAY)
        assert (ran.started, ran.skipped) == ([], 1)
        assert len(daily.mails(MailKind.SCHEDULE_SKIPPED)) == 1
    later = (first + timedelta(days=32)).replace(day=10)
    make_due(place, daily.website, later)
    assert len(daily.tick(later).started) == 1


def test_scheduled_runs_a_month_are_limited(place: Place) -> None:
    """The starter plan has 3 generations a month, so 30 scheduled runs, here of websites in one week."""
    user = registered(place, "starter")
    time = now().replace(day=10) + timedelta(days=31)
    count = 0
    website = with_website(place, user, schedule=Schedule.WEEKLY)
    for minute in range(31):
        moment = time + timedelta(minutes=minute)
        make_due(place, website, moment)
        for generation in run_schedules(place.services_at(moment), until=moment + A_DAY).started:
            count += 1
            place.generations.finish(generation.cancelled(time=moment), None, was=Status.PENDING)
    assert count == 30


def test_three_failed_runs_in_a_row_turn_the_schedule_off_and_send_a_mail(daily: Daily) -> None:
    for number in range(1, 4):
        assert daily.stored().schedule is Schedule.DAILY
        (generation,) = daily.tick().started
        daily.fail(generation)
        assert daily.stored().schedule_failures == number % 3
    assert daily.stored().schedule is Schedule.OFF
    (mail,) = daily.mails(MailKind.SCHEDULE_STOPPED)
    assert mail.generation_id == generation.id
    assert daily.tick(now() + 40 * A_DAY).started == []


def test_a_schedule_that_could_not_be_stopped_is_stopped_by_its_next_run(daily: Daily, place: Place) -> None:
    for _ in range(3):
        (generation,) = daily.tick().started
        held = claimed(place, generation)
        # The process dies right after the end was stored.
        place.generations.finish(held.failed(time=now(), failure=FAILED), None, was=Status.PROCESSING)
    ran = daily.tick()
    assert (ran.started, daily.stored().schedule) == ([], Schedule.OFF)
    assert len(daily.mails(MailKind.SCHEDULE_STOPPED)) == 1


@pytest.mark.parametrize("failure", [HOST_BUSY, FAILED_TOO_LONG], ids=lambda failure: failure.code)
def test_runs_that_others_prevent_do_not_turn_the_schedule_off(
    daily: Daily, place: Place, failure: Failure
) -> None:
    for _ in range(4):
        (generation,) = daily.tick().started
        fail_generation(place.services, claimed(place, generation), failure)
    assert (daily.stored().schedule, daily.stored().schedule_failures) == (Schedule.DAILY, 0)
    assert daily.mails(MailKind.SCHEDULE_STOPPED) == []


def test_manual_failures_do_not_turn_the_schedule_off(daily: Daily, place: Place) -> None:
    for _ in range(4):
        daily.fail(started(place, daily.user, daily.website))
    assert daily.stored().schedule is Schedule.DAILY


def test_one_broken_website_does_not_prevent_other_runs(place: Place) -> None:
    broken, well = Daily(place), Daily(place)
    time = max(broken.due_at, well.due_at)
    for each in (broken, well):
        make_due(place, each.website, time)
    place.table.write(place.table.update(_key(broken.website), change={"url": "http://[broken"}))
    run_schedules(place.services_at(time), until=time + A_DAY)
    assert len(well.runs()) == 1


@contextmanager
def items_read(place: Place) -> Iterator[list[int]]:
    """Count the items that DynamoDB reads."""
    counts: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        if "ScannedCount" in parsed:
            counts.append(parsed["ScannedCount"])
        counts.extend(len(found) for found in parsed.get("Responses", {}).values())
        counts.append(int("Item" in parsed))

    events = place.dynamodb.meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield counts
    finally:
        events.unregister("after-call.dynamodb", note)


def test_the_tick_reads_only_what_is_due(place: Place) -> None:
    user = registered(place)
    websites = [new_website(user, schedule=Schedule.DAILY) for _ in range(600)]
    stored_websites(place, user, websites)
    times = sorted(next_run(Schedule.DAILY, website.id, website.updated_at) or now() for website in websites)
    with items_read(place) as before:
        assert (
            run_schedules(place.services_at(times[0] - timedelta(seconds=1)), until=times[-1]).started == []
        )
    assert sum(before) == 0
    with items_read(place) as read:
        ran = run_schedules(place.services_at(times[2]), until=times[-1])
    due = sum(time <= times[2] for time in times)  # two websites can be due in the same second
    assert len(ran.started) + ran.skipped == due
    # A run reads up to five items, and again after a conflict with another run of the same user.
    assert sum(read) <= due * 15, read
