"""``/webhooks``: events sent to the servers of users."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from llmready import bootstrap
from llmready.domain.clock import is_id
from llmready.domain.errors import NotFound
from llmready.domain.rate_limits import Rate
from llmready.domain.user import User
from llmready.domain.webhooks import Webhook
from llmready.http.api import PREFIX, Api
from llmready.http.cursors import cursor_at, place_of
from llmready.http.schemas.common import Message
from llmready.http.schemas.webhooks import (
    AcceptedDelivery,
    DeliveriesAnswer,
    DeliveryAnswer,
    NewWebhookAnswer,
    WebhookAnswer,
    WebhookBody,
    WebhookChange,
    WebhooksAnswer,
)
from llmready.usecases.manage_webhooks import (
    add_webhook,
    change_webhook,
    ping_webhook,
    read_webhook,
    remove_webhook,
    retry_delivery,
    rotate_secret,
)

# Limit of the requests to other servers that a user may trigger by hand.
_SENDS = Rate(20)

app = Api()


@app.post(f"{PREFIX}/webhooks", summary="Create a webhook", status_code=201, tags=["webhooks"])
def create(body: Annotated[WebhookBody, Body()]) -> NewWebhookAnswer:
    """Create a webhook. Only this answer contains the secret.

    Events are sent only while the email address of the account is confirmed. The deliveries of earlier events fail.
    """
    webhook = add_webhook(
        bootstrap.services(),
        _account(),
        url=body.url,
        events=body.wanted_events(),
        description=body.description,
    )
    return NewWebhookAnswer.of(webhook)


@app.get(f"{PREFIX}/webhooks", summary="List the webhooks", tags=["webhooks"])
def list_webhooks() -> WebhooksAnswer:
    """Return the webhooks, newest first, without their secrets."""
    found = bootstrap.services().webhooks.of_user(_account().id)
    return WebhooksAnswer(items=[WebhookAnswer.model_validate(webhook) for webhook in found])


@app.get(f"{PREFIX}/webhooks/<webhook_id>", summary="One webhook", tags=["webhooks"])
def read(webhook_id: str) -> WebhookAnswer:
    """Return a webhook."""
    return WebhookAnswer.model_validate(_own(_account(), webhook_id))


@app.patch(f"{PREFIX}/webhooks/<webhook_id>", summary="Change a webhook", tags=["webhooks"])
def change(webhook_id: str, body: Annotated[WebhookChange, Body()]) -> WebhookAnswer:
    """Change the given fields. `is_active: true` activates a webhook that was disabled."""
    changed = change_webhook(bootstrap.services(), _account(), _id(webhook_id), body.changes())
    return WebhookAnswer.model_validate(changed)


@app.delete(f"{PREFIX}/webhooks/<webhook_id>", summary="Delete a webhook", tags=["webhooks"])
def delete(webhook_id: str) -> Message:
    """Delete a webhook and its pending deliveries."""
    remove_webhook(bootstrap.services(), _account(), _id(webhook_id))
    return Message(message="Webhook deleted successfully.")


@app.post(
    f"{PREFIX}/webhooks/<webhook_id>/test", summary="Test a webhook", status_code=202, tags=["webhooks"]
)
def test(webhook_id: str) -> AcceptedDelivery:
    """Send a `ping` event once. The list of deliveries shows the result. This needs a confirmed email address."""
    user = _account()
    app.limit("webhook_sends", _SENDS, key=user.id)
    delivery = ping_webhook(bootstrap.services(), user, _id(webhook_id))
    return AcceptedDelivery(delivery_id=delivery.id, message="A ping event is being sent.")


@app.post(f"{PREFIX}/webhooks/<webhook_id>/rotate-secret", summary="Replace the secret", tags=["webhooks"])
def rotate(webhook_id: str) -> NewWebhookAnswer:
    """Return the webhook with a new secret. For 24 hours, deliveries contain the signatures of both secrets."""
    return NewWebhookAnswer.of(rotate_secret(bootstrap.services(), _account(), _id(webhook_id)))


@app.get(f"{PREFIX}/webhooks/<webhook_id>/deliveries", summary="List the deliveries", tags=["webhooks"])
def list_deliveries(
    webhook_id: str,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> DeliveriesAnswer:
    """Return deliveries of the last 30 days, newest first; ``cursor`` is the ``next_cursor`` of the previous page.

    A page has fewer than ``per_page`` deliveries if more would not fit into one answer. The last page has no
    ``next_cursor``.
    """
    app.limit_list(per_page)
    webhook = _own(_account(), webhook_id)
    found = bootstrap.services().deliveries.page(
        webhook.user_id, webhook.id, limit=per_page, after=place_of(cursor) if cursor else None
    )
    return DeliveriesAnswer(
        items=[DeliveryAnswer.of(delivery) for delivery in found.items],
        next_cursor=cursor_at(found.last_id) if found.last_id else None,
    )


@app.post(
    f"{PREFIX}/webhooks/<webhook_id>/deliveries/<delivery_id>/retry",
    summary="Send a delivery again",
    status_code=202,
    tags=["webhooks"],
)
def retry(webhook_id: str, delivery_id: str) -> AcceptedDelivery:
    """Send a delivery now, with the same ID. If it fails, all retries follow again; a `ping` has no retries.

    This needs a confirmed email address.
    """
    user = _account()
    app.limit("webhook_sends", _SENDS, key=user.id)
    if not is_id(delivery_id):
        raise NotFound("delivery_not_found", "There is no such delivery.")
    delivery = retry_delivery(bootstrap.services(), user, _id(webhook_id), delivery_id)
    return AcceptedDelivery(delivery_id=delivery.id, message="The delivery is being sent.")


def _account() -> User:
    return app.account(bootstrap.services().users.get(app.user_id))


def _own(user: User, webhook_id: str) -> Webhook:
    return read_webhook(bootstrap.services(), user, _id(webhook_id))


def _id(webhook_id: str) -> str:
    """Return the ID if it has a valid format.

    Raises:
        NotFound: It does not have the format of an ID.
    """
    if not is_id(webhook_id):
        raise NotFound("webhook_not_found", "There is no such webhook.")
    return webhook_id


handler = app.entry()
