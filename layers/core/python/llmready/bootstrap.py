"""Builds the :class:`llmready.services.Services` of a process from its settings."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from llmready.adapters.captcha import NoCaptcha, SiteVerifyCaptcha
from llmready.adapters.dynamodb.account_mails import DynamoAccountMailLimit
from llmready.adapters.dynamodb.api_keys import DynamoApiKeys
from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.adapters.dynamodb.deliveries import DynamoDeliveries
from llmready.adapters.dynamodb.exports import DynamoExports
from llmready.adapters.dynamodb.generations import DynamoGenerations
from llmready.adapters.dynamodb.host_leases import DynamoHostLeases
from llmready.adapters.dynamodb.limits import DynamoLimiter, DynamoLockout, DynamoMutex
from llmready.adapters.dynamodb.mail_tokens import DynamoMailTokens
from llmready.adapters.dynamodb.outbox import DynamoOutbox
from llmready.adapters.dynamodb.purges import DynamoPurges
from llmready.adapters.dynamodb.quotas import DynamoQuotas
from llmready.adapters.dynamodb.schedules import DynamoSchedules
from llmready.adapters.dynamodb.sessions import DynamoSessions
from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
from llmready.adapters.dynamodb.table import Table
from llmready.adapters.dynamodb.task_starts import DynamoStartFailures, DynamoTaskStarts
from llmready.adapters.dynamodb.text_requests import DynamoTextRequests
from llmready.adapters.dynamodb.users import DynamoUsers
from llmready.adapters.dynamodb.webhooks import DynamoWebhooks
from llmready.adapters.dynamodb.websites import DynamoWebsites
from llmready.adapters.ecs import EcsTasks, TaskPlace
from llmready.adapters.lambdas import LambdaDispatcherTrigger, LambdaPurgeTrigger
from llmready.adapters.lazy import lazy
from llmready.adapters.mail.silent import SilentMailer
from llmready.adapters.metrics import EmbeddedMetrics
from llmready.adapters.s3 import S3Archives
from llmready.adapters.secrets import StoredOriginSecret, StoredSigningKeys, provider_secret
from llmready.adapters.sqs import SqsJobQueue, SqsMailQueue, SqsWebhookQueue
from llmready.addresses import parse_allowed
from llmready.domain.clock import now
from llmready.domain.fingerprints import Fingerprints
from llmready.domain.generation import Generation
from llmready.domain.mail import Message, OutboxMail
from llmready.domain.plans import Lane
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.observability import logger, trace_aws_calls
from llmready.ports.limits import Captcha
from llmready.ports.mail import Mailer
from llmready.ports.telemetry import Metrics
from llmready.ports.webhooks import WebhookSender
from llmready.services import Services
from llmready.settings import Settings, settings

if TYPE_CHECKING:
    from llmready.http.open_families import OpenFamilies

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=25,
    retries={"mode": "standard", "total_max_attempts": 3},
    signature_version="v4",
)
# Presigned URLs need the regional endpoint: the global one redirects for new buckets outside us-east-1, which breaks
# the signature, and does not know regions that were opened after 2019. boto3 takes the regional one only with
# virtual-host addressing. An emulator's address is an IP address, under which boto3 addresses by path in any case.
_S3_CONFIG = _CONFIG.merge(
    Config(
        signature_version="s3v4",
        s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
    )
)
# boto3's default session, which creates the clients, is not safe under threads.
_creating = Lock()

trace_aws_calls()


@cache
def client(service: str) -> Any:
    """Return the client of an AWS service that this process uses."""
    config = _S3_CONFIG if service == "s3" else _CONFIG
    with _creating:
        return boto3.client(service, config=config)  # type: ignore[call-overload]


@cache
def services() -> Services:
    """Return the services of this process. AWS clients and providers are created when they are first used."""
    chosen = settings()
    table = Table(_lazy_client("dynamodb"), chosen.table)
    sqs, lambdas = _lazy_client("sqs"), _lazy_client("lambda")
    jobs = SqsJobQueue(sqs, queue_urls(chosen))
    mail_tokens, webhooks = DynamoMailTokens(table), DynamoWebhooks(table)
    metrics = EmbeddedMetrics(dollars_per_hour=chosen.task_dollars_per_hour)

    def render(mail: OutboxMail, user: User, generation: Generation | None) -> Message:
        # Only the notifier has the template library.
        from llmready.adapters.mail.links import Links  # noqa: PLC0415
        from llmready.adapters.mail.rendering import MailRenderer  # noqa: PLC0415

        links = Links(chosen.public_url, chosen.web_app)
        return MailRenderer(links, keys(), mail_tokens, webhooks, now())(mail, user, generation)

    return Services(
        settings=chosen,
        clock=now,
        log=logger,
        metrics=metrics,
        signing_keys=keys,
        fingerprints=Fingerprints(lambda: keys().fingerprint_key),
        users=DynamoUsers(table),
        sessions=DynamoSessions(table),
        api_keys=DynamoApiKeys(table),
        mail_tokens=mail_tokens,
        exports=DynamoExports(table),
        websites=DynamoWebsites(table),
        schedules=DynamoSchedules(table),
        purges=DynamoPurges(table),
        purge_trigger=LambdaPurgeTrigger(lambdas, chosen.cleanup_function),
        generations=DynamoGenerations(table),
        text_requests=DynamoTextRequests(table),
        archives=S3Archives(_lazy_client("s3"), chosen.bucket),
        controls=DynamoControls(table),
        quotas=DynamoQuotas(table),
        limiter=DynamoLimiter(table),
        lockout=DynamoLockout(table),
        account_mail_limit=DynamoAccountMailLimit(table),
        host_leases=DynamoHostLeases(table),
        captcha=_captcha(chosen, metrics),
        outbox=DynamoOutbox(table),
        mail_queue=SqsMailQueue(sqs, chosen.mail_queue_url),
        mailer=_mailer(chosen),
        render=render,
        suppressions=DynamoSuppressions(table),
        webhooks=webhooks,
        deliveries=DynamoDeliveries(table),
        webhook_queue=SqsWebhookQueue(sqs, chosen.webhook_queue_url),
        webhook_sender=lazy(lambda: _webhook_sender(chosen)),
        show_generation=_show_generation,
        show_website=_show_website,
        jobs=jobs,
        job_consumer=jobs,
        tasks=EcsTasks(_lazy_client("ecs"), _task_place(chosen), DynamoTaskStarts(table)),
        start_failures=DynamoStartFailures(table),
        mutex=DynamoMutex(table),
        dispatcher_trigger=LambdaDispatcherTrigger(lambdas, chosen.dispatcher_function),
    )


@cache
def open_families() -> "OpenFamilies":
    """Return the object that checks whether the session of an access token was revoked."""
    # The worker, which imports this module as well, has no JWT library.
    from llmready.http.open_families import OpenFamilies  # noqa: PLC0415

    return OpenFamilies(services().sessions)


def connect(*names: str) -> None:
    """Create AWS clients now, which also reads their credentials, instead of at their first use."""
    for name in names:
        client(name)


@cache
def keys() -> StoredSigningKeys:
    """Return the signing keys, which are read again once a minute."""
    return StoredSigningKeys(settings().signing_secret)


@cache
def origin_secret() -> StoredOriginSecret:
    """Return the values of the distribution's secret header, which are read again once a minute."""
    return StoredOriginSecret(settings().origin_secret)


def queue_urls(chosen: Settings) -> dict[Lane, str]:
    """Return the URL of the queue of each lane."""
    return {
        Lane.STANDARD: chosen.standard_queue_url,
        Lane.PRIORITY: chosen.priority_queue_url,
        Lane.STANDARD_BROWSER: chosen.standard_browser_queue_url,
        Lane.PRIORITY_BROWSER: chosen.priority_browser_queue_url,
    }


def _lazy_client(service: str) -> Any:
    return lazy(lambda: client(service))


def _captcha(chosen: Settings, metrics: Metrics) -> Captcha:
    """Return the captcha check of the stage's provider; without a provider, every request is accepted."""
    if not chosen.captcha_url:
        return NoCaptcha()
    return SiteVerifyCaptcha(chosen.captcha_url, lambda: provider_secret(chosen.captcha_secret), metrics)


def _mailer(chosen: Settings) -> Mailer:
    """Return the email provider that the stage chose. Its library is imported when the first email is sent."""
    match chosen.mail_provider:
        case "ses":
            return lazy(lambda: _ses(chosen))
        case "sendgrid":
            return lazy(lambda: _sendgrid(chosen))
        case "none":
            return SilentMailer()


def _ses(chosen: Settings) -> Mailer:
    from llmready.adapters.mail.ses import SesMailer  # noqa: PLC0415 - see _mailer

    # The outbox retries: a retry of the client could send an email twice.
    once = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
    with _creating:
        sesv2 = boto3.client("sesv2", config=once)
    return SesMailer(sesv2, chosen.mail_sender, chosen.mail_configuration_set or None)


def _sendgrid(chosen: Settings) -> Mailer:
    from llmready.adapters.mail.sendgrid import SendgridMailer  # noqa: PLC0415 - see _mailer

    return SendgridMailer(provider_secret(chosen.sendgrid_secret), chosen.mail_sender)


def _webhook_sender(chosen: Settings) -> WebhookSender:
    from llmready.adapters.webhook_sender import PinnedWebhookSender  # noqa: PLC0415 - only the notifier sends

    # The setting has no effect on a stage in AWS.
    allowed = parse_allowed(chosen.crawl_allow) if chosen.stage == "local" else []
    return PinnedWebhookSender(allowed)


def _show_generation(generation: Generation) -> dict[str, object]:
    # Imported here because only processes that end generations need the response schemas.
    from llmready.http.schemas.generations import shown_generation  # noqa: PLC0415

    return shown_generation(generation)


def _show_website(website: Website) -> dict[str, object]:
    from llmready.http.schemas.websites import shown_website  # noqa: PLC0415 - see _show_generation

    return shown_website(website)


def _task_place(chosen: Settings) -> TaskPlace:
    return TaskPlace(
        cluster=chosen.cluster,
        task_definition=chosen.task_definition,
        browser_task_definition=chosen.browser_task_definition,
        container=chosen.task_container,
        subnets=chosen.task_subnets.split(","),
        security_group=chosen.task_security_group,
    )
