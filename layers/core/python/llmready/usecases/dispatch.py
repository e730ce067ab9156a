"""The dispatcher: start the missing tasks first, then handle generations without progress and other due work."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.generation import ActiveGeneration, Generation, Status
from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.services import Services
from llmready.usecases.end_generation import TIMED_OUT, fail_generation
from llmready.usecases.fill_slots import fill_slots
from llmready.usecases.requeue_due_work import requeue_due_work
from llmready.usecases.run_schedules import ScheduledRuns, run_schedules
from llmready.usecases.send_webhook import requeue_due_deliveries
from llmready.usecases.steps import Steps

_NAME = "dispatcher"
_MAINTENANCE = "maintenance"
_LEASE = timedelta(seconds=50)
_ROUNDS = 10  # how often one invocation runs again for triggers that came meanwhile
# No further round begins this long after the invocation began, so that the function's time limit is not reached.
_LAST_ROUND = timedelta(seconds=20)
# How long after the invocation began its rounds also care for generations that wait or make no progress. Later rounds
# only start tasks, so that the maintenance has time.
_CARE = timedelta(seconds=15)
# A start sends its message within moments. If none was sent after this time, the start crashed before sending.
_UNSENT = timedelta(seconds=45)
# The message of a crashed worker becomes visible again within this time after the lease; otherwise it was lost.
_LOST = timedelta(seconds=45)
_ROUND = timedelta(seconds=70)  # within which the dispatcher runs at least once
# An email that was not sent this long after it became due is queued again.
_MAIL_GRACE = timedelta(seconds=90)
# When the steps of the maintenance end, counted from the start of the invocation, which may last one minute.
_SCHEDULES_END = timedelta(seconds=25)
_MAILS_END = timedelta(seconds=33)
_DELIVERIES_END = timedelta(seconds=43)
_NO_RUNS = ScheduledRuns([], 0, all_seen=True)
_MAIL_QUEUED = timedelta(minutes=5)  # for how long an email is not queued again
# How many of the oldest generations one round looks at. The memory and the time of a round are limited.
_ACTIVE = 10_000


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
    """

    jobs: int
    tasks_alive: int
    tasks_started: int
    resent: int
    timed_out: int
    tasks_not_started: int
    waiting: int
    oldest_seconds: int


class _TaskStart(NamedTuple):
    """Tasks that ran before, tasks that were started, and tasks that are still missing."""

    alive: int = 0
    started: int = 0
    not_started: int = 0


def dispatch(services: Services, enqueued: tuple[str, str] | None = None) -> list[Dispatched]:
    """Start missing tasks, and handle generations that make no progress.

    Once a minute, the dispatcher runs without being triggered by a start. It then also starts scheduled runs, and
    queues unsent mails and webhook deliveries again. Each of these steps has a time limit, and an error in one of
    them does not prevent the others. Starts that trigger the dispatcher meanwhile do not wait for these steps.

    Args:
        services: The process's services.
        enqueued: IDs of the user and the generation that a start has just sent to its queue. The index may not show
            this generation yet. None for the run of each minute.

    Returns:
        What each round did. Empty if another dispatcher is running, which then runs one more round.

    Raises:
        Exception: The first error of a step, after all other steps were run.
    """
    began = services.clock()
    steps = Steps(services.log)
    added = steps.run("mark the start as sent", lambda: _added(services, enqueued), otherwise=None)
    done = _rounds(services, steps, [added] if added is not None else [], began)
    if enqueued is None:
        started = _maintain(services, steps, began)
        if started:
            done += _rounds(services, steps, started, began)
    steps.raise_error()
    return done


def _added(services: Services, enqueued: tuple[str, str] | None) -> ActiveGeneration | None:
    """Record that a start has sent its generation. Return the generation, or None if it has ended."""
    added = services.generations.get(*enqueued) if enqueued else None
    if added is None or added.status.is_final:
        return None
    if added.status is Status.PENDING:
        services.generations.mark_enqueued(added.user_id, added.id, services.clock())
    return added


def _rounds(
    services: Services, steps: Steps, added: Sequence[ActiveGeneration], began: datetime
) -> list[Dispatched]:
    """Run rounds until no trigger came meanwhile; only one dispatcher runs at a time.

    Args:
        services: The process's services.
        steps: Runs the steps.
        added: Generations that the index may not show yet.
        began: When the invocation began.
    """
    done: list[Dispatched] = []
    for _ in range(_ROUNDS):
        time = services.clock()
        take = partial(services.mutex.acquire, _NAME, time=time, until=time + _LEASE)
        if not steps.run("take the dispatcher's lease", take, otherwise=False):
            break
        nothing: list[ActiveGeneration] = []
        found = steps.run("list the generations", partial(_unfinished, services), otherwise=nothing)
        active = {generation.id: generation for generation in [*added, *found]}
        done.append(_round(services, steps, list(active.values()), time=time, until=began + _CARE))
        if services.mutex.release(_NAME) or services.clock() - began >= _LAST_ROUND:
            break
    return done


def _unfinished(services: Services) -> list[ActiveGeneration]:
    return list(islice(services.generations.active(), _ACTIVE))


def _round(
    services: Services, steps: Steps, active: list[ActiveGeneration], *, time: datetime, until: datetime
) -> Dispatched:
    """Start tasks, and care until a time for generations that wait or make no progress."""
    waiting = [generation for generation in active if generation.waiting]
    others = [generation for generation in active if not generation.waiting]
    queued = [generation for generation in others if not _is_timed_out(services, generation, time)]
    first = steps.run("start tasks", lambda: _start_tasks(services, queued, time), otherwise=_TaskStart())
    # The number of waiting generations depends on users, and they can use up the time.
    resent, timed_out = _sweep(services, steps, others, until=until, time=time)
    sent = list(_fill_slots(services, steps, waiting, until))
    second = _TaskStart(not_started=first.not_started)
    if sent:
        queued += sent
        second = steps.run("start tasks", lambda: _start_tasks(services, queued, time), otherwise=second)
    oldest = min((generation.created_at for generation in active), default=time)
    return Dispatched(
        jobs=len(queued),
        tasks_alive=first.alive,
        tasks_started=first.started + second.started,
        resent=resent + len(sent),
        timed_out=timed_out,
        tasks_not_started=second.not_started,
        waiting=len(waiting) - len(sent),
        oldest_seconds=int((time - oldest).total_seconds()),
    )


def _start_tasks(services: Services, queued: list[ActiveGeneration], time: datetime) -> _TaskStart:
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
    return _TaskStart(sum(counts), sum(started.values()), sum(missing.values()) - sum(started.values()))


def _maintain(services: Services, steps: Steps, began: datetime) -> Sequence[ActiveGeneration]:
    """Start scheduled runs, and queue unsent mails and webhook deliveries again.

    Only one process does this at a time. It does not have the lease of the dispatcher meanwhile.

    Returns:
        The generations that were started.
    """
    time = services.clock()
    take = partial(services.mutex.acquire, _MAINTENANCE, time=time, until=time + _LEASE)
    if not steps.run("take the lease of the maintenance", take, otherwise=False):
        return []
    runs = steps.run(
        "start scheduled runs",
        lambda: run_schedules(services, until=began + _SCHEDULES_END),
        otherwise=_NO_RUNS,
    )
    if runs.started or runs.skipped:
        services.log.info("scheduled runs processed", started=len(runs.started), skipped=runs.skipped)
    steps.run("queue mails again", lambda: _resend_mails(services, began + _MAILS_END), otherwise=None)
    end = began + _DELIVERIES_END
    steps.run(
        "queue webhook deliveries again", lambda: requeue_due_deliveries(services, until=end), otherwise=None
    )
    services.mutex.release(_MAINTENANCE)
    return runs.started


def missing_tasks(
    jobs: Iterable[ActiveGeneration], counts: TaskCounts, *, max_tasks: int, warm_tasks: int
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


def _fill_slots(
    services: Services, steps: Steps, waiting: list[ActiveGeneration], until: datetime
) -> Iterator[Generation]:
    """Send waiting generations whose user has a free slot to their queue.

    The users are in random order, so that each user's turn comes although the time is limited.
    """
    users = list(dict.fromkeys(generation.user_id for generation in waiting))
    random.shuffle(users)
    for user_id in users:
        if services.clock() >= until:
            return
        nothing: list[Generation] = []
        yield from steps.run("fill slots", partial(fill_slots, services, user_id), otherwise=nothing)


def _sweep(
    services: Services, steps: Steps, active: Iterable[ActiveGeneration], *, until: datetime, time: datetime
) -> tuple[int, int]:
    """Handle unfinished generations until a time.

    Messages are sent first, because a generation counts as lost for about a minute only.

    Returns:
        How many generations were sent again, and how many failed because of a timeout.
    """
    lost: list[ActiveGeneration] = []
    late: list[ActiveGeneration] = []
    for generation in active:
        if _is_timed_out(services, generation, time):
            late.append(generation)
        elif _was_never_sent(generation, time) or _has_lost_its_message(generation, time):
            lost.append(generation)

    send = partial(_send_again, services, time=time)
    fail = partial(_fail_late, services, time=time)
    return _handle_each(services, steps, send, lost, until), _handle_each(services, steps, fail, late, until)


def _handle_each(
    services: Services,
    steps: Steps,
    step: Callable[[ActiveGeneration], bool],
    generations: list[ActiveGeneration],
    until: datetime,
) -> int:
    """Apply a step to generations until a time. Return for how many it succeeded."""
    handled = 0
    for generation in generations:
        if services.clock() >= until:
            services.log.warning("unfinished generations not handled in time; the next run continues")
            break
        handled += steps.run("handle an unfinished generation", partial(step, generation), otherwise=False)
    return handled


def _send_again(services: Services, generation: ActiveGeneration, *, time: datetime) -> bool:
    try:
        services.jobs.send(generation)
        if generation.enqueued_at is None:
            services.generations.mark_enqueued(generation.user_id, generation.id, time)
    except (LeaseLost, TryAgain):
        return _not_handled(services, generation)
    return True


def _fail_late(services: Services, generation: ActiveGeneration, *, time: datetime) -> bool:
    try:
        whole = services.generations.get(generation.user_id, generation.id)
        if whole is None or not _is_timed_out(services, whole, time):
            return False
        fail_generation(services, whole, TIMED_OUT)
    except (LeaseLost, TryAgain):
        return _not_handled(services, generation)
    return True


def _not_handled(services: Services, generation: ActiveGeneration) -> bool:
    services.log.warning(
        "unfinished generation not handled; the next run tries again", generation_id=generation.id
    )
    return False


def _is_timed_out(services: Services, generation: ActiveGeneration, time: datetime) -> bool:
    """Return whether no worker has an unfinished generation any more, and its time limit is exceeded."""
    deadline = generation.deadline(services.settings.attempt_timeout)
    return generation.is_abandoned(time) and deadline is not None and deadline < time


def _was_never_sent(generation: ActiveGeneration, time: datetime) -> bool:
    """Return whether the start of a generation crashed before it sent the message."""
    unsent = generation.status is Status.PENDING and generation.enqueued_at is None
    return unsent and time - generation.created_at > _UNSENT


def _has_lost_its_message(generation: ActiveGeneration, time: datetime) -> bool:
    """Return whether no worker claimed an abandoned generation although its message should be visible again."""
    ended = generation.lease_expires_at
    return generation.is_abandoned(time) and ended is not None and _LOST < time - ended < _LOST + _ROUND


def _resend_mails(services: Services, until: datetime) -> None:
    requeue_due_work(
        services,
        services.outbox,
        services.mail_queue.send_many,
        before=services.clock() - _MAIL_GRACE,
        again_after=_MAIL_QUEUED,
        until=until,
    )
