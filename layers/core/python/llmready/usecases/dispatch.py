"""The dispatcher: sweep what got stuck, then start the tasks that are missing."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.generation import Generation, Status
from llmready.observability import logger
from llmready.ports.accounts import Users
from llmready.ports.generations import Generations
from llmready.ports.mail import MailQueue, Outbox
from llmready.ports.tasks import JobQueue, Mutex, TaskCounts, TaskKind, Tasks
from llmready.usecases.fill_slots import fill_slots
from llmready.usecases.finish_generation import TIMED_OUT, fail_generation

_NAME = "dispatcher"
_LEASE = timedelta(seconds=50)
_ROUNDS = 10  # how often one invocation goes round again for those who rang meanwhile
# A start sends within moments; what is still unsent after this died between its store and its send.
_UNSENT = timedelta(seconds=45)
# The message of a worker that died comes back by itself well within this after the lease; else it was lost.
_LOST = timedelta(seconds=45)
_ROUND = timedelta(seconds=70)  # within which the dispatcher surely comes by
# A mail is left to the notifier's queue for this long before the sweeper sends it again.
_MAIL_GRACE = timedelta(seconds=90)
_MAILS = 1000  # how many are sent again at once


class Dispatched(NamedTuple):
    """What one dispatch did."""

    jobs: int
    tasks_alive: int
    tasks_started: int
    resent: int
    timed_out: int
    tasks_not_started: int
    held: int
    """Generations that wait for others of their user."""
    oldest_seconds: int
    """How long ago the oldest generation that has not ended was accepted."""


def dispatch(
    *,
    enqueued: tuple[str, str] | None,
    generations: Generations,
    users: Users,
    jobs: JobQueue,
    tasks: Tasks,
    outbox: Outbox,
    mail_queue: MailQueue,
    mutex: Mutex,
    max_tasks: int,
    warm_tasks: int,
    attempt_timeout: timedelta,
    clock: Callable[[], datetime],
) -> list[Dispatched]:
    """Sweep and start tasks, one dispatcher at a time.

    Args:
        enqueued: User and generation that a start has just sent to its queue; the index may not show it yet.
        generations: Where generations are.
        users: Where their users are.
        jobs: Where they wait.
        tasks: What works on them.
        outbox: Where mails wait.
        mail_queue: How the notifier is asked.
        mutex: What keeps two dispatchers apart.
        max_tasks: The greatest number of tasks.
        warm_tasks: How many of them are kept though there is nothing to do.
        attempt_timeout: The longest time that one attempt may run.
        clock: Tells the time.

    Returns:
        What each round did; none when another dispatcher is at it, which then goes round again.
    """
    rung = generations.get(*enqueued) if enqueued else None
    if rung is not None and rung.status is Status.PENDING:
        generations.mark_enqueued(rung.user_id, rung.id, clock())
    done: list[Dispatched] = []
    for _ in range(_ROUNDS):
        time = clock()
        if not mutex.acquire(_NAME, time=time, until=time + _LEASE):
            break
        active = {generation.id: generation for generation in generations.active()}
        if rung is not None and not rung.status.is_final:
            active.setdefault(rung.id, rung)
        held = [generation for generation in active.values() if generation.held]
        sent = [
            generation
            for user_id in dict.fromkeys(generation.user_id for generation in held)
            for generation in fill_slots(user_id, generations=generations, users=users, jobs=jobs, time=time)
        ]
        resent, timed_out = _sweep(
            [generation for generation in active.values() if not generation.held],
            generations=generations,
            jobs=jobs,
            mail_queue=mail_queue,
            attempt_timeout=attempt_timeout,
            time=time,
        )
        _resend_mails(outbox, mail_queue, time)
        waiting = [
            *sent,
            *(each for each in active.values() if not each.held and each.id not in timed_out),
        ]
        alive = tasks.counts()
        missing = missing_tasks(waiting, alive, max_tasks=max_tasks, warm_tasks=warm_tasks)
        token = new_id()
        started = {kind: tasks.run(kind, count, token=token) for kind, count in missing.items() if count}
        oldest = min((generation.created_at for generation in active.values()), default=time)
        done.append(
            Dispatched(
                jobs=len(waiting),
                tasks_alive=sum(alive),
                tasks_started=sum(started.values()),
                resent=resent + len(sent),
                timed_out=len(timed_out),
                tasks_not_started=sum(count - started.get(kind, 0) for kind, count in missing.items()),
                held=len(held) - len(sent),
                oldest_seconds=int((time - oldest).total_seconds()),
            )
        )
        if mutex.release(_NAME):
            break
    return done


def missing_tasks(
    waiting: Iterable[Generation], alive: TaskCounts, *, max_tasks: int, warm_tasks: int
) -> dict[TaskKind, int]:
    """Return how many tasks of each kind are to be started.

    Tasks with a browser do what plain ones do as well, so the last of all tasks that may run has one: however many
    plain generations wait, one that needs a browser has its turn.

    Args:
        waiting: The generations that wait for a worker or are being crawled.
        alive: The tasks that are there.
        max_tasks: The greatest number of tasks.
        warm_tasks: How many of them are kept though there is nothing to do.
    """
    browser_jobs = plain_jobs = plain_running = 0
    for generation in waiting:
        if generation.settings.use_playwright:
            browser_jobs += 1
        else:
            plain_jobs += 1
            plain_running += generation.status is Status.PROCESSING
    room = max(0, max_tasks - sum(alive))
    with_browser = alive.browser + alive.warm
    # What runs beyond the number of plain tasks occupies tasks with a browser.
    occupied = max(0, plain_running - alive.plain)
    browser = min(room, max(0, browser_jobs + occupied - with_browser)) if browser_jobs else 0
    spare = max(0, with_browser + browser - browser_jobs)
    plain = min(room - browser, max(0, plain_jobs - alive.plain - spare))
    if plain and alive.plain + plain == max_tasks:
        plain, browser = plain - 1, browser + 1
    warm = min(room - browser - plain, max(0, warm_tasks - alive.warm))
    return {TaskKind.PLAIN: plain, TaskKind.BROWSER: browser, TaskKind.WARM: warm}


def _sweep(
    active: Iterable[Generation],
    *,
    generations: Generations,
    jobs: JobQueue,
    mail_queue: MailQueue,
    attempt_timeout: timedelta,
    time: datetime,
) -> tuple[int, set[str]]:
    """Return how many were sent again, and the ids of those whose time was over."""
    resent = 0
    timed_out: set[str] = set()
    for generation in active:
        try:
            if generation.status is Status.PENDING and generation.enqueued_at is None:
                if time - generation.created_at > _UNSENT:
                    jobs.send(generation)
                    generations.mark_enqueued(generation.user_id, generation.id, time)
                    resent += 1
            elif generation.is_abandoned(time):
                deadline = generation.deadline(attempt_timeout)
                if deadline is not None and deadline < time:
                    fail_generation(
                        generation, TIMED_OUT, generations=generations, mail_queue=mail_queue, time=time
                    )
                    timed_out.add(generation.id)
                elif _has_lost_its_message(generation, time):
                    jobs.send(generation)
                    resent += 1
        except (LeaseLost, TryAgain):
            logger.warning("not swept this time", generation_id=generation.id)
    return resent, timed_out


def _has_lost_its_message(generation: Generation, time: datetime) -> bool:
    """Tell whether nobody has taken an abandoned generation over though its message should have come back."""
    ended = generation.lease_expires_at
    return ended is not None and _LOST < time - ended < _LOST + _ROUND


def _resend_mails(outbox: Outbox, mail_queue: MailQueue, time: datetime) -> None:
    try:
        mail_queue.send_many(list(islice(outbox.due(time - _MAIL_GRACE), _MAILS)))
    except TryAgain:
        logger.warning("mails not sent again this time")
