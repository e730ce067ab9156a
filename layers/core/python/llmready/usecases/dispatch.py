"""The dispatcher: handle generations that no longer make progress, then start the missing tasks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.generation import Generation, Status
from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.services import Services
from llmready.usecases.end_generation import TIMED_OUT, fail_generation
from llmready.usecases.fill_slots import fill_slots
from llmready.usecases.run_schedules import ScheduledRuns, run_schedules
from llmready.usecases.send_webhook import requeue_due_deliveries

_NAME = "dispatcher"
_LEASE = timedelta(seconds=50)
_ROUNDS = 10  # how often one invocation runs again for triggers that came meanwhile
# A start sends its message within moments. If none was sent after this time, the start crashed before sending.
_UNSENT = timedelta(seconds=45)
# The message of a crashed worker becomes visible again within this time after the lease; otherwise it was lost.
_LOST = timedelta(seconds=45)
_ROUND = timedelta(seconds=70)  # within which the dispatcher runs at least once
# An email that was not sent this long after it became due is queued again.
_MAIL_GRACE = timedelta(seconds=90)
_SCHEDULES = timedelta(seconds=25)  # how long one round starts scheduled runs
_NO_RUNS = ScheduledRuns([], 0, all_seen=True)
_MAILS = 1000  # how many emails one round sends again


class Dispatched(NamedTuple):
    """What one round of the dispatcher did.

    Attributes:
        jobs: Generations that are in a queue or leased by a worker.
        tasks_alive: Tasks that were starting or running.
        tasks_started: Tasks that were started.
        resent: Generations that were sent to their queue (again).
        timed_out: Generations that were marked as failed because they exceeded their time limit.
        tasks_not_started: Tasks that are needed and could not be started.
        waiting: Generations that are queued by plan limit.
        oldest_seconds: Age in seconds of the oldest generation that has not ended.
        scheduled: Scheduled runs that were started.
        scheduled_skipped: Scheduled runs that were due and skipped.
    """

    jobs: int
    tasks_alive: int
    tasks_started: int
    resent: int
    timed_out: int
    tasks_not_started: int
    waiting: int
    oldest_seconds: int
    scheduled: int
    scheduled_skipped: int


def dispatch(services: Services, enqueued: tuple[str, str] | None = None) -> list[Dispatched]:
    """Handle unfinished generations and start tasks; only one dispatcher runs at a time.

    Args:
        services: The process's services.
        enqueued: IDs of the user and the generation that a start has just sent to its queue. The index may not show
            this generation yet.

    Returns:
        What each round did. Empty if another dispatcher is running, which then runs one more round.
    """
    added = services.generations.get(*enqueued) if enqueued else None
    if added is not None and added.status is Status.PENDING:
        services.generations.mark_enqueued(added.user_id, added.id, services.clock())
    done: list[Dispatched] = []
    for _ in range(_ROUNDS):
        time = services.clock()
        if not services.mutex.acquire(_NAME, time=time, until=time + _LEASE):
            break
        # A triggered run does not start scheduled runs, so that a start need not wait for them; the run of each
        # minute does.
        runs = run_schedules(services, until=time + _SCHEDULES) if enqueued is None else _NO_RUNS
        active = {generation.id: generation for generation in services.generations.active()}
        # The index may not show the newest generation yet.
        active = {**{generation.id: generation for generation in runs.started}, **active}
        if added is not None and not added.status.is_final:
            active.setdefault(added.id, added)
        done.append(_round(services, list(active.values()), runs, time))
        if services.mutex.release(_NAME):
            break
    return done


def _round(services: Services, active: list[Generation], runs: ScheduledRuns, time: datetime) -> Dispatched:
    waiting = [generation for generation in active if generation.waiting]
    sent = [
        generation
        for user_id in dict.fromkeys(generation.user_id for generation in waiting)
        for generation in fill_slots(services, user_id)
    ]
    resent, timed_out = _sweep(services, [each for each in active if not each.waiting], time)
    _resend_mails(services, time)
    requeue_due_deliveries(services)
    queued = [*sent, *(each for each in active if not each.waiting and each.id not in timed_out)]
    counts = services.tasks.counts()
    missing = missing_tasks(
        queued, counts, max_tasks=services.settings.max_tasks, warm_tasks=services.settings.warm_tasks
    )
    token = new_id()
    allowed = {
        kind: services.start_failures.get(kind).allowed(count, time)
        for kind, count in missing.items()
        if count
    }
    started = {kind: services.tasks.run(kind, count, token=token) for kind, count in allowed.items() if count}
    oldest = min((generation.created_at for generation in active), default=time)
    return Dispatched(
        jobs=len(queued),
        tasks_alive=sum(counts),
        tasks_started=sum(started.values()),
        resent=resent + len(sent),
        timed_out=len(timed_out),
        tasks_not_started=sum(count - started.get(kind, 0) for kind, count in missing.items()),
        waiting=len(waiting) - len(sent),
        oldest_seconds=int((time - oldest).total_seconds()),
        scheduled=len(runs.started),
        scheduled_skipped=runs.skipped,
    )


def missing_tasks(
    jobs: Iterable[Generation], counts: TaskCounts, *, max_tasks: int, warm_tasks: int
) -> dict[TaskKind, int]:
    """Return how many tasks of each kind must be started.

    A task with a browser also runs generations that need no browser. Therefore the last task that may be
    started has a browser. Otherwise, many plain generations could delay a generation that needs a browser.

    Args:
        jobs: The generations that are in a queue or leased by a worker.
        counts: The tasks that are starting or running.
        max_tasks: Greatest number of tasks.
        warm_tasks: Number of tasks that keep running without work.
    """
    browser_jobs = plain_jobs = plain_running = 0
    for generation in jobs:
        if generation.settings.use_playwright:
            browser_jobs += 1
        else:
            plain_jobs += 1
            plain_running += generation.status is Status.PROCESSING
    room = max(0, max_tasks - sum(counts))
    with_browser = counts.browser + counts.warm
    # Running plain generations beyond the number of plain tasks occupy tasks with a browser.
    occupied = max(0, plain_running - counts.plain)
    browser = min(room, max(0, browser_jobs + occupied - with_browser)) if browser_jobs else 0
    spare = max(0, with_browser + browser - browser_jobs)
    plain = min(room - browser, max(0, plain_jobs - counts.plain - spare))
    if plain and counts.plain + plain == max_tasks:
        plain, browser = plain - 1, browser + 1
    warm = min(room - browser - plain, max(0, warm_tasks - counts.warm))
    return {TaskKind.PLAIN: plain, TaskKind.BROWSER: browser, TaskKind.WARM: warm}


def _sweep(services: Services, active: Iterable[Generation], time: datetime) -> tuple[int, set[str]]:
    """Handle unfinished generations.

    Return how many generations were sent again, and the IDs of the generations that failed because of a timeout.
    """
    resent = 0
    timed_out: set[str] = set()
    for generation in active:
        try:
            if generation.status is Status.PENDING and generation.enqueued_at is None:
                if time - generation.created_at > _UNSENT:
                    services.jobs.send(generation)
                    services.generations.mark_enqueued(generation.user_id, generation.id, time)
                    resent += 1
            elif generation.is_abandoned(time):
                deadline = generation.deadline(services.settings.attempt_timeout)
                if deadline is not None and deadline < time:
                    fail_generation(services, generation, TIMED_OUT)
                    timed_out.add(generation.id)
                elif _has_lost_its_message(generation, time):
                    services.jobs.send(generation)
                    resent += 1
        except (LeaseLost, TryAgain):
            services.log.warning(
                "unfinished generation not handled; the next run tries again", generation_id=generation.id
            )
    return resent, timed_out


def _has_lost_its_message(generation: Generation, time: datetime) -> bool:
    """Return whether no worker claimed an abandoned generation although its message should be visible again."""
    ended = generation.lease_expires_at
    return ended is not None and _LOST < time - ended < _LOST + _ROUND


def _resend_mails(services: Services, time: datetime) -> None:
    try:
        services.mail_queue.send_many(list(islice(services.outbox.due(time - _MAIL_GRACE), _MAILS)))
    except TryAgain:
        services.log.warning("unsent emails not queued; the next run tries again")
