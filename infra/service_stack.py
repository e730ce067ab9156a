"""The stack of the whole service, which only composes constructs.

Resources are created in ``constructs/``, functions with their settings and permissions in ``http_functions.py`` and
``event_functions.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from infra.constructs.api import Api
from infra.constructs.distribution import Distribution, OriginSecret
from infra.constructs.layers import Layers
from infra.constructs.mail import Mail
from infra.constructs.malware import MalwareScan
from infra.constructs.monitoring import Monitoring
from infra.constructs.network import Network
from infra.constructs.queues import Queues
from infra.constructs.schedules import Schedules
from infra.constructs.storage import GET, GET_MANY, PUT, QUERY, UPDATE, Storage, grant_on
from infra.constructs.workers import Workers
from infra.event_functions import (
    SEND,
    cleanup_function,
    dead_letters_function,
    dispatcher_function,
    mail_events_function,
    notifier_function,
    quota_reset_function,
    scan_results_function,
)
from infra.http_functions import (
    auth_function,
    firecrawl_function,
    generations_function,
    keys_function,
    public_function,
    webhooks_function,
    websites_function,
)
from infra.preflight.settings_diff import METADATA, settings_metadata
from infra.resources import Resources
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from infra.stage import Stage

RECEIVE = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
)


class ServiceStack(Stack):
    """LLMReady in one stack.

    Args:
        stage: the operator's settings.
        synthesizer: how assets are found at deploy time; default: the CDK's own bootstrap.
        protected: whether a stage that keeps its data is protected from deletion. False for a first deploy, because
            CloudFormation must be able to roll it back and delete its remains.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        synthesizer: IStackSynthesizer | None = None,
        protected: bool = True,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"LLMReady ({stage.name}): websites turned into files a language model reads well",
            synthesizer=synthesizer,
            env={"region": stage.region} if stage.region else None,
            termination_protection=stage.retain_data and protected,
        )
        self.settings = stage
        # `make diff` and `make deploy` compare these settings.
        self.template_options.metadata = {METADATA: settings_metadata(stage)}
        self.storage = Storage(self, "Storage", stage=stage, protected=protected)
        self.queues = Queues(self, "Queues", stage=stage)
        self.mail = Mail(self, "Mail", stage=stage)
        self.layers = Layers(self, "Layers", stage=stage)
        self.network = Network(self, "Network", stage=stage)
        self.origin = OriginSecret(self, "Origin") if stage.web else None
        resources = Resources(
            scope=self,
            stage=stage,
            storage=self.storage,
            queues=self.queues,
            mail=self.mail,
            layers=self.layers,
            origin=self.origin,
        )
        self.workers = self._workers(resources)

        dispatcher = dispatcher_function(resources, workers=self.workers)
        cleanup = cleanup_function(resources)
        self.api = Api(
            self,
            "Api",
            stage=stage,
            public=public_function(resources),
            auth=auth_function(resources),
            keys=keys_function(resources),
            webhooks=webhooks_function(resources),
            websites=websites_function(resources, cleanup=cleanup),
            generations=generations_function(resources, dispatcher=dispatcher),
            firecrawl=firecrawl_function(resources, dispatcher=dispatcher),
        )
        self.distribution = (
            Distribution(self, "Web", stage=stage, api=self.api.api, secret=self.origin)
            if self.origin
            else None
        )
        notifier_function(resources, api_url=self._own_url())
        if self.mail.configuration_set:
            self.mail.tell(mail_events_function(resources), self.mail.configuration_set)
        dead_letters_function(resources)
        Schedules(
            self,
            "Schedules",
            dispatcher=dispatcher,
            quota_reset=quota_reset_function(resources),
            cleanup=cleanup,
            cluster=self.workers.cluster,
        )
        if stage.malware_scan:
            MalwareScan(
                self,
                "MalwareScan",
                storage=self.storage,
                results=scan_results_function(resources),
                plan=stage.custom_resources,
            )
        Monitoring(
            self,
            "Monitoring",
            stage=stage,
            api=self.api.api,
            table=self.storage.table,
            queues=self.queues,
            mails=self.mail.configuration_set,
            functions=resources.functions,
        )
        self._outputs()

    def _workers(self, resources: Resources) -> Workers:
        """Create the workers: their settings, then their permissions."""
        stage = self.settings
        workers = Workers(
            self,
            "Workers",
            stage=stage,
            network=self.network,
            environment={
                **resources.table,
                **resources.bucket,
                **resources.job_queues,
                **resources.mail_queue,
                **resources.webhook_queue,
                **variables(
                    Settings(
                        generation_timeout=stage.generation_timeout,
                        generation_retries=stage.generation_retries,
                        lease_seconds=stage.lease_seconds,
                        idle_seconds=stage.idle_seconds,
                        crawlers_per_task=stage.crawlers_per_task,
                        max_tasks=stage.max_tasks,
                        archive_mb=stage.archive_mb,
                        shared_cache=stage.shared_cache,
                    )
                ),
            },
        )
        role: iam.IRole = workers.role
        self.storage.grant_table(
            role, GET, GET_MANY, QUERY, PUT, UPDATE, indexes=("by_status", "by_website_status", "due")
        )
        # The next crawl of a website requests only pages that changed.
        self.storage.grant_archives(role, "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
        self.storage.grant_checkpoints(role)
        if stage.shared_cache:
            self.storage.grant_shared_answers(role)
        # A worker that must stop sends its generations to the queue again; after a generation, it sends the user's
        # next one.
        grant_on(role, resources.job_queue_arns(), *RECEIVE, SEND)
        grant_on(role, resources.notifier_queue_arns(), SEND)
        return workers

    def _own_url(self) -> str:
        """Return the base URL of links if the stage does not set another one."""
        if self.distribution is not None:
            return self.distribution.url
        return f"https://{self.settings.domain}" if self.settings.domain else self.api.api.api_endpoint

    def _outputs(self) -> None:
        values = {
            "ApiEndpoint": self.api.api.api_endpoint,
            "ApiId": self.api.api.api_id,
            "Table": self.storage.table.table_name,
            "Bucket": self.storage.bucket.bucket_name,
            "Cluster": self.workers.cluster.cluster_arn,
            "SigningSecret": self.storage.signing_secret.secret_arn,
        }
        if self.distribution is not None and self.origin is not None:
            values |= {
                "WebUrl": self.distribution.url,
                "WebBucket": self.distribution.bucket.bucket_name,
                "Distribution": self.distribution.distribution.distribution_id,
                "OriginSecret": self.origin.secret.secret_arn,
            }
        for name, queue in self.queues.named().items():
            values["".join(word.title() for word in name.split("_")) + "Queue"] = queue.queue_url
        for name, value in values.items():
            CfnOutput(self, name, value=value)
