"""Bodies of ``/webhooks``."""

import json
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from llmready.domain.webhooks import Delivery, DeliveryStatus, DisabledReason, EventType, Webhook
from llmready.http.schemas.common import Answer, Line, Request, Timestamp, Url, not_null

Events = Annotated[
    list[EventType],
    Field(
        min_length=1,
        max_length=20,
        description="The events that are sent; all events if omitted.",
        examples=[["generation.completed", "generation.failed"]],
    ),
]
WebhookDescription = Annotated[Line, Field(max_length=200, examples=["Publishes the documentation"])]
WebhookUrl = Annotated[
    Url, Field(description="An https URL of a public host.", examples=["https://example.com/hooks"])
]


class WebhookBody(Request):
    """A new webhook."""

    url: WebhookUrl
    events: Events | None = None
    description: WebhookDescription | None = None

    def wanted_events(self) -> tuple[EventType, ...]:
        """Return the events that are sent."""
        return tuple(EventType) if self.events is None else _distinct(self.events)


class WebhookChange(Request):
    """Changes of a webhook; omitted fields stay unchanged."""

    url: WebhookUrl | SkipJsonSchema[None] = None
    events: Events | SkipJsonSchema[None] = None
    description: WebhookDescription | None = None
    is_active: (
        Annotated[
            bool,
            Field(
                strict=True,
                description="False pauses the webhook; true activates a webhook that was paused or disabled.",
            ),
        ]
        | SkipJsonSchema[None]
    ) = None

    _is_not_null = field_validator("url", "events", "is_active", mode="before")(not_null)

    def changes(self) -> dict[str, object]:
        """Return the new values of the fields that were given."""
        given = self.model_dump(exclude_unset=True)
        return {**given, "events": _distinct(self.events)} if self.events is not None else given


class WebhookAnswer(Answer):
    """A webhook, without its secret."""

    id: str
    url: str
    description: str | None
    events: list[EventType]
    is_active: bool
    disabled_at: Timestamp | None
    disabled_reason: DisabledReason | None = Field(
        description="`by_user`, `gone` (the receiver answered 410) or `failing` (a delivery used up its retries)."
    )
    last_success_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class NewWebhookAnswer(WebhookAnswer):
    """A webhook with its secret, which is shown only here."""

    secret: str = Field(
        description="Key of the signatures, as libraries for Standard Webhooks expect it. It is shown only once.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )

    @classmethod
    def of(cls, webhook: Webhook) -> "NewWebhookAnswer":
        """Return a webhook with its secret."""
        return cls.model_validate(webhook)


class WebhooksAnswer(Answer):
    """All webhooks of the user, newest first."""

    items: list[WebhookAnswer]


class AttemptAnswer(Answer):
    """One request of a delivery."""

    at: Timestamp
    status_code: int | None = Field(description="Status of the answer; null if there was none.")
    duration_ms: int
    response: str | None = Field(
        description="The first 1 kB of the answer. It is stored for the last 3 attempts only."
    )
    error: str | None = Field(description="Reason of the failure; null if the attempt succeeded.")


class DeliveryAnswer(Answer):
    """The delivery of an event to a webhook. All attempts have its ID in the header `webhook-id`."""

    id: str
    event: str = Field(examples=["generation.completed"])
    status: DeliveryStatus
    created_at: Timestamp
    next_attempt_at: Timestamp | None = Field(description="Null if no further attempt follows.")
    attempts: list[AttemptAnswer] = Field(description="Newest last; at most the last 20.")
    payload: dict[str, Any] = Field(description="Body of the requests.")

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryAnswer":
        """Return a delivery as the API shows it."""
        pending = delivery.status is DeliveryStatus.PENDING
        return cls(
            id=delivery.id,
            event=delivery.event,
            status=delivery.status,
            created_at=delivery.created_at,
            next_attempt_at=delivery.due_at if pending else None,
            attempts=[AttemptAnswer.model_validate(attempt) for attempt in delivery.attempts],
            payload=json.loads(delivery.body),
        )


class DeliveriesAnswer(Answer):
    """Some deliveries of a webhook, newest first. They are kept for 30 days."""

    items: list[DeliveryAnswer]
    next_cursor: str | None


class AcceptedDelivery(Answer):
    """A delivery that will be attempted now."""

    delivery_id: str
    message: str


def _distinct(events: list[EventType]) -> tuple[EventType, ...]:
    """Return each event once, in the order of the enumeration."""
    return tuple(event for event in EventType if event in events)
