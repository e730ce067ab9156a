"""Deliver events to webhook endpoints: from the outbox to the receivers.

A delivery is stored in the transaction of the change that caused it. The notifier attempts it. SQS can delay
a message by at most 15 minutes. For longer delays, the dispatcher queues the delivery when its stored time is
reached.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from llmready.domain.clock import new_id
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.user import User
from llmready.domain.webhooks import (
    LONGEST_DELIVERY,
    PING,
    Attempt,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    EventType,
    Webhook,
    WebhookAnswer,
    new_delivery,
)
from llmready.services import Services
from llmready.usecases.requeue_due_work import requeue_due_work
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.webhook_turns import LONGEST_WAIT, Turn, end_turn, growing_wait, take_turn
from llmready.version import __version__

# How long one attempt may take before another process may begin one. A request takes at most 15 s.
_CLAIM = timedelta(seconds=45)
# How often in a row a delivery waits with a delayed message. Then it waits for the dispatcher, which queues a limited
# number of deliveries for each user, so that the messages of one user do not fill the queue.
_WAITS_IN_QUEUE = 4
# A delivery that was not attempted this long after it became due is queued again.
_QUEUE_TIME = timedelta(seconds=30)
# A delivery that was queued is not queued again for this long.
_QUEUED = timedelta(minutes=15)
_GONE = 410


def deliveries_of(
    services: Services,
    user_id: str,
    event: EventType,
    data: Mapping[str, object],
    *,
    correlation_id: str = "",
) -> list[Delivery]:
    """Return a delivery of an event for each endpoint of a user that receives it.

    The caller stores them together with the change that caused the event, and hands them to the notifier afterwards.
    """
    time = services.clock()
    return [
        new_delivery(webhook, event, data, time, correlation_id=correlation_id)
        for webhook in services.webhooks.of_user(user_id)
        if webhook.receives(event)
    ]


def hand_delivery_to_notifier(
    services: Services, delivery: Delivery, *, delay: timedelta = timedelta()
) -> None:
    """Ask the notifier to attempt a delivery. If its queue fails, the dispatcher finds the delivery in the outbox."""
    try:
        services.webhook_queue.send(delivery, delay=delay)
    except TryAgain:
        services.log.warning(
            "webhook queue not reached; the delivery stays in the outbox", delivery_id=delivery.id
        )


def requeue_due_deliveries(services: Services, *, until: datetime) -> None:
    """Queue the deliveries that are due and not yet in the queue.

    Only this function handles delays of more than 15 minutes, and deliveries that waited several times.

    Args:
        services: The process's services.
        until: When to stop; what is left stays due.
    """
    requeue_due_work(
        services,
        services.deliveries,
        services.webhook_queue.send_many,
        before=services.clock() - _QUEUE_TIME,
        again_after=_QUEUED,
        until=until,
    )


def send_webhook(services: Services, user_id: str, webhook_id: str, delivery_id: str) -> bool:
    """Attempt a delivery once and store the result.

    Returns:
        Whether the endpoint accepted it.
    """
    time = services.clock()
    if services.crowds.has(user_id, time):
        return False  # the dispatcher queues the delivery again
    delivery = services.deliveries.claim(user_id, webhook_id, delivery_id, time=time, until=time + _CLAIM)
    if delivery is None:
        return False
    user = services.users.get(user_id)
    webhook = services.webhooks.get(user_id, webhook_id)
    refusal = _refusal(services, user, webhook)
    if user is not None and user.suspended_at is None and refusal is None and delivery.is_given_up(time):
        refusal = f"No attempt succeeded within {LONGEST_DELIVERY.days} days."
    if user is None or webhook is None or refusal is not None:
        _end(services, delivery, Attempt(at=time, duration_ms=0, error=refusal), succeeded=False)
        return False
    turn = _turn(services, user, webhook, delivery)
    return turn is not None and _attempt(services, webhook, delivery, turn)


def _turn(services: Services, user: User, webhook: Webhook, delivery: Delivery) -> Turn | None:
    """Return the turn of a delivery. If it has none now, postpone the delivery and return None."""
    unsent = delivery.model_copy(update={"tries": delivery.tries - 1, "waits": delivery.waits + 1})
    if user.suspended_at is not None:
        _hold(services, unsent)
        return None
    turn = take_turn(services, user, webhook, waits=unsent.waits)
    if isinstance(turn, Turn):
        return turn
    _wait(services, unsent, turn)
    return None


def _attempt(services: Services, webhook: Webhook, delivery: Delivery, turn: Turn) -> bool:
    """Send a delivery, end its turn, and store the result. Return whether it was accepted."""
    delivery = delivery.model_copy(update={"waits": 0})
    answer = services.webhook_sender.post(
        webhook.url,
        {
            "Content-Type": "application/json",
            "User-Agent": f"LLMReady-Webhooks/{__version__}",
            **webhook.headers(delivery, turn.began_at),
        },
        delivery.body.encode(),
    )
    end_turn(services, turn, webhook, answer)
    attempt = _attempt_of(answer, turn.began_at)
    if answer.is_success:
        services.webhooks.note_success(webhook, services.clock())
        _end(services, delivery, attempt, succeeded=True)
        return True
    _handle_failure(services, webhook, delivery.with_attempt(attempt), answer)
    return False


def _refusal(services: Services, user: User | None, webhook: Webhook | None) -> str | None:
    """Return the reason why a delivery must not be sent, as a sentence for the owner, or None if it may be sent."""
    if user is None or webhook is None or not webhook.is_active:
        return "The webhook is disabled or deleted."
    if not user.is_verified:
        return "The email address of the account was not confirmed, so nothing was sent."
    if services.controls.get().blocks(webhook.url):
        return "The operator of this service does not allow webhooks to this host, so nothing was sent."
    return None


def _hold(services: Services, delivery: Delivery) -> None:
    """Keep a delivery of a suspended account until the account is resumed."""
    services.deliveries.hold(delivery)
    user = services.users.get(delivery.user_id)
    if user is not None and user.suspended_at is None:
        # It was resumed meanwhile, so the resumption may not have found the delivery.
        services.deliveries.start_again(delivery, services.clock())


def _wait(services: Services, delivery: Delivery, until: datetime) -> None:
    """Postpone a delivery that waits for its user's other requests. The more often it waited, the longer it waits."""
    pause = max(growing_wait(delivery.waits), until - services.clock())
    services.deliveries.postpone(delivery, services.clock() + pause)
    if delivery.waits <= _WAITS_IN_QUEUE:
        _send_later(services, delivery, pause)


def _postpone(services: Services, delivery: Delivery, pause: timedelta) -> None:
    services.deliveries.postpone(delivery, services.clock() + pause)
    _send_later(services, delivery, pause)


def _send_later(services: Services, delivery: Delivery, pause: timedelta) -> None:
    """Send a delayed message for a delivery, if SQS can delay it for so long."""
    if pause <= LONGEST_WAIT - timedelta(seconds=1):
        # The message is delayed by one second more, because a delivery that is not due yet would be ignored.
        hand_delivery_to_notifier(services, delivery, delay=pause + timedelta(seconds=1))


def _attempt_of(answer: WebhookAnswer, time: datetime) -> Attempt:
    error = answer.error
    if error is None and not answer.is_success:
        redirect = answer.status_code is not None and 300 <= answer.status_code < 400
        error = (
            "The endpoint answered with a redirect, which is not followed."
            if redirect
            else f"The endpoint answered {answer.status_code}."
        )
    return Attempt(
        at=time,
        status_code=answer.status_code,
        duration_ms=answer.duration_ms,
        response=answer.response,
        error=error,
    )


def _handle_failure(services: Services, webhook: Webhook, delivery: Delivery, answer: WebhookAnswer) -> None:
    time = services.clock()
    if answer.status_code == _GONE:
        services.webhooks.disable(webhook, DisabledReason.GONE, time)
        _store_end(services, delivery, DeliveryStatus.FAILED)
        return
    chance = random.random()  # noqa: S311 - it spreads retries
    planned = delivery.pause(retry_after=None, chance=chance)
    pause = delivery.pause(retry_after=answer.retry_after, chance=chance)
    if planned is None or pause is None:
        _store_end(services, delivery, DeliveryStatus.FAILED)
        if delivery.event != PING:
            _disable_failing(services, webhook, delivery, time)
        return
    if pause > planned:
        # An endpoint could ask for the same time for many deliveries, so the dispatcher queues them in shares.
        services.deliveries.postpone(delivery, time + pause)
        return
    _postpone(services, delivery, pause)


def _disable_failing(services: Services, webhook: Webhook, delivery: Delivery, time: datetime) -> None:
    """Disable an endpoint if a delivery used up its retries and the endpoint accepted no other delivery meanwhile.

    Tell its owner.
    """
    mail = OutboxMail(
        id=new_id(),
        user_id=webhook.user_id,
        kind=MailKind.WEBHOOK_DISABLED,
        webhook_url=webhook.url,
        correlation_id=delivery.correlation_id,
        created_at=time,
        due_at=time,
    )
    # A retry by hand begins a new series, whose first attempt is among those that are kept.
    began = delivery.attempts[-min(delivery.tries, len(delivery.attempts))].at
    if services.webhooks.disable(
        webhook, DisabledReason.FAILING, time, unless_success_since=began, mail=mail
    ):
        services.log.warning("webhook disabled: its deliveries failed", webhook_id=webhook.id)
        hand_to_notifier(services, mail)


def _end(services: Services, delivery: Delivery, attempt: Attempt, *, succeeded: bool) -> None:
    status = DeliveryStatus.SUCCEEDED if succeeded else DeliveryStatus.FAILED
    _store_end(services, delivery.with_attempt(attempt), status)


def _store_end(services: Services, delivery: Delivery, status: DeliveryStatus) -> None:
    services.deliveries.end(delivery.model_copy(update={"status": status}), services.clock())
