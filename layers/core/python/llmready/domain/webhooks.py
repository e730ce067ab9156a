"""Webhooks: endpoints of users, the events that they receive, and signed deliveries (Standard Webhooks)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment, new_id, timestamp
from llmready.domain.errors import Invalid
from llmready.domain.website import public_url

MOST_WEBHOOKS = 5
"""Endpoints that an account may have at once."""

ROTATION = timedelta(hours=24)
"""How long deliveries also contain a signature with the replaced secret."""

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Pauses between the attempts of a delivery."""

LONGEST_PAUSE = timedelta(hours=24)
"""The longest pause that ``Retry-After`` of a receiver can ask for."""

LONGEST_DELIVERY = timedelta(days=14)
"""How long after its event, or after a manual retry, a delivery is given up in any case. The retries with the longest
pauses end before."""

_MOST_TRIES = 2 * (len(RETRIES) + 1)  # more only follow if attempts end without a result

MOST_ATTEMPTS_KEPT = 20
"""Number of attempts of a delivery that are stored, the newest ones."""

_ANSWERS_KEPT = 3  # newest attempts whose answers are stored

MOST_PENDING = 50
"""Number of pending deliveries of an endpoint from which on its owner cannot add more by hand. Events are always
stored."""

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_JITTER = 0.2  # of a pause


class EventType(StrEnum):
    """Events that an endpoint can receive."""

    GENERATION_COMPLETED = "generation.completed"
    GENERATION_FAILED = "generation.failed"
    GENERATION_CANCELLED = "generation.cancelled"
    SCHEDULE_STOPPED = "website.schedule_stopped"


PING = "ping"
"""The event of a test. Endpoints cannot choose it. It is sent when a user asks for it."""


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    BY_USER = "by_user"
    GONE = "gone"
    FAILING = "failing"


class Webhook(BaseModel):
    """An endpoint of a user.

    Attributes:
        events: The events that it receives.
        secret: Key of its signatures, in the form that the owner received.
        previous_secret: The secret before the last rotation, which is also used for signatures until
            ``previous_until``.
        disabled_at: Time at which it was disabled. None while it is active.
        last_success_at: Time of the last accepted delivery.
        paused_until: Time until which nothing is sent to it, because a request was slow or got no answer.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    url: str
    description: str | None = None
    events: tuple[EventType, ...]
    secret: str
    previous_secret: str | None = None
    previous_until: Moment | None = None
    created_at: Moment
    updated_at: Moment
    disabled_at: Moment | None = None
    disabled_reason: DisabledReason | None = None
    last_success_at: Moment | None = None
    paused_until: Moment | None = None

    @property
    def is_active(self) -> bool:
        """Whether it receives events."""
        return self.disabled_at is None

    def receives(self, event: EventType) -> bool:
        """Return whether an event is delivered to it."""
        return self.is_active and event in self.events

    def rotated(self, secret: str, time: datetime) -> Self:
        """Return the webhook with a new secret. Deliveries are signed with both secrets for one day."""
        return self.model_copy(
            update={
                "secret": secret,
                "previous_secret": self.secret,
                "previous_until": time + ROTATION,
                "updated_at": time,
            }
        )

    def headers(self, delivery: "Delivery", time: datetime) -> dict[str, str]:
        """Return the headers that identify and sign a delivery at ``time``."""
        keys = [self.secret]
        if (
            self.previous_secret is not None
            and self.previous_until is not None
            and time < self.previous_until
        ):
            keys.append(self.previous_secret)
        seconds = int(time.timestamp())
        return {
            "webhook-id": delivery.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(_signature(key, delivery, seconds) for key in keys),
        }


class DeliveryStatus(StrEnum):
    """Status of a delivery."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Attempt(BaseModel):
    """One request of a delivery.

    Attributes:
        status_code: Status of the answer; None if there was none.
        duration_ms: Time until the answer or the failure, in milliseconds.
        response: Start of the answer's body.
        error: Reason of the failure; None if the attempt succeeded.
    """

    model_config = ConfigDict(frozen=True)

    at: Moment
    status_code: int | None = None
    duration_ms: int
    response: str | None = None
    error: str | None = None


class Delivery(BaseModel):
    """The delivery of an event to an endpoint. Its ID and body stay the same in all attempts.

    Attributes:
        event: Type of the event.
        body: Body of the requests (JSON).
        due_at: When the next attempt may begin.
        tries: Number of attempts that began since the event or the last manual retry.
        waits: How often in a row it waited for its user's other requests or for a pause, instead of an attempt.
        sent_since: Time of the last manual retry, or of the end of a suspension. None if there was none.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    webhook_id: str
    event: str
    body: str
    created_at: Moment
    due_at: Moment
    status: DeliveryStatus = DeliveryStatus.PENDING
    tries: int = 0
    waits: int = 0
    sent_since: Moment | None = None
    attempts: tuple[Attempt, ...] = ()
    correlation_id: str = ""

    def pause(self, *, retry_after: timedelta | None, chance: float) -> timedelta | None:
        """Return how long to wait after a failed attempt, or None if no retries are left. A ping is not retried.

        Args:
            retry_after: The delay that the receiver requested.
            chance: Random number from 0 to 1, which spreads the retries of many deliveries.
        """
        if self.event == PING or self.tries > len(RETRIES):
            return None
        spread = 1 + _JITTER * chance
        planned = RETRIES[max(0, self.tries - 1)] * spread
        return max(planned, min((retry_after or timedelta()) * spread, LONGEST_PAUSE))

    def is_given_up(self, time: datetime) -> bool:
        """Return whether a delivery must not be attempted any more, whatever the results of its attempts were."""
        return time - (self.sent_since or self.created_at) > LONGEST_DELIVERY or self.tries > _MOST_TRIES

    def with_attempt(self, attempt: Attempt) -> Self:
        """Return the delivery with one more attempt; the receiver's answer is kept only for the newest attempts."""
        attempts = (*self.attempts, attempt)[-MOST_ATTEMPTS_KEPT:]
        older = (each.model_copy(update={"response": None}) for each in attempts[:-_ANSWERS_KEPT])
        return self.model_copy(update={"attempts": (*older, *attempts[-_ANSWERS_KEPT:])})


class WebhookAnswer(BaseModel):
    """The result of one request to an endpoint.

    Attributes:
        status_code: Status of the answer; None if there was none.
        duration_ms: Duration of the request in milliseconds.
        response: Start of the answer's body.
        error: Why there was no answer, as a sentence for the owner of the endpoint.
        retry_after: Value of the answer's ``Retry-After``, as a duration.
        timed_out: Whether the time limit was reached before an answer.
    """

    model_config = ConfigDict(frozen=True)

    status_code: int | None = None
    duration_ms: int
    response: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    timed_out: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the endpoint accepted the delivery."""
        return self.status_code is not None and 200 <= self.status_code < 300 and self.error is None


def new_webhook_secret() -> str:
    """Return a new random secret."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def new_delivery(
    webhook: Webhook, event: str, data: Mapping[str, object], time: datetime, *, correlation_id: str = ""
) -> Delivery:
    """Return the delivery of an event to an endpoint.

    Args:
        webhook: The endpoint.
        event: Type of the event.
        data: The object that the event is about, as the API shows it.
        time: Time of the event.
        correlation_id: Correlation ID of the request or run that caused the event.
    """
    content = {"type": event, "timestamp": timestamp(time), "data": data}
    return Delivery(
        id=new_id(),
        user_id=webhook.user_id,
        webhook_id=webhook.id,
        event=event,
        body=json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        created_at=time,
        due_at=time,
        correlation_id=correlation_id,
    )


def webhook_url(text: str, *, allowed_hosts: frozenset[str] = frozenset()) -> str:
    """Return the URL of an endpoint in its normal form.

    Args:
        text: The text that the user entered.
        allowed_hosts: ``host:port`` pairs that are accepted although they are not public, and without encryption.

    Raises:
        Invalid: It is not an https URL of a public host. The detail gives the reason.
    """
    try:
        url = public_url(text, allowed_hosts=allowed_hosts)
    except Invalid as error:
        if error.code != "url_not_public":
            raise
        raise Invalid(
            "url",
            "This address is not public, so LLMReady cannot send events to it. Enter the https URL of a server on the"
            " internet, such as https://example.com/hooks.",
            code=error.code,
        ) from None
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0]
    if scheme == "http" and (host if _has_port(host) else f"{host}:80") not in allowed_hosts:
        raise Invalid(
            "url",
            "Events are sent with encryption only. Enter a URL that begins with https:// instead of http://.",
        )
    return url


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].startswith(":") if host.startswith("[") else ":" in host


def _signature(secret: str, delivery: Delivery, seconds: int) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{delivery.id}.{seconds}.{delivery.body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
