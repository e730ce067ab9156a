"""The queues: generations waiting for a worker, mails waiting for the notifier."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation
from llmready.domain.mail import OutboxMail
from llmready.domain.plans import QueueName
from llmready.ports import QueuedJob

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsJobQueue:
    """Implements :class:`llmready.ports.JobQueue`; a message only names the generation.

    Args:
        client: A boto3 SQS client.
        urls: URL of each queue.
    """

    def __init__(self, client: "SQSClient", urls: dict[QueueName, str]) -> None:
        self._client = client
        self._urls = urls

    def send(self, generation: Generation) -> None:
        """Send a generation to its queue."""
        body = json.dumps({"user_id": generation.user_id, "generation_id": generation.id})
        try:
            self._client.send_message(QueueUrl=self._urls[generation.queue], MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def receive(self, queue: QueueName, *, wait: int, visibility: int) -> QueuedJob | None:
        """Take the next generation from a queue.

        Args:
            queue: Which queue.
            wait: Seconds to wait for one (long polling; at most 20).
            visibility: Seconds for which nobody else receives it.

        Raises:
            TryAgain: The queue cannot be reached.
        """
        try:
            answer = self._client.receive_message(
                QueueUrl=self._urls[queue],
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait,
                VisibilityTimeout=visibility,
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error
        for message in answer.get("Messages", []):
            user_id, generation_id = job_from(message["Body"])
            return QueuedJob(user_id, generation_id, queue, message["ReceiptHandle"])
        return None

    def hide(self, job: QueuedJob, seconds: int) -> None:
        """Keep a received generation from everybody for ``seconds`` from now; 0 hands it back at once."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._urls[job.queue], ReceiptHandle=job.receipt, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def done(self, job: QueuedJob) -> None:
        """Remove a received generation from its queue."""
        try:
            self._client.delete_message(QueueUrl=self._urls[job.queue], ReceiptHandle=job.receipt)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error


class SqsMailQueue:
    """Implements :class:`llmready.ports.MailQueue`."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, mail: OutboxMail) -> None:
        """Ask the notifier to send a mail from the outbox."""
        body = json.dumps({"user_id": mail.user_id, "mail_id": mail.id})
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error


def job_from(body: str) -> tuple[str, str]:
    """Return the user's and the generation's id that a message names.

    Raises:
        ValueError: It is no message of ours.
    """
    return _ids(body, "generation_id")


def mail_from(body: str) -> tuple[str, str]:
    """Return the user's and the mail's id that a message names.

    Raises:
        ValueError: It is no message of ours.
    """
    return _ids(body, "mail_id")


def _ids(body: str, name: str) -> tuple[str, str]:
    try:
        content = json.loads(body)
    except ValueError:
        raise ValueError("the message is no JSON") from None
    if not isinstance(content, dict):
        raise ValueError("the message is no object")
    user_id, other = content.get("user_id"), content.get(name)
    if not isinstance(user_id, str) or not isinstance(other, str):
        raise ValueError(f"the message names no user_id and {name}")
    return user_id, other
