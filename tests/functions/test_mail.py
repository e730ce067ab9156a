"""The notifier with each provider, and the dead-letter queue; the functions run in this process."""

import importlib
import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from llmready.adapters.mail.addresses import encoded_address
from llmready.adapters.mail.sendgrid import SendgridMailer
from llmready.adapters.mail.ses import SesMailer
from llmready.adapters.mail.silent import SilentMailer
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Failure, Generation, Status
from llmready.domain.mail import MailKind, MailRefused, Message
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.observability import logger
from llmready.ports.mail import Mailer
from llmready.usecases.end_generation import fail_generation
from testkit.emulator import Place
from testkit.people import new_generation, new_user, new_website
from testkit.service import use
from tests.mail.provider import Sendgrid, running_sendgrid

MESSAGE = Message(
    kind=MailKind.GENERATION_COMPLETE, to="ada@example.org", subject="Ready", text="plain", html="<p>rich</p>"
)
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
    aws_request_id="a",
    get_remaining_time_in_millis=lambda: 10_000,
)


@pytest.fixture
def sendgrid() -> Iterator[Sendgrid]:
    with running_sendgrid() as provider:
        yield provider


def test_sendgrid_gets_the_whole_mail(sendgrid: Sendgrid) -> None:
    SendgridMailer("the-key", "no-reply@example.org", sendgrid.url).send(MESSAGE, mail_id="m1")
    ((path, key, body),) = sendgrid.received
    assert (path, key) == ("/v3/mail/send", "Bearer the-key")
    assert body["from"]["email"] == "no-reply@example.org"
    assert [to["email"] for to in body["personalizations"][0]["to"]] == ["ada@example.org"]
    assert body["subject"] == "Ready"
    assert {part["type"]: part["value"] for part in body["content"]} == {
        "text/plain": "plain",
        "text/html": "<p>rich</p>",
    }
    assert "m1" in json.dumps(body)


def test_sendgrid_gets_unsubscribe_headers_and_sandbox_mode(sendgrid: Sendgrid) -> None:
    message = MESSAGE.model_copy(update={"unsubscribe_url": "https://api.example.com/u?token=t"})
    mailer = SendgridMailer("the-key", "no-reply@example.org", sendgrid.url, sandbox=True)
    mailer.send(message, mail_id="m1")
    ((_, _, body),) = sendgrid.received
    assert body["headers"] == message.headers
    assert body["mail_settings"] == {"sandbox_mode": {"enable": True}}
    assert body["categories"] == ["generation_complete"]


def test_permanent_refusals_of_sendgrid_are_not_retried(sendgrid: Sendgrid) -> None:
    sendgrid.status = 400
    with pytest.raises(MailRefused):
        SendgridMailer("the-key", "no-reply@example.org", sendgrid.url).send(MESSAGE, mail_id="m1")


@pytest.mark.parametrize("status", [401, 429, 500])
def test_temporary_refusals_of_sendgrid_are_retried(sendgrid: Sendgrid, status: int) -> None:
    sendgrid.status = status
    with pytest.raises(TryAgain):
        SendgridMailer("the-key", "no-reply@example.org", sendgrid.url).send(MESSAGE, mail_id="m1")


def test_unreachable_sendgrid_is_retried() -> None:
    mailer = SendgridMailer("the-key", "no-reply@example.org", "http://127.0.0.1:9")
    with pytest.raises(TryAgain):
        mailer.send(MESSAGE, mail_id="m1")


def failed_mail(place: Place) -> tuple[User, str]:
    """Store a user with a generation that failed, and return its mail's id."""
    user, _, generation = _pending(place)
    failure = Failure(code="dns_failure", message="The website's name is not known.")
    fail_generation(place.services_at(generation.created_at), generation, failure)
    (message,) = place.sqs.receive_message(QueueUrl=place.mail_queue_url)["Messages"]
    return user, json.loads(message["Body"])["mail_id"]


def _pending(place: Place) -> tuple[User, str, Generation]:
    user = new_user()
    place.users.create(user)
    website = new_website(user)
    place.websites.create(website, limit=9)
    generation = new_generation(user, website)
    place.generations.start(generation, quota_limit=9)
    return user, website.id, generation


def deliver(function: str, body: dict[str, str]) -> dict[str, Any]:
    record = {
        "messageId": "1",
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q",
        "awsRegion": "us-east-1",
    }
    handler = importlib.import_module(f"functions.{function}.handler").handler
    return dict(handler({"Records": [record]}, CONTEXT))


@pytest.fixture
def ses() -> Iterator[tuple[Any, Stubber]]:
    """An SES client whose requests are validated by botocore's model and answered by the test."""
    client: Any = boto3.client(
        "sesv2", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()
    client.close()


def test_ses_gets_the_whole_mail(ses: tuple[Any, Stubber]) -> None:
    client, stubber = ses
    link = "https://api.example.com/u?token=t"
    simple = {
        "Subject": {"Data": "Ready", "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": "plain", "Charset": "UTF-8"},
            "Html": {"Data": "<p>rich</p>", "Charset": "UTF-8"},
        },
        "Headers": [
            {"Name": "List-Unsubscribe", "Value": f"<{link}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ],
    }
    stubber.add_response(
        "send_email",
        {"MessageId": "x"},
        {
            "FromEmailAddress": "no-reply@example.org",
            "Destination": {"ToAddresses": ["ada@example.org"]},
            "Content": {"Simple": simple},
            "EmailTags": [
                {"Name": "mail", "Value": "m1"},
                {"Name": "kind", "Value": MailKind.GENERATION_COMPLETE},
            ],
            "ConfigurationSetName": "mails",
        },
    )
    message = MESSAGE.model_copy(update={"unsubscribe_url": link})
    SesMailer(client, "no-reply@example.org", "mails").send(message, mail_id="m1")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("BadRequestException", MailRefused),
        ("MessageRejected", MailRefused),
        ("AccessDeniedException", MailRefused),
        ("MailFromDomainNotVerifiedException", TryAgain),
        ("AccountSuspendedException", TryAgain),
        ("SendingPausedException", TryAgain),
        ("LimitExceededException", TryAgain),
        ("TooManyRequestsException", TryAgain),
    ],
)
def test_permanent_refusals_of_ses_are_not_retried(
    ses: tuple[Any, Stubber], code: str, expected: type[Exception]
) -> None:
    client, stubber = ses
    stubber.add_client_error("send_email", code)
    with pytest.raises(expected):
        SesMailer(client, "no-reply@example.org").send(MESSAGE, mail_id="m1")


@pytest.mark.usefixtures("calls")
def test_the_notifier_with_sendgrid(
    place: Place, sendgrid: Sendgrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer: Mailer = SendgridMailer("the-key", "no-reply@example.org", sendgrid.url)
    use(monkeypatch, mailer=mailer)
    user, mail_id = failed_mail(place)
    body = {"user_id": user.id, "mail_id": mail_id}
    assert deliver("notifier", body) == {"batchItemFailures": []}
    assert deliver("notifier", body) == {"batchItemFailures": []}
    ((_, _, mail),) = sendgrid.received  # the second delivery sent nothing more
    assert mail["personalizations"][0]["to"][0]["email"] == user.email
    assert all("name is not known." in part["value"] for part in mail["content"])


@pytest.mark.usefixtures("calls")
def test_the_notifier_without_a_provider(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    use(monkeypatch, mailer=SilentMailer())
    user, mail_id = failed_mail(place)
    assert deliver("notifier", {"user_id": user.id, "mail_id": mail_id}) == {"batchItemFailures": []}
    logged = log.getvalue()
    assert "the generation failed" in logged
    assert user.email not in logged


@pytest.mark.usefixtures("calls")
def test_a_dead_letter_fails_its_generation_and_gives_the_quota_back(place: Place) -> None:
    user, website_id, generation = _pending(place)
    body = {"user_id": user.id, "generation_id": generation.id}
    for _ in range(2):
        assert deliver("dead_letters", body) == {"batchItemFailures": []}
        found = place.generations.get(user.id, generation.id)
        assert found is not None
        assert (found.status, found.error_code) == (Status.FAILED, "worker_lost")
        assert place.quotas.get(user.id, month_of(generation.created_at)).taken == 0
        website = place.websites.get_for_user(user.id, website_id)[1]
        assert website is not None
        assert website.active_generation_id is None
    assert place.waiting(place.mail_queue_url)[0] == 1


@pytest.mark.parametrize(
    ("address", "encoded"),
    [
        ("ada@example.org", "ada@example.org"),
        ("LLMReady, Inc. <no-reply@example.org>", '"LLMReady, Inc." <no-reply@example.org>'),
        ("ada@müller.de", "ada@xn--mller-kva.de"),
        ("Büro <no-reply@müller.de>", "=?utf-8?b?QsO8cm8=?= <no-reply@xn--mller-kva.de>"),
        ("株式会社 <no-reply@example.org>", "=?utf-8?b?5qCq5byP5Lya56S+?= <no-reply@example.org>"),
    ],
)
def test_addresses_reach_ses_in_ascii(address: str, encoded: str) -> None:
    assert encoded_address(address) == encoded
