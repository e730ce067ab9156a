"""The resources that functions and workers share, and the settings that describe them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.constructs.functions import HTTP_MEMORY, HTTP_TIMEOUT, ServiceFunction
from infra.constructs.storage import grant_on
from llmready.domain.plans import Lane
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Duration
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from infra.constructs.distribution import OriginSecret
    from infra.constructs.layers import Layers
    from infra.constructs.mail import Mail
    from infra.constructs.queues import Queues
    from infra.constructs.storage import Storage
    from infra.stage import Stage

EVENT_MEMORY = 256  # MiB


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The resources of the stack that functions and workers use.

    Attributes:
        scope: The stack, in which functions are created.
        origin: The secret by which the API recognises the distribution's requests; None without a distribution.
        functions: The functions that were created, by folder.
    """

    scope: Construct
    stage: Stage
    storage: Storage
    queues: Queues
    mail: Mail
    layers: Layers
    origin: OriginSecret | None
    functions: dict[str, lambda_.Function] = field(default_factory=dict)

    @property
    def table(self) -> dict[str, str]:
        """Return the settings for using the table."""
        return variables(Settings(table=self.storage.table.table_name))

    @property
    def bucket(self) -> dict[str, str]:
        """Return the settings for using the bucket."""
        return variables(Settings(bucket=self.storage.bucket.bucket_name))

    @property
    def signing_secret(self) -> dict[str, str]:
        """Return the settings for issuing and checking tokens."""
        return variables(Settings(signing_secret=self.storage.signing_secret.secret_arn))

    @property
    def job_queues(self) -> dict[str, str]:
        """Return the settings for the queues of generations."""
        urls = {lane: queue.queue_url for lane, queue in self.queues.lanes().items()}
        return variables(
            Settings(
                standard_queue_url=urls[Lane.STANDARD],
                priority_queue_url=urls[Lane.PRIORITY],
                standard_browser_queue_url=urls[Lane.STANDARD_BROWSER],
                priority_browser_queue_url=urls[Lane.PRIORITY_BROWSER],
            )
        )

    @property
    def mail_queue(self) -> dict[str, str]:
        """Return the settings for the queue of emails."""
        return variables(Settings(mail_queue_url=self.queues.mail.queue.queue_url))

    @property
    def webhook_queue(self) -> dict[str, str]:
        """Return the settings for the queue of webhook deliveries."""
        return variables(Settings(webhook_queue_url=self.queues.webhooks.queue.queue_url))

    def notifier_queue_arns(self) -> list[str]:
        """Return the ARNs of the queues of the notifier."""
        return [self.queues.mail.queue.queue_arn, self.queues.webhooks.queue.queue_arn]

    def job_queue_arns(self) -> list[str]:
        """Return the ARNs of the queues of generations."""
        return [queue.queue_arn for queue in self.queues.lanes().values()]

    def http_function(self, folder: str, environment: Mapping[str, str]) -> lambda_.Function:
        """Create a function that answers HTTP requests. With a distribution, it answers only requests from there."""
        secret = (
            {} if self.origin is None else variables(Settings(origin_secret=self.origin.secret.secret_arn))
        )
        function = self._function(folder, {**environment, **secret}, timeout=HTTP_TIMEOUT, memory=HTTP_MEMORY)
        if self.origin is not None:
            grant_on(function, [self.origin.secret.secret_arn], "secretsmanager:GetSecretValue")
        return function

    def event_function(
        self, folder: str, environment: Mapping[str, str], *, timeout: Duration
    ) -> lambda_.Function:
        """Create a function that handles events.

        Args:
            folder: its folder in ``functions/``.
            environment: its settings.
            timeout: maximum duration of one invocation.
        """
        return self._function(folder, environment, timeout=timeout, memory=EVENT_MEMORY)

    def _function(
        self, folder: str, environment: Mapping[str, str], *, timeout: Duration, memory: int
    ) -> lambda_.Function:
        self.functions[folder] = ServiceFunction(
            self.scope,
            "".join(word.title() for word in folder.split("_")),
            folder=folder,
            stage=self.stage,
            layers=self.layers,
            environment=environment,
            timeout=timeout,
            memory=memory,
        ).function
        return self.functions[folder]
