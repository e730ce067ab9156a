"""Due runs in the table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from llmready.adapters.dynamodb import keys
from llmready.domain.clock import new_id, now
from llmready.domain.errors import Conflict, Forbidden
from llmready.domain.generation import Failure, Generation, Status, Trigger
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Schedule
from llmready.domain.schedules import next_run
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.ports.generations import ScheduledStart
from llmready.ports.schedules import DueRun
from testkit.emulator import Place
from testkit.people import claimed, new_generation, registered, with_website

A_DAY = timedelta(days=1)


@dataclass
class Scheduled:
    """A stored website with a daily schedule."""

    place: Place
    user: User
    website: Website

    @property
    def due_at(self) -> datetime:
        due = next_run(self.website.schedule, self.website.id, self.website.updated_at)
        assert due is not None
        return due

    def stored(self) -> Website:
        found = self.place.websites.get_for_user(self.user.id, self.website.id)[1]
        assert found is not None
        return found

    def change(self, **changes: Any) -> None:
        old = self.stored()
        self.place.websites.update(
            old, old.changed(updated_at=old.updated_at + timedelta(seconds=1), **changes)
        )

    def due(self, time: datetime | None = None) -> list[DueRun]:
        runs = self.place.services.schedules.due(time or self.due_at)
        return [run for run in runs if run.website.id == self.website.id]

    def start(self, *, due_at: datetime | None = None, limit: int = 100, quota: int = 10) -> Generation:
        generation = new_generation(self.user, self.website, trigger=Trigger.SCHEDULE)
        due_at = due_at or self.due_at
        run = ScheduledStart(due_at, due_at + A_DAY, limit)
        return self.place.generations.start(generation, quota_limit=quota, scheduled=run)

    def finish(self, generation: Generation, *, failed: bool) -> None:
        ended = claimed(self.place, generation)
        ended = (
            ended.failed(time=now(), failure=Failure(code="dns_failure", message="Unknown."))
            if failed
            else ended.cancelled(time=now())
        )
        self.place.generations.finish(ended, None, was=Status.PROCESSING)


@pytest.fixture
def scheduled(either: Place) -> Scheduled:
    user = registered(either, "standard")
    return Scheduled(either, user, with_website(either, user, schedule=Schedule.DAILY))


def test_a_run_is_found_once_it_is_due(scheduled: Scheduled) -> None:
    assert scheduled.due(scheduled.due_at - timedelta(milliseconds=1)) == []
    (run,) = scheduled.due()
    assert run == DueRun(scheduled.website, run.user, scheduled.due_at)
    assert run.user is not None
    assert run.user.id == scheduled.user.id


@pytest.mark.parametrize("changes", [{"schedule": Schedule.OFF}, {"is_active": False}])
def test_without_a_schedule_or_inactive_nothing_is_due(scheduled: Scheduled, changes: dict[str, Any]) -> None:
    scheduled.change(**changes)
    assert scheduled.due(scheduled.due_at + A_DAY) == []
    scheduled.change(schedule=Schedule.DAILY, is_active=True)
    assert len(scheduled.due(scheduled.due_at + A_DAY)) == 1


def test_other_changes_do_not_move_the_next_run(scheduled: Scheduled) -> None:
    scheduled.change(name="Another name")
    assert [run.due_at for run in scheduled.due()] == [scheduled.due_at]


def test_nothing_is_due_of_a_deleted_website(scheduled: Scheduled) -> None:
    scheduled.place.websites.delete(scheduled.stored(), now())
    assert scheduled.due() == []


def test_a_skipped_run_is_replaced_by_the_next_one_once(scheduled: Scheduled) -> None:
    schedules = scheduled.place.services.schedules
    (run,) = scheduled.due()
    assert schedules.skip(run, run.due_at + A_DAY)
    assert not schedules.skip(run, run.due_at + A_DAY)
    assert scheduled.due() == []
    (following,) = scheduled.due(scheduled.due_at + A_DAY)
    assert following.due_at == run.due_at + A_DAY
    assert schedules.skip(following, None)
    assert scheduled.due(scheduled.due_at + 40 * A_DAY) == []


def test_a_run_starts_once(scheduled: Scheduled) -> None:
    scheduled.finish(scheduled.start(), failed=False)
    with pytest.raises(Conflict):
        scheduled.start()
    assert [run.due_at for run in scheduled.due(scheduled.due_at + A_DAY)] == [scheduled.due_at + A_DAY]


def test_a_run_does_not_overlap_another(scheduled: Scheduled) -> None:
    scheduled.start()
    with pytest.raises(Conflict) as refused:
        scheduled.start(due_at=scheduled.due_at + A_DAY)
    assert refused.value.code == "generation_in_progress"


def test_scheduled_runs_per_month_are_limited(scheduled: Scheduled) -> None:
    due_at = scheduled.due_at
    for _ in range(3):
        scheduled.finish(scheduled.start(due_at=due_at, limit=3), failed=False)
        due_at += A_DAY
    with pytest.raises(Forbidden) as refused:
        scheduled.start(due_at=due_at, limit=3)
    assert refused.value.code == "schedule_limit"
    with pytest.raises(Forbidden) as refused:
        scheduled.start(due_at=due_at, limit=3, quota=0)
    assert refused.value.code == "quota_exceeded"


def test_only_failed_runs_in_a_row_count(scheduled: Scheduled) -> None:
    due_at = scheduled.due_at
    for failed, count in ((True, 1), (False, 1), (True, 2)):
        generation = scheduled.start(due_at=due_at)
        scheduled.finish(generation, failed=failed)
        due_at += A_DAY
        assert scheduled.stored().schedule_failures == count
    assert scheduled.stored().failed_run_id == generation.id
    scheduled.change(schedule=Schedule.WEEKLY)
    assert scheduled.stored().schedule_failures == 0


def test_a_schedule_is_stopped_once_and_only_after_its_failures(scheduled: Scheduled) -> None:
    def mail() -> OutboxMail:
        user_id, time = scheduled.user.id, now()
        return OutboxMail(
            id=new_id(), user_id=user_id, kind=MailKind.SCHEDULE_STOPPED, created_at=time, due_at=time
        )

    schedules = scheduled.place.services.schedules
    due_at = scheduled.due_at
    for _ in range(3):
        assert not schedules.stop(scheduled.stored(), mail(), now())
        scheduled.finish(scheduled.start(due_at=due_at), failed=True)
        due_at += A_DAY
    failing, notice = scheduled.stored(), mail()
    assert schedules.stop(failing, notice, now())
    assert not schedules.stop(failing, mail(), now())
    stopped = scheduled.stored()
    assert (stopped.schedule, stopped.schedule_failures) == (Schedule.OFF, 0)
    assert scheduled.due(due_at + 40 * A_DAY) == []
    assert scheduled.place.table.get(keys.mail(scheduled.user.id, notice.id)) is not None
