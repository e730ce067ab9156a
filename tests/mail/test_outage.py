"""If the provider is down for ten minutes, each mail is sent once afterwards."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from llmready.adapters.mail.links import Links
from llmready.adapters.mail.rendering import MailRenderer
from llmready.adapters.mail.sendgrid import SendgridMailer
from llmready.domain.clock import now
from llmready.domain.generation import Failure
from llmready.domain.user import User
from llmready.usecases.end_generation import fail_generation
from llmready.usecases.send_mail import send_mail
from testkit.dispatching import dispatched
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.people import new_generation, registered, with_website
from tests.mail.provider import running_sendgrid
from tests.mail.rendered import KEYS

_MINUTE = timedelta(minutes=1)
_DOWN = 10  # minutes
_WITHIN = 20  # minutes after the provider is back


@pytest.mark.parametrize("a_minute", [2, pytest.param(50, marks=pytest.mark.chaos)])
def test_ten_minutes_without_a_provider(place: Place, a_minute: int) -> None:
    # One round of the dispatcher queues at most 20 mails of one user again.
    users = [registered(place, is_verified=True) for _ in range(10)]
    begin = now()
    expected = 0
    sent_in: list[int] = []
    with running_sendgrid() as provider, ThreadPoolExecutor(8) as notifiers:
        mailer = SendgridMailer("the-key", "no-reply@example.org", provider.url)

        def notify(body: str, time: datetime) -> bool:
            named = json.loads(body)
            services = place.services_at(time)
            links = Links("https://api.example.com", web_app=False)
            render = MailRenderer(links, KEYS, place.mail_tokens, services.webhooks, time)
            services = replace(services, mailer=mailer, render=render)
            return send_mail(services, named["user_id"], named["mail_id"])

        for minute in range(_DOWN + _WITHIN):
            time = begin + minute * _MINUTE
            provider.status = 503 if minute < _DOWN else 202
            for number in range(a_minute if minute < _DOWN + 1 else 0):
                _generation_fails(place, users[number % len(users)], time)
                expected += 1
            dispatched(place, time)
            # Every message comes twice, to notifiers that work at the same time.
            bodies = _queued(place) * 2
            sent = sum(notifiers.map(notify, bodies, [time] * len(bodies)))
            sent_in += [minute] * sent
            if len(sent_in) == expected and minute > _DOWN:
                break
    assert expected == a_minute * (_DOWN + 1)
    assert min(sent_in) >= _DOWN
    assert sorted(provider.taken) == sorted(set(provider.taken))
    assert len(provider.taken) == expected
    assert due_of(place.outbox, begin + timedelta(days=9)) == []


def _generation_fails(place: Place, user: User, time: datetime) -> None:
    website = with_website(place, user)
    generation = new_generation(user, website, time)
    place.generations.start(generation, quota_limit=1000)
    failure = Failure(code="dns_failure", message="The website's name is not known.")
    fail_generation(place.services_at(time), generation, failure)


def _queued(place: Place) -> list[str]:
    bodies: list[str] = []
    while messages := place.sqs.receive_message(QueueUrl=place.mail_queue_url, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            bodies.append(message["Body"])
            place.sqs.delete_message(QueueUrl=place.mail_queue_url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
