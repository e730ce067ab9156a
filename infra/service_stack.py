"""The whole service: what is made is in constructs/, here it is put together and given its rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_lambda_event_sources import SqsEventSource

from infra.constructs.api import Api
from infra.constructs.functions import HTTP_MEMORY, HTTP_TIMEOUT, ServiceFunction
from infra.constructs.layers import Layers
from infra.constructs.mail import Mail
from infra.constructs.malware import MalwareScan
from infra.constructs.monitoring import Monitoring
from infra.constructs.network import Network
from infra.constructs.queues import Queues
from infra.constructs.schedules import Schedules
from infra.constructs.storage import (
    CHECK,
    DELETE,
    DELETE_MANY,
    GET,
    GET_MANY,
    PUT,
    QUERY,
    UPDATE,
    Storage,
    grant_on,
)
from infra.constructs.workers import Workers
from infra.preflight.settings_diff import METADATA, settings_metadata
from infra.stage import CAPTCHAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import IStackSynthesizer
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from infra.stage import Stage

SEND = "sqs:SendMessage"
# How many batches of a queue functions process at once. A new account has 10 concurrent executions in all, and a
# burst of mails must leave most of them to the API. Lambda accepts no less than two.
CONSUMERS = 2
TAKE = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
)


class ServiceStack(Stack):
    """LLMReady in one stack.

    Args:
        stage: the operator's settings.
        synthesizer: how assets are found at deploy time; the default is the CDK's own bootstrap.
        protected: whether a stage that keeps its data is protected from deletion. False for a first deploy:
            CloudFormation has to be able to roll it back and to delete what is left of it.
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
        # `make diff` and `make deploy` say which settings change.
        self.template_options.metadata = {METADATA: settings_metadata(stage)}
        self.functions: dict[str, lambda_.Function] = {}
        self.storage = Storage(self, "Storage", stage=stage, protected=protected)
        self.queues = Queues(self, "Queues", stage=stage)
        self.mail = Mail(self, "Mail", stage=stage)
        self.layers = Layers(self, "Layers", stage=stage)
        self.network = Network(self, "Network", stage=stage)
        self.workers = Workers(
            self, "Workers", stage=stage, network=self.network, environment=self._worker_settings()
        )
        self._grant_worker(self.workers.role)

        self.dispatcher = self._dispatcher()
        self.cleanup = self._cleanup()
        self.api = Api(
            self,
            "Api",
            stage=stage,
            public=self._http("public", {}),
            auth=self._auth(),
            keys=self._keys(),
            websites=self._websites(),
            generations=self._generations(),
        )
        self._notifier()
        if self.mail.configuration_set:
            self.mail.tell(self._mail_events(), self.mail.configuration_set)
        self._dead_letters()
        Schedules(
            self,
            "Schedules",
            dispatcher=self.dispatcher,
            quota_reset=self._quota_reset(),
            cleanup=self.cleanup,
            cluster=self.workers.cluster,
        )
        if self.settings.malware_scan:
            MalwareScan(
                self,
                "MalwareScan",
                storage=self.storage,
                results=self._scan_results(),
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
            functions=self.functions,
        )
        self._outputs()

    # Settings that several share.

    @property
    def _table(self) -> dict[str, str]:
        return {"LLMREADY_TABLE": self.storage.table.table_name}

    @property
    def _bucket(self) -> dict[str, str]:
        return {"LLMREADY_BUCKET": self.storage.bucket.bucket_name}

    @property
    def _secret(self) -> dict[str, str]:
        return {"LLMREADY_SIGNING_SECRET": self.storage.signing_secret.secret_arn}

    @property
    def _generation_queues(self) -> dict[str, str]:
        return {
            f"LLMREADY_{lane.upper()}_QUEUE_URL": queue.queue_url
            for lane, queue in self.queues.lanes().items()
        }

    @property
    def _mail_queue(self) -> dict[str, str]:
        return {"LLMREADY_MAIL_QUEUE_URL": self.queues.mail.queue.queue_url}

    @property
    def _verified_email(self) -> dict[str, str]:
        return {"LLMREADY_REQUIRE_VERIFIED_EMAIL": str(self.settings.require_verified_email).lower()}

    @property
    def _malware_scan(self) -> dict[str, str]:
        if self.settings.settings_from_host or not self.settings.malware_scan:
            return {}
        return {"LLMREADY_MALWARE_SCAN": "true"}

    @property
    def _captcha(self) -> dict[str, str]:
        if self.settings.captcha == "none":
            return {}
        return {
            "LLMREADY_CAPTCHA_URL": CAPTCHAS[self.settings.captcha],
            "LLMREADY_CAPTCHA_SECRET": self.settings.captcha_secret,
        }

    def _limits(self, **limits: int) -> dict[str, str]:
        # On the local stage the environment that starts the system sets them, without a deploy.
        if self.settings.settings_from_host:
            return {}
        return {f"LLMREADY_{name.upper()}_PER_MINUTE": str(limit) for name, limit in limits.items()}

    def _worker_settings(self) -> dict[str, str]:
        return {
            **self._table,
            **self._bucket,
            **self._generation_queues,
            **self._mail_queue,
            "LLMREADY_GENERATION_TIMEOUT": str(self.settings.generation_timeout),
            "LLMREADY_GENERATION_RETRIES": str(self.settings.generation_retries),
            "LLMREADY_LEASE_SECONDS": str(self.settings.lease_seconds),
            "LLMREADY_IDLE_SECONDS": str(self.settings.idle_seconds),
            "LLMREADY_CRAWLERS_PER_TASK": str(self.settings.crawlers_per_task),
            "LLMREADY_ARCHIVE_MB": str(self.settings.archive_mb),
            "LLMREADY_SHARED_CACHE": str(self.settings.shared_cache).lower(),
        }

    def _grant_worker(self, role: iam.IRole) -> None:
        self.storage.grant_table(role, GET, GET_MANY, PUT, UPDATE, indexes=("by_status", "by_website_status"))
        # A website's next crawl asks only for what changed since its last.
        self.storage.grant_archives(role, "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
        self.storage.grant_checkpoints(role)
        if self.settings.shared_cache:
            self.storage.grant_shared_answers(role)
        # A worker that has to go sends what it hands back anew; one that ends lets the user's next one go.
        grant_on(role, self._lane_arns(), *TAKE, SEND)
        grant_on(role, [self.queues.mail.queue.queue_arn], SEND)

    # One method a function: its settings, then its rights.

    def _auth(self) -> lambda_.Function:
        function = self._http(
            "auth",
            {
                **self._table,
                **self._bucket,
                **self._secret,
                **self._mail_queue,
                **self._captcha,
                **self._limits(
                    registrations=self.settings.registrations_per_minute,
                    logins=self.settings.logins_per_minute,
                ),
            },
        )
        # The deletion of an account removes what it has.
        self.storage.grant_table(function, GET, QUERY, PUT, UPDATE, DELETE, DELETE_MANY, CHECK)
        self.storage.grant_deleting_users_files(function)
        self.storage.grant_signing_secret(function)
        if self.settings.captcha_secret:
            grant_on(function, [self.settings.captcha_secret], "secretsmanager:GetSecretValue")
        grant_on(function, [self.queues.mail.queue.queue_arn], SEND)
        return function

    def _keys(self) -> lambda_.Function:
        function = self._http("keys", {**self._table, **self._secret})
        self.storage.grant_table(function, GET, QUERY, PUT, UPDATE, DELETE)
        self.storage.grant_signing_secret(function)
        return function

    def _websites(self) -> lambda_.Function:
        function = self._http(
            "websites",
            {
                **self._table,
                **self._bucket,
                **self._secret,
                "LLMREADY_CLEANUP_FUNCTION": self.cleanup.function_name,
            },
        )
        self.storage.grant_table(
            function, GET, GET_MANY, QUERY, PUT, UPDATE, DELETE, indexes=("by_user", "by_website")
        )
        self.storage.grant_signing_secret(function)
        self.storage.grant_deleting_archives(function)
        # A preview of patterns reads which pages were found.
        self.storage.grant_archives(function, "s3:GetObject")
        # What a deleted website leaves behind may be more than one request can remove.
        grant_on(function, [self.cleanup.function_arn], "lambda:InvokeFunction")
        return function

    def _generations(self) -> lambda_.Function:
        function = self._http(
            "generations",
            {
                **self._table,
                **self._bucket,
                **self._secret,
                **self._generation_queues,
                **self._verified_email,
                **self._limits(starts=self.settings.starts_per_minute),
                **self._malware_scan,
                "LLMREADY_DISPATCHER_FUNCTION": self.dispatcher.function_name,
            },
        )
        self.storage.grant_table(
            function,
            GET,
            GET_MANY,
            QUERY,
            PUT,
            UPDATE,
            DELETE,
            indexes=("by_user", "by_website", "by_status", "by_website_status"),
        )
        self.storage.grant_signing_secret(function)
        # Who signs a download's URL must be allowed to read the file.
        # A large file is taken out of its archive before it is signed for.
        self.storage.grant_archives(function, "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
        if self.settings.malware_scan:
            self.storage.grant_archives(function, "s3:GetObjectTagging")
        self.storage.grant_deleting_archives(function)
        grant_on(function, self._lane_arns(), SEND)
        grant_on(function, [self.dispatcher.function_arn], "lambda:InvokeFunction")
        return function

    def _dispatcher(self) -> lambda_.Function:
        function = self._event(
            "dispatcher",
            {
                **self._table,
                **self._generation_queues,
                **self._mail_queue,
                **self.workers.launch_settings(),
                "LLMREADY_MAX_TASKS": str(self.settings.max_tasks),
                "LLMREADY_WARM_TASKS": str(self.settings.warm_tasks),
                "LLMREADY_GENERATION_TIMEOUT": str(self.settings.generation_timeout),
            },
            timeout=Duration.seconds(60),
        )
        self.storage.grant_table(function, GET, GET_MANY, PUT, UPDATE, DELETE, indexes=("due", "by_status"))
        grant_on(function, [*self._lane_arns(), self.queues.mail.queue.queue_arn], SEND)
        self.workers.grant_launch(function)
        return function

    def _notifier(self) -> None:
        function = self._event(
            "notifier",
            {**self._table, **self._secret, **self.mail.settings(), **self._public_url()},
            timeout=Duration.seconds(30),
        )
        if self.layers.sendgrid:
            function.add_layers(self.layers.sendgrid)
        self.storage.grant_table(function, GET, PUT, UPDATE, CHECK)
        # The link in a mail carries a ticket for one download, signed like a token.
        self.storage.grant_signing_secret(function)
        self.mail.grant_send(function)
        function.add_event_source(
            SqsEventSource(
                self.queues.mail.queue,
                batch_size=5,
                report_batch_item_failures=True,
                max_concurrency=CONSUMERS,
            )
        )

    def _mail_events(self) -> lambda_.Function:
        function = self._event("mail_events", {**self._table, **self._secret}, timeout=Duration.seconds(30))
        self.storage.grant_table(function, PUT)
        # The key of the fingerprints that stand for addresses.
        self.storage.grant_signing_secret(function)
        return function

    def _dead_letters(self) -> None:
        function = self._event(
            "dead_letters",
            {**self._table, **self._generation_queues, **self._mail_queue},
            timeout=Duration.seconds(30),
        )
        self.storage.grant_table(function, GET, GET_MANY, PUT, UPDATE, indexes=("by_status",))
        grant_on(function, [*self._lane_arns(), self.queues.mail.queue.queue_arn], SEND)
        for queue in (self.queues.standard.dead_letters, self.queues.priority.dead_letters):
            function.add_event_source(
                SqsEventSource(
                    queue, batch_size=10, report_batch_item_failures=True, max_concurrency=CONSUMERS
                )
            )

    def _quota_reset(self) -> lambda_.Function:
        function = self._event("quota_reset", self._table, timeout=Duration.minutes(15))
        self.storage.grant_table(function, GET, PUT, UPDATE, indexes=("due",))
        return function

    def _cleanup(self) -> lambda_.Function:
        function = self._event("cleanup", {**self._table, **self._bucket}, timeout=Duration.minutes(15))
        self.storage.grant_table(
            function, GET, GET_MANY, QUERY, PUT, UPDATE, DELETE, DELETE_MANY, indexes=("due", "by_website")
        )
        self.storage.grant_deleting_users_files(function)
        return function

    def _scan_results(self) -> lambda_.Function:
        function = self._event("scan_results", {**self._table, **self._bucket}, timeout=Duration.minutes(1))
        self.storage.grant_table(function, GET, UPDATE)
        self.storage.grant_deleting_archives(function)
        return function

    def _public_url(self) -> dict[str, str]:
        if self.settings.settings_from_host:
            return {}
        own = f"https://{self.settings.domain}" if self.settings.domain else self.api.api.api_endpoint
        return {"LLMREADY_PUBLIC_URL": self.settings.public_url or own}

    def _http(self, folder: str, environment: Mapping[str, str]) -> lambda_.Function:
        return self._function(folder, environment, timeout=HTTP_TIMEOUT, memory=HTTP_MEMORY)

    def _event(self, folder: str, environment: Mapping[str, str], *, timeout: Duration) -> lambda_.Function:
        return self._function(folder, environment, timeout=timeout, memory=256)

    def _function(
        self, folder: str, environment: Mapping[str, str], *, timeout: Duration, memory: int
    ) -> lambda_.Function:
        name = "".join(word.title() for word in folder.split("_"))
        self.functions[folder] = ServiceFunction(
            self,
            name,
            folder=folder,
            stage=self.settings,
            layers=self.layers,
            environment=environment,
            timeout=timeout,
            memory=memory,
        ).function
        return self.functions[folder]

    def _lane_arns(self) -> list[str]:
        return [queue.queue_arn for queue in self.queues.lanes().values()]

    def _outputs(self) -> None:
        values = {
            "ApiEndpoint": self.api.api.api_endpoint,
            "ApiId": self.api.api.api_id,
            "Table": self.storage.table.table_name,
            "Bucket": self.storage.bucket.bucket_name,
            "Cluster": self.workers.cluster.cluster_arn,
            "SigningSecret": self.storage.signing_secret.secret_arn,
        }
        for name, queue in self.queues.named().items():
            values["".join(word.title() for word in name.split("_")) + "Queue"] = queue.queue_url
        for name, value in values.items():
            CfnOutput(self, name, value=value)
