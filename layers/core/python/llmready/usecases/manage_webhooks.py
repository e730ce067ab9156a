"""Create, change and test the webhook endpoints of a user."""

from collections.abc import Mapping

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from llmready.domain.user import User
from llmready.domain.webhooks import (
    MOST_PENDING,
    MOST_WEBHOOKS,
    PING,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    EventType,
    Webhook,
    new_delivery,
    new_webhook_secret,
    webhook_url,
)
from llmready.services import Services
from llmready.usecases.send_webhook import hand_delivery_to_notifier

_PENDING_RETRY = 60  # seconds


def add_webhook(
    services: Services,
    user: User,
    *,
    url: str,
    events: tuple[EventType, ...],
    description: str | None,
) -> Webhook:
    """Store a new endpoint of a user.

    Raises:
        Invalid: The URL is not an https URL of a public host, or the operator blocks the host.
        Forbidden: The account has the greatest number of endpoints.
        NotFound: The account does not exist any more.
    """
    time = services.clock()
    webhook = Webhook(
        id=new_id(),
        user_id=user.id,
        url=_allowed_url(services, url),
        description=description,
        events=events,
        secret=new_webhook_secret(),
        created_at=time,
        updated_at=time,
    )
    services.webhooks.create(webhook, limit=MOST_WEBHOOKS)
    return webhook


def read_webhook(services: Services, user: User, webhook_id: str) -> Webhook:
    """Return an endpoint of a user.

    Raises:
        NotFound: The user has no such endpoint.
    """
    found = services.webhooks.get(user.id, webhook_id)
    if found is None:
        raise _unknown_webhook()
    return found


def change_webhook(services: Services, user: User, webhook_id: str, changes: Mapping[str, object]) -> Webhook:
    """Change an endpoint.

    Args:
        services: The process's services.
        user: The user.
        webhook_id: ID of the endpoint.
        changes: New values of ``url``, ``events``, ``description`` and ``is_active``. Missing fields stay unchanged.

    Raises:
        Invalid: The URL is not an https URL of a public host, or the operator blocks the host.
        NotFound: The user has no such endpoint.
        Conflict: It was changed meanwhile.
    """
    old = read_webhook(services, user, webhook_id)
    time = services.clock()
    update: dict[str, object] = {
        name: value for name, value in changes.items() if name in ("events", "description")
    }
    if "url" in changes:
        update["url"] = _allowed_url(services, str(changes["url"]))
    if changes.get("is_active") is True:
        update |= {"disabled_at": None, "disabled_reason": None}
    elif changes.get("is_active") is False and old.is_active:
        update |= {"disabled_at": time, "disabled_reason": DisabledReason.BY_USER}
    new = old.model_copy(update={**update, "updated_at": time})
    _replace(services, old, new)
    return new


def rotate_secret(services: Services, user: User, webhook_id: str) -> Webhook:
    """Give an endpoint a new secret; deliveries carry both signatures for 24 hours.

    Raises:
        NotFound: The user has no such endpoint.
        Conflict: It was changed meanwhile.
    """
    old = read_webhook(services, user, webhook_id)
    new = old.rotated(new_webhook_secret(), services.clock())
    _replace(services, old, new)
    return new


def remove_webhook(services: Services, user: User, webhook_id: str) -> None:
    """Delete an endpoint. Its pending deliveries are dropped.

    Raises:
        NotFound: The user has no such endpoint.
    """
    if not services.webhooks.delete(user.id, webhook_id):
        raise _unknown_webhook()


def ping_webhook(services: Services, user: User, webhook_id: str) -> Delivery:
    """Send a test event to an endpoint. It is attempted once.

    Raises:
        NotFound: The user has no such endpoint.
        Conflict: The endpoint is disabled.
        Forbidden: The user has not confirmed the email address.
        TooManyRequests: Too many deliveries to the endpoint are pending.
    """
    webhook = _active(services, user, webhook_id)
    _check_pending(services, webhook)
    delivery = new_delivery(webhook, PING, {"webhook_id": webhook.id}, services.clock())
    services.deliveries.put(delivery)
    hand_delivery_to_notifier(services, delivery)
    return delivery


def retry_delivery(services: Services, user: User, webhook_id: str, delivery_id: str) -> Delivery:
    """Send a delivery again under the same ID.

    If it fails, it has all of its retries again.

    Raises:
        NotFound: The user has no such endpoint, or the endpoint no such delivery.
        Conflict: The endpoint is disabled.
        Forbidden: The user has not confirmed the email address.
        TooManyRequests: The delivery has ended, and too many deliveries to the endpoint are pending.
    """
    webhook = _active(services, user, webhook_id)
    found = services.deliveries.get(user.id, webhook.id, delivery_id)
    if found is None:
        raise NotFound("delivery_not_found", "There is no such delivery.")
    if found.status is not DeliveryStatus.PENDING:
        _check_pending(services, webhook)
    services.deliveries.start_again(found, services.clock())
    hand_delivery_to_notifier(services, found)
    return found


def _active(services: Services, user: User, webhook_id: str) -> Webhook:
    webhook = read_webhook(services, user, webhook_id)
    if not webhook.is_active:
        raise Conflict("webhook_disabled", "This webhook is disabled; activate it before sending to it.")
    if not user.is_verified:
        # Only users with a confirmed address may make this service send requests.
        raise Forbidden(
            "email_not_verified", "Please confirm your email address before sending to a webhook."
        )
    return webhook


def _check_pending(services: Services, webhook: Webhook) -> None:
    if services.deliveries.has_pending(webhook.user_id, webhook.id, MOST_PENDING):
        raise TooManyRequests(
            "too_many_requests",
            f"{MOST_PENDING} deliveries to this webhook are pending; try again when some of them have ended.",
            retry_after=_PENDING_RETRY,
        )


def _allowed_url(services: Services, text: str) -> str:
    url = webhook_url(text, allowed_hosts=services.settings.allowed_hosts)
    if services.controls.get().blocks(url):
        raise Invalid("url", "The operator of this service does not allow webhooks to this host.")
    return url


def _replace(services: Services, old: Webhook, new: Webhook) -> None:
    if services.webhooks.replace(old, new):
        return
    if services.webhooks.get(old.user_id, old.id) is None:
        raise _unknown_webhook()
    raise Conflict("webhook_changed", "The webhook was changed by another request; read it again and retry.")


def _unknown_webhook() -> NotFound:
    return NotFound("webhook_not_found", "There is no such webhook.")
