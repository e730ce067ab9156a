"""The outbox with many webhook deliveries and mails: nothing is lost, and mails do not wait for webhooks."""

import json
import random
import socket
import time as clock
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from llmready.adapters.mail.links import Links
from llmready.adapters.mail.rendering import MailRenderer
from llmready.adapters.sqs import delivery_from, mail_from
from llmready.adapters.webhook_sender import PinnedWebhookSender
from llmready.domain.clock import now
from llmready.domain.generation import Failure, Generation
from llmready.domain.mail import Message
from llmready.domain.user import User
from llmready.domain.webhooks import EventType
from llmready.services import Services
from llmready.usecases.end_generation import fail_generation
from llmready.usecases.manage_webhooks import add_webhook
from llmready.usecases.send_mail import send_mail
from llmready.usecases.send_webhook import send_webhook
from testkit.dispatching import dispatched
from testkit.emulator import Place
from testkit.people import new_generation, registered, with_website
from testkit.receiver import connecting, receiving
from tests.mail.rendered import KEYS

_MINUTE = timedelta(minutes=1)
_BROKEN = 3  # minutes for which one receiver answers 500
_MAILS_WITHIN = 2  # minutes
_MOST = 120  # minutes until everything must have arrived
_LOST = 0.2  # share of the messages to the notifier that are lost
_WORKERS = 8


class Mailbox:
    """A mail provider that accepts every mail and notes its ID."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, _message: Message, *, mail_id: str) -> None:
        self.taken.append(mail_id)


class Notifiers:
    """Notifiers that work at the same time and get messages twice.

    Args:
        place: Where the outbox is.
        ports: Ports of the receivers on this machine.
    """

    def __init__(self, place: Place, ports: list[int]) -> None:
        self._place = place
        self.mailbox = Mailbox()
        self.chance = random.Random(7)
        self._sender = PinnedWebhookSender([("127.0.0.1", port) for port in ports], seconds=0.3)
        self._allow = ",".join(f"127.0.0.1:{port}" for port in ports)

    def services_at(self, time: datetime) -> Services:
        """Return the services of a notifier with a fixed clock."""
        found = self._place.services_at(time)
        links = Links("https://api.example.com", web_app=False)
        return replace(
            found,
            settings=found.settings.model_copy(update={"crawl_allow": self._allow}),
            webhook_sender=self._sender,
            mailer=self.mailbox,
            render=MailRenderer(links, KEYS, self._place.mail_tokens, found.webhooks, time),
        )

    def work(self, bodies: list[str], time: datetime) -> None:
        """Handle messages; half of them come twice, also at the same time."""

        def handle(body: str) -> None:
            delivery = delivery_from(body)
            if delivery is not None:
                send_webhook(self.services_at(time), *delivery)
            else:
                send_mail(self.services_at(time), *mail_from(body))

        twice = [body for body in bodies if self.chance.random() < 0.5]
        with ThreadPoolExecutor(_WORKERS) as workers:
            list(workers.map(handle, bodies + twice))


@pytest.mark.parametrize("each", [3, pytest.param(40, marks=pytest.mark.chaos)])
def test_deliveries_and_mails_under_load(place: Place, each: int) -> None:
    """Four users have two endpoints each, one of which is broken at first; a fifth has an endpoint that hangs."""
    begin = now()
    with receiving() as steady, receiving() as broken, connecting(_hang) as hanging:
        broken.status = 500
        ports = [*(int(found.host.partition(":")[2]) for found in (steady, broken)), hanging]
        notifiers = Notifiers(place, ports)
        slow, *users = (registered(place, is_verified=True) for _ in range(5))
        services = notifiers.services_at(begin)
        for user in users:
            _hook(services, user, steady.url)
            _hook(services, user, broken.url)
        _hook(services, slow, f"http://127.0.0.1:{hanging}/")
        expected = {_fail(services, user, place).id for user in users for _ in range(each)}
        for _ in range(each):
            _fail(services, slow, place)

        minute = 0
        while minute == 0 or _pending(services, users, begin):
            assert minute < _MOST
            broken.status = 500 if minute < _BROKEN else 200
            time = begin + minute * _MINUTE
            dispatched(place, time)
            # Some of the first messages are lost.
            bodies = [body for body in _queued(place) if minute or notifiers.chance.random() > _LOST]
            notifiers.work(bodies, time)
            if minute == _MAILS_WITHIN:
                assert len(notifiers.mailbox.taken) == 5 * each
            minute += 1
    assert len(set(notifiers.mailbox.taken)) == len(notifiers.mailbox.taken) == 5 * each
    for receiver in (steady, broken):
        ids: dict[str, set[str]] = {}
        for request in receiver.requests:
            ids.setdefault(json.loads(request.body)["data"]["id"], set()).add(request.headers["webhook-id"])
        assert set(ids) == expected
        # Each event has one ID for an endpoint, however often it was sent.
        assert all(len(found) == 1 for found in ids.values())
    assert len(set(steady.ids)) == len(steady.ids)


def _hook(services: Services, user: User, url: str) -> None:
    add_webhook(services, user, url=url, events=tuple(EventType), description=None)


def _hang(connection: socket.socket) -> None:
    connection.recv(1)
    clock.sleep(0.5)


def _fail(services: Services, user: User, place: Place) -> Generation:
    generation = new_generation(user, with_website(place, user), services.clock())
    place.generations.start(generation, quota_limit=1000)
    fail_generation(services, generation, Failure(code="no_pages", message="No pages."))
    return generation


def _pending(services: Services, users: list[User], time: datetime) -> bool:
    ids = {user.id for user in users}
    return any(delivery.user_id in ids for delivery in services.deliveries.due(time + timedelta(days=9)))


def _queued(place: Place) -> list[str]:
    bodies: list[str] = []
    for url in (place.mail_queue_url, place.webhook_queue_url):
        while messages := place.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                place.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
