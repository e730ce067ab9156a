"""Start the scheduled runs that are due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

from llmready.domain.account import suspended
from llmready.domain.controls import Controls
from llmready.domain.errors import DomainError, NotFound, TryAgain
from llmready.domain.generation import Generation, Trigger
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Schedule
from llmready.domain.quota import month_of
from llmready.domain.schedules import (
    LATEST_START,
    RUNS_PER_GENERATION,
    effective_schedule,
    is_run_of,
    next_run,
)
from llmready.domain.user import User
from llmready.ports.generations import ScheduledStart
from llmready.ports.schedules import DueRun
from llmready.services import Services
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.start_generation import StartRequest, start_generation
from llmready.usecases.stop_schedule import stop_schedule

_AT_ONCE = 8  # starts that run side by side
_CHUNK = 40  # due runs between two checks of the remaining time
_USED_UP = frozenset({"quota_exceeded", "schedule_limit"})


class ScheduledRuns(NamedTuple):
    """The result of processing the due runs.

    Attributes:
        started: The generations that were started.
        skipped: Runs that were skipped.
        all_seen: Whether all due runs were processed. If not, the next call continues.
    """

    started: list[Generation]
    skipped: int
    all_seen: bool


def run_schedules(services: Services, *, until: datetime) -> ScheduledRuns:
    """Start the runs that are due, and give each of their websites its next run.

    Safe to run twice at the same time. One transaction starts the generation and sets the next run. It
    requires that the run is still due.

    Args:
        services: The process's services.
        until: When to stop; what is left stays due.
    """
    due = services.schedules.due(services.clock())
    started: list[Generation] = []
    skipped = 0
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while chunk := list(islice(due, _CHUNK)):
            if services.clock() >= until:
                return ScheduledRuns(started, skipped, all_seen=False)
            process = partial(_process, services, services.controls.get())
            outcomes = list(threads.map(process, chunk))
            started += [outcome for outcome in outcomes if outcome is not None]
            skipped += sum(outcome is None for outcome in outcomes)
    return ScheduledRuns(started, skipped, all_seen=True)


def _process(services: Services, controls: Controls, run: DueRun) -> Generation | None:
    """Start a due run or skip it. A run that cannot be processed now stays due."""
    try:
        if stop_schedule(services, run.website):
            return None
        time = services.clock()
        # The next run is counted from the current time, so missed runs are not repeated.
        next_at = next_run(run.website.schedule, run.website.id, time)
        if next_at is None or not _may_start(run, controls, time):
            services.schedules.skip(run, next_at)
            return None
        return _start(services, run, next_at)
    except TryAgain:
        services.log.warning(
            "scheduled run not processed; the next run of the dispatcher tries again",
            website_id=run.website.id,
        )
        return None
    except Exception:
        services.log.exception(
            "scheduled run failed unexpectedly; the next run of the dispatcher tries again",
            website_id=run.website.id,
        )
        return None


def _may_start(run: DueRun, controls: Controls, time: datetime) -> bool:
    user, website = run.user, run.website
    if user is None or user.suspended_at is not None or not website.is_active or controls.paused:
        return False
    if time - run.due_at > LATEST_START:
        return False
    followed = effective_schedule(website.schedule, user.plan)
    if followed is website.schedule:
        return True
    # After a downgrade the stored schedule has more slots than the plan allows.
    return followed is not Schedule.OFF and is_run_of(followed, website.id, run.due_at)


def _start(services: Services, run: DueRun, next_at: datetime) -> Generation | None:
    """Start a run, or skip it if the start is refused."""

    def account(user: User | None) -> User:
        if user is None:
            raise NotFound("user_not_found", "There is no such account.")
        if user.suspended_at is not None:
            raise suspended()
        return user

    plan = account(run.user).plan
    request = StartRequest(
        user_id=run.website.user_id,
        website_id=run.website.id,
        trigger=Trigger.SCHEDULE,
        scheduled=ScheduledStart(run.due_at, next_at, RUNS_PER_GENERATION * plan.generations_per_month),
    )
    try:
        return start_generation(services, request, account=account, limit=lambda: None).generation
    except TryAgain:
        raise
    except DomainError as refusal:
        if services.schedules.skip(run, next_at):
            services.log.info("scheduled run skipped", website_id=run.website.id, code=refusal.code)
            if refusal.code in _USED_UP:
                _tell_once_a_month(services, run.website.user_id)
        return None


def _tell_once_a_month(services: Services, user_id: str) -> None:
    """Email a user that scheduled runs are skipped until the next month.

    A fixed ID per month prevents a second email.
    """
    time = services.clock()
    mail = OutboxMail(
        id=f"schedule-skipped-{month_of(time)}",
        user_id=user_id,
        kind=MailKind.SCHEDULE_SKIPPED,
        created_at=time,
        due_at=time,
    )
    if services.outbox.put_once(mail):
        hand_to_notifier(services, mail)
