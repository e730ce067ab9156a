"""Many free accounts with slow endpoints delay no webhooks of paid plans, and leave room for other free accounts."""

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from llmready import bootstrap
from llmready.domain.clock import new_id, now
from llmready.domain.user import User
from llmready.domain.webhooks import (
    MOST_WEBHOOKS,
    Delivery,
    EventType,
    Webhook,
    WebhookAnswer,
    new_delivery,
    new_webhook_secret,
)
from llmready.services import Services
from llmready.usecases.send_webhook import requeue_due_deliveries, send_webhook
from testkit.people import registered
from testkit.service import Service

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CONSUMERS = 2
CALL = 0.01 * SECOND  # how long a call of DynamoDB or SQS takes
QUICK = 0.3  # seconds that the endpoints of all but the slow accounts take


class Consumers:
    """Two notifiers, each with its own clock, that read one queue in memory.

    Attributes:
        slow: How long the requests to ``/slow`` take, in seconds. They are answered with 500.
        sent: For each request, the path of its URL and its time.
        busy: Seconds that requests to ``/slow`` took.
    """

    def __init__(self, slow: float) -> None:
        self.slow = slow
        self._clocks = [now()] * CONSUMERS
        self._at = 0
        self._queue: list[tuple[datetime, int, tuple[str, str, str]]] = []
        self._count = itertools.count()
        self.sent: list[tuple[str, datetime]] = []
        self.busy = 0.0
        port: Any = self
        self.services: Services = replace(
            bootstrap.services(),
            clock=lambda: self._clocks[self._at],
            webhook_queue=port,
            webhook_sender=port,
        )
        bootstrap.client("dynamodb").meta.events.register("before-call", lambda **_: self._take(CALL))

    @property
    def time(self) -> datetime:
        return min(self._clocks)

    def _take(self, duration: timedelta) -> None:
        self._clocks[self._at] += duration

    def send(self, delivery: Delivery, *, delay: timedelta = timedelta()) -> None:
        names = (delivery.user_id, delivery.webhook_id, delivery.id)
        heapq.heappush(self._queue, (self._clocks[self._at] + delay, next(self._count), names))

    def send_many(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.send(delivery)

    def post(self, url: str, *_: Any) -> WebhookAnswer:
        path = url.rpartition("/")[2]
        self.sent.append((path, self._clocks[self._at]))
        seconds = self.slow if path == "slow" else QUICK
        if path == "slow":
            self.busy += seconds
        self._take(seconds * SECOND)
        return WebhookAnswer(duration_ms=round(seconds * 1000), status_code=500 if path == "slow" else 200)

    def event(self, user: User, time: datetime) -> None:
        """Store a delivery to each endpoint of a user and put it into the queue, without taking a notifier's time."""
        clocks, self._clocks = self._clocks, [time] * CONSUMERS
        for webhook in self.services.webhooks.of_user(user.id):
            delivery = new_delivery(webhook, EventType.GENERATION_CANCELLED, {}, time)
            self.services.deliveries.put(delivery)
            self._clocks = [time] * CONSUMERS
            self.send(delivery)
        self._clocks = clocks

    def run(self, until: datetime) -> None:
        """Handle messages, and run the dispatcher's step each minute, until a time."""
        minute = self.time
        while self.time < until:
            self._at = self._clocks.index(self.time)
            if self.time >= minute:
                clocks = list(self._clocks)
                requeue_due_deliveries(self.services, until=self.time + MINUTE)
                self._clocks = clocks  # the dispatcher is another function
                minute = self.time + MINUTE
            if self._queue and self._queue[0][0] <= self.time:
                _, _, names = heapq.heappop(self._queue)
                send_webhook(self.services, *names)
            else:
                self._clocks[self._at] = min([minute, until, *(message[0] for message in self._queue[:1])])


def account(service: Service, plan: str, path: str, *, endpoints: int = 1) -> User:
    user = registered(service.place, plan)
    for _ in range(endpoints):
        webhook = Webhook(
            id=new_id(),
            user_id=user.id,
            url=f"https://hooks.example.org/{path}",
            events=tuple(EventType),
            secret=new_webhook_secret(),
            created_at=now(),
            updated_at=now(),
        )
        bootstrap.services().webhooks.create(webhook, limit=MOST_WEBHOOKS)
    return user


def test_slow_endpoints_of_free_accounts_do_not_delay_paid_plans(service: Service) -> None:
    """40 free accounts cause an event for five endpoints each. Without a share, their requests use all the time."""
    consumers = Consumers(4.9)
    crowd = [account(service, "free", "slow", endpoints=MOST_WEBHOOKS) for _ in range(40)]
    paid, honest = account(service, "starter", "paid"), account(service, "free", "honest")
    start = consumers.time
    for user in crowd:
        consumers.event(user, start)
    asked = [start + minute * MINUTE for minute in (1, 2, 3, 4)]
    for time in asked:
        consumers.run(time)
        consumers.event(paid, time)
    consumers.event(honest, asked[-1])
    consumers.run(start + 8 * MINUTE)
    arrived = [at for path, at in consumers.sent if path == "paid"]
    assert [at - time < 15 * SECOND for at, time in zip(arrived, asked, strict=True)] == [True] * len(asked)
    assert [path for path, _ in consumers.sent].count("honest") == 1
    assert 60 < consumers.busy <= 8 * 60 + consumers.slow
