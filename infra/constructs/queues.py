"""Queues of generations and mails, each with the queue where its failures end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

if TYPE_CHECKING:
    from infra.stage import Stage

# Attempts are counted in the table; this many deliveries only a message has that ends workers before they claim it.
GENERATION_RECEIVES = 8
MAIL_RECEIVES = 5
MAIL_VISIBILITY = Duration.seconds(60)


class WorkQueue(Construct):
    """A queue and its dead-letter queue, encrypted and reachable over TLS only.

    Args:
        visibility: how long a message that was taken stays hidden from others.
        dead_visibility: the same for the dead-letter queue's own consumer.
        max_receives: how often a message is taken before it is set aside.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        visibility: Duration,
        dead_visibility: Duration,
        max_receives: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            visibility_timeout=dead_visibility,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receives),
            removal_policy=RemovalPolicy.DESTROY,
        )


class Queues(Construct):
    """The standard and the priority queue of generations and the queue of mails."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        # A message stays hidden as long as a lease lasts, so both run out together.
        generation = {
            "visibility": Duration.seconds(stage.lease_seconds),
            "dead_visibility": Duration.seconds(180),
        }
        self.standard = WorkQueue(self, "Standard", max_receives=GENERATION_RECEIVES, **generation)
        self.priority = WorkQueue(self, "Priority", max_receives=GENERATION_RECEIVES, **generation)
        self.mail = WorkQueue(
            self,
            "Mail",
            visibility=MAIL_VISIBILITY,
            dead_visibility=MAIL_VISIBILITY,
            max_receives=MAIL_RECEIVES,
        )

    def named(self) -> dict[str, sqs.Queue]:
        """All queues by the names that operators see."""
        return {
            "standard": self.standard.queue,
            "standard_dead_letters": self.standard.dead_letters,
            "priority": self.priority.queue,
            "priority_dead_letters": self.priority.dead_letters,
            "mail": self.mail.queue,
            "mail_dead_letters": self.mail.dead_letters,
        }
