"""End a generation: the only place where generations become completed, failed or cancelled."""

from llmready.domain.archive import Archive
from llmready.domain.clock import new_id
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Failure, Generation, Progress, Status, Trigger
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.webhooks import EventType
from llmready.services import Services
from llmready.usecases.fill_slots import fill_slots
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.send_webhook import deliveries_of, hand_delivery_to_notifier
from llmready.usecases.stop_schedule import stop_schedule

TIMED_OUT = Failure(
    code="timeout", message="The generation took longer than allowed and was stopped. Nothing was charged."
)
WORKER_LOST = Failure(
    code="worker_lost",
    message="The generation was interrupted too many times, so it was stopped. Nothing was charged.",
)
# A user who cancels needs no email about it.
_MAILS = {Status.COMPLETED: MailKind.GENERATION_COMPLETE, Status.FAILED: MailKind.GENERATION_FAILED}
_EVENTS = {
    Status.COMPLETED: EventType.GENERATION_COMPLETED,
    Status.FAILED: EventType.GENERATION_FAILED,
    Status.CANCELLED: EventType.GENERATION_CANCELLED,
}


def end_generation(
    services: Services, ended: Generation, *, was: Status, earlier: Generation | None = None
) -> None:
    """Store the end of a generation and do everything that follows from it.

    One transaction stores the final state, unlocks the website and updates the counters. It uses up the quota
    or gives it back. It also puts the email and the webhook deliveries into the outbox. Then the notifier is
    asked to send them, and the user's next waiting generation is queued. If the process crashes before these
    two steps, the dispatcher does them within minutes.

    Args:
        services: The process's services.
        ended: The generation in its final state. Its fence must be the stored one.
        was: The state in which the stored generation must still be.
        earlier: The generation whose archive is shared. None if the generation has its own archive.

    Raises:
        LeaseLost: The stored state or fence is another one. Nothing was stored.
        Gone: The earlier archive is not there any more; nothing was stored.
    """
    mail = _mail(services, ended)
    deliveries = deliveries_of(
        services,
        ended.user_id,
        _EVENTS[ended.status],
        services.show_generation(ended),
        correlation_id=ended.correlation_id,
    )
    services.generations.finish(ended, mail, was=was, deliveries=deliveries, earlier=earlier)
    services.metrics.ended(ended)
    if mail is not None:
        hand_to_notifier(services, mail)
    for delivery in deliveries:
        hand_delivery_to_notifier(services, delivery)
    fill_slots(services, ended.user_id)
    if ended.trigger is Trigger.SCHEDULE and ended.status is Status.FAILED:
        _stop_schedule_after_failures(services, ended)


def complete_generation(
    services: Services,
    generation: Generation,
    *,
    archive: Archive,
    progress: Progress,
    earlier: Generation | None = None,
) -> None:
    """End a leased generation with its files.

    Args:
        services: The process's services.
        generation: The leased generation.
        archive: Its files.
        progress: The pages of its crawl.
        earlier: The generation whose archive ``archive`` is, if the files are unchanged. Its expiry is renewed.

    Raises:
        LeaseLost: It is no longer leased under this fence. Nothing was stored.
        Gone: The earlier archive is not there any more; nothing was stored.
    """
    ended = generation.completed(time=services.clock(), archive=archive, progress=progress)
    end_generation(services, ended, was=generation.status, earlier=earlier)


def fail_generation(services: Services, generation: Generation, failure: Failure) -> None:
    """End a generation without files.

    Raises:
        LeaseLost: It was changed since it was read. Nothing was stored.
    """
    ended = generation.failed(time=services.clock(), failure=failure)
    end_generation(services, ended, was=generation.status)


def _stop_schedule_after_failures(services: Services, failed: Generation) -> None:
    """Turn the schedule off if too many runs in a row failed. If this fails, the next due run does it."""
    try:
        _, website = services.websites.get_for_user(failed.user_id, failed.website_id)
        if website is not None:
            stop_schedule(services, website)
    except TryAgain:
        services.log.warning(
            "schedule not turned off; the next due run tries again", website_id=failed.website_id
        )


def _mail(services: Services, ended: Generation) -> OutboxMail | None:
    kind = _MAILS.get(ended.status)
    if kind is None or ended.is_free:
        return None
    time = services.clock()
    return OutboxMail(
        id=new_id(),
        user_id=ended.user_id,
        kind=kind,
        generation_id=ended.id,
        correlation_id=ended.correlation_id,
        created_at=time,
        due_at=time,
    )
