"""End a generation with its files, or as failed; the user gets an email about it."""

from datetime import timedelta

from llmready.domain.clock import new_id
from llmready.domain.generation import Archive, Failure, Generation, Progress, Status
from llmready.domain.mail import MailKind, OutboxMail
from llmready.services import Services
from llmready.usecases.send_mail import hand_to_notifier

TIMED_OUT = Failure(
    code="timeout", message="The generation took longer than allowed and was stopped. Nothing was charged."
)
WORKER_LOST = Failure(
    code="worker_lost",
    message="The generation was interrupted too many times and was given up. Nothing was charged.",
)


def complete_generation(
    services: Services, generation: Generation, *, archive: Archive, progress: Progress
) -> Generation:
    """End a leased generation with its files.

    Raises:
        LeaseLost: It is no longer leased under this fence; nothing was stored.
    """
    ended = generation.completed(time=services.clock(), archive=archive, progress=progress)
    _finish(services, ended, MailKind.GENERATION_COMPLETE, was=generation.status)
    return ended


def fail_generation(services: Services, generation: Generation, failure: Failure) -> Generation:
    """End a generation without files and give its quota back.

    Raises:
        LeaseLost: It changed since it was read; nothing was stored.
    """
    ended = generation.failed(time=services.clock(), failure=failure)
    _finish(services, ended, MailKind.GENERATION_FAILED, was=generation.status)
    return ended


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait before the next crawl after ``attempts`` of them failed."""
    return timedelta(seconds=min(300, 5 * 4 ** max(0, attempts - 1)))


def _finish(services: Services, ended: Generation, kind: MailKind, *, was: Status) -> None:
    time = services.clock()
    mail = OutboxMail(
        id=new_id(),
        user_id=ended.user_id,
        kind=kind,
        generation_id=ended.id,
        correlation_id=ended.correlation_id,
        created_at=time,
        due_at=time,
    )
    services.generations.finish(ended, mail, was=was)
    services.metrics.ended(ended)
    hand_to_notifier(services, mail)
