"""The queues: generations waiting for a worker, emails and webhook deliveries waiting for the notifier."""

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.active_generation import ActiveGeneration
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.plans import Lane
from llmready.domain.webhooks import Delivery
from llmready.ports.mail import MailRequest
from llmready.ports.tasks import QueuedJob

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


_BATCH = 10  # SQS's limit for one SendMessageBatch


class SqsJobQueue:
    """Implements :class:`llmready.ports.tasks.JobQueue`. A message contains only the IDs of the generation.

    Args:
        client: A boto3 SQS client.
        urls: URL of each queue.
    """

    def __init__(self, client: "SQSClient", urls: dict[Lane, str]) -> None:
        self._client = client
        self._urls = urls

    def send(self, generation: ActiveGeneration) -> None:
        """Send a generation to its queue."""
        body = json.dumps(
            {
                "user_id": generation.user_id,
                "generation_id": generation.id,
                "correlation_id": generation.correlation_id,
            }
        )
        try:
            self._client.send_message(QueueUrl=self._urls[generation.lane], MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def receive(self, lane: Lane, *, wait: int, visibility: int) -> QueuedJob | None:
        """Receive the next generation of a queue.

        Args:
            lane: The queue.
            wait: Seconds to wait for a message (long polling; at most 20).
            visibility: Seconds for which no other worker receives the message.

        Raises:
            TryAgain: The queue cannot be reached.
        """
        try:
            answer = self._client.receive_message(
                QueueUrl=self._urls[lane],
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait,
                VisibilityTimeout=visibility,
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error
        for message in answer.get("Messages", []):
            user_id, generation_id = job_from(message["Body"])
            return QueuedJob(
                user_id, generation_id, lane, message["ReceiptHandle"], correlation_from(message["Body"])
            )
        return None

    def give_back(self, job: QueuedJob, *, delay: int = 0) -> None:
        """Put a received generation back into its queue as a new message, delivered after ``delay`` seconds.

        Making the old message visible again would count as a failed delivery.
        """
        content = {
            "user_id": job.user_id,
            "generation_id": job.generation_id,
            "correlation_id": job.correlation_id,
        }
        try:
            self._client.send_message(
                QueueUrl=self._urls[job.lane], MessageBody=json.dumps(content), DelaySeconds=delay
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error
        self.done(job)

    def hide(self, job: QueuedJob, seconds: int) -> None:
        """Hide a received message from other workers for ``seconds`` from now; 0 makes it visible at once."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._urls[job.lane], ReceiptHandle=job.receipt, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def done(self, job: QueuedJob) -> None:
        """Delete a received message."""
        try:
            self._client.delete_message(QueueUrl=self._urls[job.lane], ReceiptHandle=job.receipt)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error


class SqsMailQueue:
    """Implements :class:`llmready.ports.mail.MailQueue`."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, mail: OutboxMail) -> None:
        """Ask the notifier to send a mail from the outbox."""
        self._send(_content_of(mail))

    def send_many(self, mails: Sequence[OutboxMail]) -> None:
        """Ask the notifier to send mails from the outbox. The dispatcher later finds mails that were not queued."""
        _send_all(self._client, self._url, [_content_of(mail) for mail in mails])

    def send_to(self, fingerprint: str, kind: MailKind, mail_id: str) -> None:
        """Ask the notifier to send a mail to the account of an address, if it has one."""
        self._send({"fingerprint": fingerprint, "kind": kind.value, "mail_id": mail_id})

    def _send(self, content: dict[str, str]) -> None:
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(content))
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error


class SqsWebhookQueue:
    """Implements :class:`llmready.ports.webhooks.WebhookQueue`. A message contains only the IDs of the delivery."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, delivery: Delivery, *, delay: timedelta = timedelta()) -> None:
        """Ask the notifier to attempt a delivery after a delay."""
        try:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(_content_of_delivery(delivery)),
                DelaySeconds=math.ceil(delay.total_seconds()),
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def send_many(self, deliveries: Sequence[Delivery]) -> None:
        """Ask the notifier to attempt deliveries now. The dispatcher later finds deliveries that were not queued."""
        _send_all(self._client, self._url, [_content_of_delivery(delivery) for delivery in deliveries])


def _send_all(client: "SQSClient", url: str, contents: Sequence[dict[str, str]]) -> None:
    for start in range(0, len(contents), _BATCH):
        entries: Any = [
            {"Id": str(number), "MessageBody": json.dumps(content)}
            for number, content in enumerate(contents[start : start + _BATCH])
        ]
        try:
            client.send_message_batch(QueueUrl=url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error


def _content_of_delivery(delivery: Delivery) -> dict[str, str]:
    return {
        "user_id": delivery.user_id,
        "webhook_id": delivery.webhook_id,
        "delivery_id": delivery.id,
        "correlation_id": delivery.correlation_id,
    }


def _content_of(mail: OutboxMail) -> dict[str, str]:
    return {"user_id": mail.user_id, "mail_id": mail.id, "correlation_id": mail.correlation_id}


def job_from(body: str) -> tuple[str, str]:
    """Return the IDs of the user and the generation in a message.

    Raises:
        ValueError: The message was not written by this service.
    """
    return _ids(body, "generation_id")


def mail_from(body: str) -> tuple[str, str]:
    """Return the IDs of the user and the mail in a message.

    Raises:
        ValueError: The message was not written by this service.
    """
    return _ids(body, "mail_id")


def delivery_from(body: str) -> tuple[str, str, str] | None:
    """Return the IDs of the user, the webhook and the delivery in a message.

    Return None if the message is about an email.

    Raises:
        ValueError: The message was not written by this service.
    """
    match _content(body):
        case {"user_id": str(user_id), "webhook_id": str(webhook_id), "delivery_id": str(delivery_id)}:
            return user_id, webhook_id, delivery_id
    return None


def correlation_from(body: str) -> str:
    """Return the correlation ID of a message; empty if it has none."""
    found = _content(body).get("correlation_id")
    return found if isinstance(found, str) else ""


def mail_request_from(body: str) -> MailRequest | None:
    """Return the address for which a message requests a mail, or None for a mail of the outbox.

    Raises:
        ValueError: The message was not written by this service.
    """
    content = _content(body)
    if "fingerprint" not in content:
        return None
    match content:
        case {"fingerprint": str(fingerprint), "kind": str(kind), "mail_id": str(mail_id)}:
            return MailRequest(fingerprint, MailKind(kind), mail_id)
    raise ValueError("the message does not contain fingerprint, kind and mail_id")


def _ids(body: str, name: str) -> tuple[str, str]:
    content = _content(body)
    user_id, other = content.get("user_id"), content.get(name)
    if not isinstance(user_id, str) or not isinstance(other, str):
        raise ValueError(f"the message does not contain user_id and {name}")
    return user_id, other


def _content(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        raise ValueError("the message is not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("the message is not a JSON object")
    return content
