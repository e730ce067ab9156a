"""The webhooks of one account do not delay those of others, however many wait and however slow they are."""

import heapq
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.webhooks import Delivery, EventType, WebhookAnswer, new_delivery
from llmready.services import Services
from llmready.usecases.send_webhook import requeue_due_deliveries, send_webhook
from llmready.usecases.suspend_account import resume_account, suspend_account
from testkit.due_work import due_of
from testkit.service import Member, Service
from tests.accounts.test_webhooks import create

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Simulation:
    """The service with its own clock, a queue in memory and a sender whose requests take time on this clock.

    Attributes:
        seconds: How long the requests take, in turn.
        sent: For each request, its time and the path of its URL.
        busy: Seconds that all requests took.
        handled: How many messages each user had.
    """

    def __init__(self, service: Service, *seconds: float) -> None:
        self.service, self.seconds = service, itertools.cycle(seconds)
        self.time = now()
        self.busy = 0.0
        self.sent: list[tuple[datetime, str]] = []
        self.handled: Counter[str] = Counter()
        self._queue: list[Any] = []
        self._count = itertools.count()
        port: Any = self
        self.services: Services = replace(
            bootstrap.services(), clock=lambda: self.time, webhook_queue=port, webhook_sender=port
        )

    def send(self, delivery: Delivery, *, delay: timedelta = timedelta()) -> None:
        names = (delivery.user_id, delivery.webhook_id, delivery.id)
        heapq.heappush(self._queue, (self.time + delay, next(self._count), names))

    def send_many(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.send(delivery)

    def post(self, url: str, *_: Any) -> WebhookAnswer:
        path = url.rpartition("/")[2]
        self.sent.append((self.time, path))
        seconds = 0.1 if path == "ben" else next(self.seconds)
        self.busy += seconds
        self.time += seconds * SECOND
        return WebhookAnswer(duration_ms=round(seconds * 1000), status_code=200 if path == "ben" else 500)

    def deliver(self, member: Member, number: int, *, queued: bool = True) -> list[Delivery]:
        """Store deliveries of a user to all of the user's endpoints in turn."""
        webhooks = self.services.webhooks.of_user(member.id)
        made = [
            new_delivery(webhook, EventType.GENERATION_FAILED, {}, self.time)
            for webhook in itertools.islice(itertools.cycle(webhooks), number)
        ]
        for delivery in made:
            self.services.deliveries.put(delivery)
            if queued:
                self.send(delivery)
        return made

    def run(self, until: datetime) -> None:
        """Handle messages, and run the dispatcher's step each minute, until a time."""
        minute = self.time
        while self.time < until:
            if self.time >= minute:
                requeue_due_deliveries(self.services, until=self.time + MINUTE)
                minute = self.time + MINUTE
            if self._queue and self._queue[0][0] <= self.time:
                _, _, names = heapq.heappop(self._queue)
                self.handled[names[0]] += 1
                send_webhook(self.services, *names)
            else:
                self.time = min([minute, until, *(message[0] for message in self._queue[:1])])


@pytest.fixture
def people(service: Service) -> tuple[Member, Member]:
    """Return a user with five endpoints and another one with one endpoint."""
    ada, ben = (
        service.confirmed_person("ada.slow@example.org"),
        service.confirmed_person("ben.waits@example.org"),
    )
    for number in range(5):
        create(ada, f"https://hooks.example.org/ada{number}")
    create(ben, "https://hooks.example.org/ben")
    return ada, ben


def test_deliveries_that_wait_do_not_circulate(service: Service, people: tuple[Member, Member]) -> None:
    """Endpoints that answer 500 after 14 seconds count like endpoints that do not answer."""
    ada, ben = people
    simulation = Simulation(service, 14)
    simulation.deliver(ada, 60)
    simulation.run(simulation.time + 2 * MINUTE)
    (victim,) = simulation.deliver(ben, 1)
    asked = simulation.time
    simulation.run(asked + 8 * MINUTE)
    assert [time - asked < 15 * SECOND for time, path in simulation.sent if path == "ben"] == [True]
    requests = [time for time, path in simulation.sent if path != "ben"]
    # Three requests in the first minutes, and then one about every nine minutes.
    assert 4 <= len(requests) <= 6
    # Pauses have a random part, so the number differs between runs. Without growing pauses, it is about 4,500.
    assert simulation.handled[ada.id] < 1000
    assert simulation.services.deliveries.get(ben.id, victim.webhook_id, victim.id) is not None


class Receivers(NamedTuple):
    """How long the endpoints of a user take in turn, how many deliveries they get, and how much time they may use."""

    seconds: tuple[float, ...]
    deliveries: int
    longest: float


@pytest.mark.parametrize(
    "receivers",
    [
        # 30 seconds at once, and 1.5 a minute; the quick answers are counted apart.
        Receivers((14, 0.1), 24, 30 + 8 * 1.5 + 14 + 2),
        # 30 seconds at once, and 6 a minute.
        Receivers((4.9,), 30, 30 + 8 * 6 + 4.9),
        Receivers((0.9,), 200, 30 + 8 * 6 + 0.9),
        Receivers((0.3, 0.5, 4.9, 4.9, 0.1, 4.9), 200, 30 + 8 * 6 + 4.9),
    ],
    ids=[
        "every second answer is slow",
        "answers that are not slow",
        "answers within a second",
        "answers that vary",
    ],
)
def test_requests_of_a_user_take_a_share_of_the_time(
    service: Service, people: tuple[Member, Member], receivers: Receivers
) -> None:
    """Without a limit of the time of all requests, they take 130 to 360 seconds."""
    ada, ben = people
    simulation = Simulation(service, *receivers.seconds)
    simulation.deliver(ada, receivers.deliveries)
    simulation.deliver(ben, 1)
    asked = simulation.time
    simulation.run(asked + 8 * MINUTE)
    assert 20 < simulation.busy < receivers.longest
    # Without the limit, the deliveries of others wait for all of them, which take 147 or 180 seconds.
    assert [time - asked < MINUTE for time, path in simulation.sent if path == "ben"] == [True]


def test_quick_endpoints_are_not_paused(service: Service, people: tuple[Member, Member]) -> None:
    ada, _ = people
    simulation = Simulation(service, 0.2)
    simulation.deliver(ada, 30)
    simulation.run(simulation.time + 8 * SECOND)
    assert len(simulation.sent) >= 30


def test_a_round_queues_a_share_of_each_user(service: Service, people: tuple[Member, Member]) -> None:
    ada, ben = people
    simulation = Simulation(service, 0.1)
    simulation.deliver(ada, 70, queued=False)
    simulation.time += SECOND
    simulation.deliver(ben, 3, queued=False)
    queued: list[str] = []
    calls: list[str] = []
    bootstrap.client("dynamodb").meta.events.register(
        "before-call", lambda model, **_: calls.append(model.name)
    )
    sets: Any = type(
        "Queue", (), {"send_many": lambda _, found: queued.extend(each.user_id for each in found)}
    )
    services = replace(simulation.services, webhook_queue=sets())
    simulation.time += MINUTE
    requeue_due_deliveries(services, until=simulation.time + MINUTE)
    assert Counter(queued) == {ada.id: 20, ben.id: 3}
    assert Counter(calls) == {"Query": 1, "BatchGetItem": 1, "UpdateItem": 73}
    # All of them are queued within a few rounds, none twice, and nothing that was queued is read again.
    for _ in range(9):
        simulation.time += MINUTE
        requeue_due_deliveries(services, until=simulation.time + MINUTE)
    assert Counter(queued) == {ada.id: 70, ben.id: 3}
    calls.clear()
    requeue_due_deliveries(services, until=simulation.time + MINUTE)
    assert calls == ["Query"]


def test_a_round_stops_at_its_end(service: Service, people: tuple[Member, Member]) -> None:
    ada, _ = people
    simulation = Simulation(service, 0.1)
    simulation.deliver(ada, 5, queued=False)
    simulation.time += MINUTE
    requeue_due_deliveries(simulation.services, until=simulation.time)
    assert len(due_of(simulation.services.deliveries, simulation.time)) == 5


def test_deliveries_of_a_suspended_account_leave_the_due_work(
    service: Service, people: tuple[Member, Member]
) -> None:
    ada, _ = people
    simulation = Simulation(service, 0.1)
    user = service.place.users.get(ada.id)
    assert user is not None
    suspend_account(simulation.services, user, by="test")
    simulation.deliver(ada, 5)
    simulation.run(simulation.time + MINUTE)
    later = simulation.time + timedelta(days=99)
    assert list(simulation.services.deliveries.due(later)) == []
    # After weeks, they still have all of their retries.
    simulation.time = later
    resume_account(simulation.services, user, by="test")
    simulation.run(simulation.time + 3 * MINUTE)
    assert len(simulation.sent) >= 5


def test_an_account_that_is_resumed_meanwhile_loses_no_delivery(
    service: Service, people: tuple[Member, Member]
) -> None:
    ada, _ = people
    simulation = Simulation(service, 0.1)
    user = service.place.users.get(ada.id)
    assert user is not None
    resume = partial(resume_account, simulation.services, user, by="test")
    suspend_account(simulation.services, user, by="test")
    (delivery,) = simulation.deliver(ada, 1)
    deliveries = simulation.services.deliveries

    class Late:
        """The account is resumed after it was read as suspended, and before the delivery is held."""

        def __getattr__(self, name: str) -> Any:
            return getattr(deliveries, name)

        def hold(self, held: Delivery) -> None:
            resume()
            deliveries.hold(held)

    late: Any = Late()
    send_webhook(replace(simulation.services, deliveries=late), ada.id, delivery.webhook_id, delivery.id)
    assert [each.id for each in due_of(deliveries, simulation.time + MINUTE)] == [delivery.id]
