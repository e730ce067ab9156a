"""The ways in which a generation ends, each with its mail."""

from datetime import datetime, timedelta

from llmready import measures
from llmready.domain.clock import new_id
from llmready.domain.generation import Archive, Failure, Generation, Progress, Status
from llmready.domain.mail import MailKind, OutboxMail
from llmready.ports.generations import Generations
from llmready.ports.mail import MailQueue
from llmready.usecases.send_mail import hand_to_notifier

TIMED_OUT = Failure(
    code="timeout", message="The generation took longer than allowed and was stopped. Nothing was charged."
)
WORKER_LOST = Failure(
    code="worker_lost",
    message="The generation was interrupted too many times and was given up. Nothing was charged.",
)


def complete_generation(
    generation: Generation,
    *,
    archive: Archive,
    progress: Progress,
    generations: Generations,
    mail_queue: MailQueue,
    time: datetime,
) -> Generation:
    """End a claimed generation with its files.

    Raises:
        LeaseLost: It is no longer held under this fence; nothing was written.
    """
    ended = generation.completed(time=time, archive=archive, progress=progress)
    _finish(
        ended,
        MailKind.GENERATION_COMPLETE,
        generation.status,
        generations=generations,
        mail_queue=mail_queue,
        time=time,
    )
    return ended


def fail_generation(
    generation: Generation,
    failure: Failure,
    *,
    generations: Generations,
    mail_queue: MailQueue,
    time: datetime,
) -> Generation:
    """End a generation without files and release its quota.

    Raises:
        LeaseLost: It changed since it was read; nothing was written.
    """
    ended = generation.failed(time=time, failure=failure)
    _finish(
        ended,
        MailKind.GENERATION_FAILED,
        generation.status,
        generations=generations,
        mail_queue=mail_queue,
        time=time,
    )
    return ended


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait before the next crawl after ``attempts`` of them failed."""
    return timedelta(seconds=min(300, 5 * 4 ** max(0, attempts - 1)))


def _finish(
    ended: Generation,
    kind: MailKind,
    was: Status,
    *,
    generations: Generations,
    mail_queue: MailQueue,
    time: datetime,
) -> None:
    mail = OutboxMail(
        id=new_id(),
        user_id=ended.user_id,
        kind=kind,
        generation_id=ended.id,
        correlation_id=ended.correlation_id,
        created_at=time,
        due_at=time,
    )
    generations.finish(ended, mail, was=was)
    measures.ended(ended)
    hand_to_notifier(mail, mail_queue)
