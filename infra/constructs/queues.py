"""Queues of generations, mails and webhook deliveries, each with a dead-letter queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from llmready.domain.plans import Lane

if TYPE_CHECKING:
    from infra.stage import Stage

# Attempts are counted in the table; only a message that stops workers before they claim it is delivered this often.
GENERATION_RECEIVES = 8
MAIL_RECEIVES = 5
WEBHOOK_RECEIVES = 5
# AWS asks for at least six times the timeout of the function that reads the queue.
MAIL_VISIBILITY = Duration.seconds(180)
WEBHOOK_VISIBILITY = Duration.seconds(180)
DEAD_VISIBILITY = Duration.seconds(180)


class WorkQueue(Construct):
    """A queue and its dead-letter queue, encrypted and reachable over TLS only.

    Args:
        visibility: visibility timeout of a received message.
        dead_visibility: the same for the dead-letter queue.
        max_receives: deliveries after which a message is moved to the dead-letter queue.
        for_browsers: whether to create a second queue for generations that need a browser, with the same dead-letter
            queue.
        dead_letters: an existing dead-letter queue; None creates one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        visibility: Duration,
        dead_visibility: Duration,
        max_receives: int,
        for_browsers: bool = False,
        dead_letters: sqs.Queue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letters or sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            visibility_timeout=dead_visibility,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.all = [
            sqs.Queue(
                self,
                name,
                encryption=sqs.QueueEncryption.SQS_MANAGED,
                enforce_ssl=True,
                retention_period=Duration.days(14),
                visibility_timeout=visibility,
                dead_letter_queue=sqs.DeadLetterQueue(
                    queue=self.dead_letters, max_receive_count=max_receives
                ),
                removal_policy=RemovalPolicy.DESTROY,
            )
            for name in (("Queue", "BrowserQueue") if for_browsers else ("Queue",))
        ]
        self.queue = self.all[0]


class Queues(Construct):
    """The standard and the priority queue of generations, the queue of mails and the queue of webhook deliveries."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.standard = self._generations("Standard", stage)
        # Both share one dead-letter queue, because polling a queue costs money all month.
        self.priority = self._generations("Priority", stage, dead_letters=self.standard.dead_letters)
        self.mail = WorkQueue(
            self,
            "Mail",
            visibility=MAIL_VISIBILITY,
            dead_visibility=MAIL_VISIBILITY,
            max_receives=MAIL_RECEIVES,
        )
        # A separate queue, so that slow receivers do not delay emails.
        self.webhooks = WorkQueue(
            self,
            "Webhooks",
            visibility=WEBHOOK_VISIBILITY,
            dead_visibility=WEBHOOK_VISIBILITY,
            max_receives=WEBHOOK_RECEIVES,
        )

    def _generations(self, name: str, stage: Stage, *, dead_letters: sqs.Queue | None = None) -> WorkQueue:
        return WorkQueue(
            self,
            name,
            # The worker receives with a longer visibility timeout, which `visibility` in worker/lease.py calculates.
            visibility=Duration.seconds(stage.lease_seconds),
            dead_visibility=DEAD_VISIBILITY,
            max_receives=GENERATION_RECEIVES,
            for_browsers=True,
            dead_letters=dead_letters,
        )

    def lanes(self) -> dict[Lane, sqs.Queue]:
        """The queues of generations by lane."""
        standard, standard_browser = self.standard.all
        priority, priority_browser = self.priority.all
        return {
            Lane.STANDARD: standard,
            Lane.PRIORITY: priority,
            Lane.STANDARD_BROWSER: standard_browser,
            Lane.PRIORITY_BROWSER: priority_browser,
        }

    def named(self) -> dict[str, sqs.Queue]:
        """All queues, by the names that operators see."""
        return {
            **{lane.value: queue for lane, queue in self.lanes().items()},
            "generation_dead_letters": self.standard.dead_letters,
            "mail": self.mail.queue,
            "mail_dead_letters": self.mail.dead_letters,
            "webhook": self.webhooks.queue,
            "webhook_dead_letters": self.webhooks.dead_letters,
        }
