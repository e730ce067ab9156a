"""The dispatcher: sweep what got stuck, then start the tasks that are missing."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import LeaseLost, TryAgain
from llmready.domain.generation import Generation, Status
from llmready.observability import logger
from llmready.ports import Generations, JobQueue, MailQueue, Mutex, Outbox, Tasks
from llmready.usecases.finish_generation import TIMED_OUT, fail_generation

_NAME = "dispatcher"
_LEASE = timedelta(seconds=50)
_ROUNDS = 10  # how often one invocation goes round again for those who rang meanwhile
# A start sends within moments; what is still unsent after this died between its store and its send.
_UNSENT = timedelta(seconds=45)
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
    oldest_seconds: int
    """How long ago the oldest generation that has not ended was accepted."""


def dispatch(
    *,
    enqueued: tuple[str, str] | None,
    generations: Generations,
    jobs: JobQueue,
    tasks: Tasks,
    outbox: Outbox,
    mail_queue: MailQueue,
    mutex: Mutex,
    max_tasks: int,
    attempt_timeout: timedelta,
    clock: Callable[[], datetime],
) -> list[Dispatched]:
    """Sweep and start tasks, one dispatcher at a time.

    Args:
        enqueued: User and generation that a start has just sent to its queue; the index may not show it yet.
        generations: Where generations are.
        jobs: Where they wait.
        tasks: What works on them.
        outbox: Where mails wait.
        mail_queue: How the notifier is asked.
        mutex: What keeps two dispatchers apart.
        max_tasks: The greatest number of tasks.
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
        resent, timed_out = _sweep(
            active.values(),
            generations=generations,
            jobs=jobs,
            mail_queue=mail_queue,
            attempt_timeout=attempt_timeout,
            time=time,
        )
        _resend_mails(outbox, mail_queue, time)
        waiting = len(active) - timed_out
        alive = tasks.alive()
        missing = min(waiting, max_tasks) - alive
        started = tasks.run(missing, token=new_id()) if missing > 0 else 0
        oldest = min((generation.created_at for generation in active.values()), default=time)
        done.append(
            Dispatched(
                jobs=waiting,
                tasks_alive=alive,
                tasks_started=started,
                resent=resent,
                timed_out=timed_out,
                tasks_not_started=max(0, missing - started),
                oldest_seconds=int((time - oldest).total_seconds()),
            )
        )
        if mutex.release(_NAME):
            break
    return done


def _sweep(
    active: Iterable[Generation],
    *,
    generations: Generations,
    jobs: JobQueue,
    mail_queue: MailQueue,
    attempt_timeout: timedelta,
    time: datetime,
) -> tuple[int, int]:
    resent = timed_out = 0
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
                    timed_out += 1
        except (LeaseLost, TryAgain):
            logger.warning("not swept this time", generation_id=generation.id)
    return resent, timed_out


def _resend_mails(outbox: Outbox, mail_queue: MailQueue, time: datetime) -> None:
    try:
        mail_queue.send_many(list(islice(outbox.due(time - _MAIL_GRACE), _MAILS)))
    except TryAgain:
        logger.warning("mails not sent again this time")
