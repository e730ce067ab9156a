"""Webhooks: the endpoints of users, their deliveries, and the requests to them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from llmready.domain.generation import Generation
from llmready.domain.mail import OutboxMail
from llmready.domain.webhooks import Delivery, DisabledReason, Webhook, WebhookAnswer
from llmready.domain.website import Website
from llmready.ports.due_work import DueWork

ShowGeneration = Callable[[Generation], Mapping[str, object]]
"""Returns a generation as the API shows it, for the body of an event."""


ShowWebsite = Callable[[Website], Mapping[str, object]]
"""Returns a website without a schedule as the API shows it, for the body of an event."""


class DeliveryPage(NamedTuple):
    """Some deliveries of an endpoint, newest first, and the ID after which the list continues (None at its end)."""

    items: list[Delivery]
    last_id: str | None


class WebhookLease(NamedTuple):
    """The result of asking for the lease of a user.

    Attributes:
        taken_until: None if the lease was taken by this call, else until when another process has it.
        used_until: When the earlier requests of the user are forgotten, as the last release stored it.
    """

    taken_until: datetime | None
    used_until: datetime | None = None


class FreeLease(NamedTuple):
    """The result of asking for the lease of all free accounts.

    Attributes:
        taken_until: None if the lease was taken by this call, else when it is free.
        rest_until: Until when free accounts that used much rest.
    """

    taken_until: datetime | None
    rest_until: datetime | None = None


class Webhooks(Protocol):
    """The endpoints of users."""

    def create(self, webhook: Webhook, *, limit: int) -> None:
        """Store a new endpoint.

        Raises:
            Forbidden: The account has ``limit`` endpoints.
            NotFound: There is no such account.
        """

    def get(self, user_id: str, webhook_id: str) -> Webhook | None:
        """Return an endpoint, or None if the user has no such endpoint."""

    def of_user(self, user_id: str) -> list[Webhook]:
        """Return the endpoints of a user, newest first."""

    def replace(self, old: Webhook, new: Webhook) -> bool:
        """Replace an endpoint by ``new``; return False if it was changed since ``old`` was read."""

    def delete(self, user_id: str, webhook_id: str) -> bool:
        """Delete an endpoint. Return False if the user has no such endpoint."""

    def note_success(self, webhook: Webhook, time: datetime) -> None:
        """Record when an endpoint accepted a delivery."""

    def lease(self, user_id: str, *, time: datetime, until: datetime) -> WebhookLease:
        """Take the lease of a user for one request. Only one request of a user is sent at a time.

        Args:
            user_id: ID of the user.
            time: Current time.
            until: End of the lease.
        """

    def release(
        self, user_id: str, *, leased_until: datetime, until: datetime, used_until: datetime | None = None
    ) -> None:
        """Change the end of the lease from ``leased_until`` to ``until``, and ``used_until`` if it is given."""

    def lease_free(self, *, time: datetime, until: datetime, must_rest: bool) -> FreeLease:
        """Take the lease of all free accounts for one request. Only one request of them is sent at a time.

        Args:
            time: Current time.
            until: End of the lease.
            must_rest: Whether the account used much, so that it does not get the lease before ``rest_until``.
        """

    def release_free(self, *, leased_until: datetime, until: datetime, rest_until: datetime) -> None:
        """Change the end of the lease of all free accounts, and set ``rest_until``."""

    def pause(self, webhook: Webhook, until: datetime) -> None:
        """Send nothing to an endpoint until the given time."""

    def disable(
        self,
        webhook: Webhook,
        reason: DisabledReason,
        time: datetime,
        *,
        unless_success_since: datetime | None = None,
        mail: OutboxMail | None = None,
    ) -> bool:
        """Disable an active endpoint and store the email about it, or neither.

        Args:
            webhook: The endpoint.
            reason: Why it is disabled.
            time: Current time.
            unless_success_since: Leave it active if it accepted a delivery since then.
            mail: The email to its owner.

        Returns:
            Whether it was disabled by this call.
        """


class Deliveries(DueWork[Delivery], Protocol):
    """Deliveries of events to endpoints."""

    def put(self, delivery: Delivery) -> None:
        """Store a delivery."""

    def get(self, user_id: str, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Return a delivery, or None."""

    def page(self, user_id: str, webhook_id: str, *, limit: int, after: str | None = None) -> DeliveryPage:
        """Return deliveries of an endpoint, newest first.

        Args:
            user_id: ID of the user.
            webhook_id: ID of the endpoint.
            limit: Maximum number of deliveries. Fewer are returned if more would not fit into one answer.
            after: ID of a delivery. The page begins with the delivery that follows it.
        """

    def has_pending(self, user_id: str, webhook_id: str, number: int) -> bool:
        """Return whether at least ``number`` of the newest deliveries of an endpoint are pending."""

    def claim(
        self, user_id: str, webhook_id: str, delivery_id: str, *, time: datetime, until: datetime
    ) -> Delivery | None:
        """Lease a delivery that is due for one attempt, and count the attempt.

        Args:
            user_id: ID of the user.
            webhook_id: ID of the endpoint.
            delivery_id: ID of the delivery.
            time: Current time.
            until: End of the lease.

        Returns:
            The delivery, or None if it is not due, has ended or is leased by another process.
        """

    def postpone(self, delivery: Delivery, until: datetime) -> None:
        """Schedule the next attempt of a leased delivery at ``until`` and store its attempts and their number."""

    def hold(self, delivery: Delivery) -> None:
        """Take a leased delivery out of the due work until :meth:`release`."""

    def end(self, delivery: Delivery, time: datetime) -> None:
        """Store the final status of a leased delivery with its attempts."""

    def start_again(self, delivery: Delivery, time: datetime) -> None:
        """Make a delivery due now, with all of its retries."""

    def release(self, user_id: str, time: datetime) -> None:
        """Make all pending deliveries of a user due now."""


class WebhookQueue(Protocol):
    """The queue of the notifier for deliveries."""

    def send(self, delivery: Delivery, *, delay: timedelta = timedelta()) -> None:
        """Ask the notifier to attempt a delivery after ``delay``, at most 15 minutes.

        Raises:
            TryAgain: The queue cannot be reached.
        """

    def send_many(self, deliveries: Sequence[Delivery]) -> None:
        """Ask the notifier to attempt several deliveries now.

        Raises:
            TryAgain: The queue cannot be reached.
        """


class WebhookSender(Protocol):
    """Sends requests to endpoints."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Send one request and return its result. Failures of the receiver are part of the result, not exceptions."""
