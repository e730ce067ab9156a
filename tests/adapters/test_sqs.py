import json
from collections.abc import Callable
from typing import Any

import pytest

from llmready.adapters.sqs import SqsJobQueue, SqsMailQueue, job_from, mail_from
from llmready.domain.clock import new_id, now
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Lane
from llmready.ports.tasks import QueuedJob
from testkit.emulator import Place
from testkit.people import new_generation, new_user, new_website


def receive(place: Place, lane: Lane = Lane.PRIORITY, visibility: int = 30) -> QueuedJob | None:
    return place.jobs.receive(lane, wait=0, visibility=visibility)


@pytest.mark.parametrize(
    ("plan", "wanted", "lane"),
    [
        ("free", {}, Lane.STANDARD),
        ("free", {"use_playwright": True}, Lane.STANDARD_BROWSER),
        ("pro", {}, Lane.PRIORITY),
        ("pro", {"use_playwright": True}, Lane.PRIORITY_BROWSER),
    ],
)
def test_queue_follows_plan_and_browser(either: Place, plan: str, wanted: dict[str, Any], lane: Lane) -> None:
    user = new_user(plan)
    generation = new_generation(user, new_website(user, **wanted))
    either.jobs.send(generation)
    for other in set(Lane) - {lane}:
        assert receive(either, other) is None
    job = receive(either, lane)
    assert job is not None
    assert (job.user_id, job.generation_id, job.lane) == (user.id, generation.id, lane)
    assert receive(either, lane) is None
    either.jobs.done(job)
    assert either.waiting(either.queue_urls[lane]) == (0, 0)


def test_returned_job_is_visible_at_once(either: Place) -> None:
    user = new_user()
    either.jobs.send(new_generation(user, new_website(user)))
    job = receive(either)
    assert job is not None
    either.jobs.hide(job, 0)
    again = receive(either)
    assert again is not None
    assert again.generation_id == job.generation_id
    either.jobs.hide(again, 60)
    assert receive(either) is None


def test_repeatedly_failing_job_goes_to_the_dead_letter_queue(place: Place) -> None:
    user = new_user()
    place.jobs.send(new_generation(user, new_website(user)))
    for _ in range(4):
        job = receive(place, visibility=0)
        assert job is not None
    assert receive(place) is None
    assert place.waiting(place.dead_letters_url) == (1, 0)


def test_a_message_is_small(either: Place) -> None:
    user = new_user()
    website = new_website(user, "https://example.com/" + "x" * 2000, include_patterns=["/" + "y" * 190] * 50)
    either.jobs.send(new_generation(user, website))
    answer = either.sqs.receive_message(QueueUrl=either.queue_urls[Lane.PRIORITY])
    assert len(answer["Messages"][0]["Body"]) < 1024


def test_a_mail_is_named_to_the_notifier(either: Place) -> None:
    mail = OutboxMail(
        id=new_id(), user_id=new_id(), kind=MailKind.ACCOUNT_EXISTS, created_at=now(), due_at=now()
    )
    either.mail_queue.send(mail)
    (message,) = either.sqs.receive_message(QueueUrl=either.mail_queue_url)["Messages"]
    assert mail_from(message["Body"]) == (mail.user_id, mail.id)


def test_unreachable_queue_raises_try_again(either: Place) -> None:
    url = either.mail_queue_url + "-missing"
    jobs = SqsJobQueue(either.sqs, dict.fromkeys(Lane, url))
    user = new_user()
    job = QueuedJob("u", "g", Lane.STANDARD, "receipt")
    calls: tuple[Callable[[], object], ...] = (
        lambda: jobs.send(new_generation(user, new_website(user))),
        lambda: jobs.receive(Lane.STANDARD, wait=0, visibility=30),
        lambda: jobs.hide(job, 0),
        lambda: jobs.done(job),
        lambda: SqsMailQueue(either.sqs, url).send(
            OutboxMail(id="m", user_id="u", kind=MailKind.ACCOUNT_EXISTS, created_at=now(), due_at=now())
        ),
    )
    for call in calls:
        with pytest.raises(TryAgain):
            call()


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "{}", '{"user_id": "u"}', '{"user_id": 1, "generation_id": "g"}', "{'a'}"]
)
def test_unknown_message_is_reported(body: str) -> None:
    with pytest.raises(ValueError, match="the message"):
        job_from(body)


def test_unknown_fields_of_a_message_are_ignored() -> None:
    assert job_from(json.dumps({"user_id": "u", "generation_id": "g", "more": 1})) == ("u", "g")
