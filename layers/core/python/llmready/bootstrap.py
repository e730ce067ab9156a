"""Builds each adapter once a process, when it is first used, so that a function pays only for what it needs."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from llmready.adapters.captcha import NoCaptcha, SiteVerifyCaptcha
from llmready.adapters.dynamodb.api_keys import DynamoApiKeys
from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.adapters.dynamodb.exports import DynamoExports
from llmready.adapters.dynamodb.generations import DynamoGenerations
from llmready.adapters.dynamodb.limits import DynamoLimiter, DynamoLockout, DynamoMutex
from llmready.adapters.dynamodb.mail_tokens import DynamoMailTokens
from llmready.adapters.dynamodb.outbox import DynamoOutbox
from llmready.adapters.dynamodb.purges import DynamoPurges
from llmready.adapters.dynamodb.quotas import DynamoQuotas
from llmready.adapters.dynamodb.sessions import DynamoSessions
from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
from llmready.adapters.dynamodb.table import Table
from llmready.adapters.dynamodb.users import DynamoUsers
from llmready.adapters.dynamodb.websites import DynamoWebsites
from llmready.adapters.ecs import EcsTasks, TaskPlace
from llmready.adapters.lambdas import LambdaDispatcherTrigger, LambdaPurgeTrigger
from llmready.adapters.mail.silent import SilentMailer
from llmready.adapters.s3 import S3Archives
from llmready.adapters.secrets import SigningKeys, provider_secret, signing_keys
from llmready.adapters.sqs import SqsJobQueue, SqsMailQueue
from llmready.domain.plans import Lane
from llmready.http.open_families import OpenFamilies
from llmready.observability import trace_aws_calls
from llmready.ports.files import Archives
from llmready.ports.limits import Captcha
from llmready.ports.mail import Mailer, MailQueue
from llmready.ports.tasks import DispatcherTrigger, Tasks
from llmready.ports.websites import PurgeTrigger
from llmready.settings import settings

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=25,
    retries={"mode": "standard", "total_max_attempts": 3},
    signature_version="v4",
)
# Presigned URLs need the regional endpoint, or new buckets outside us-east-1 redirect and the signature breaks.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"}))

trace_aws_calls()


@cache
def client(service: str) -> Any:
    """Return this process's client of an AWS service."""
    return boto3.client(service, config=_S3_CONFIG if service == "s3" else _CONFIG)  # type: ignore[call-overload]


@cache
def table() -> Table:
    """Return the table."""
    return Table(client("dynamodb"), settings().table)


@cache
def users() -> DynamoUsers:
    """Return the accounts."""
    return DynamoUsers(table())


@cache
def sessions() -> DynamoSessions:
    """Return the refresh token families."""
    return DynamoSessions(table())


@cache
def open_families() -> OpenFamilies:
    """Return the check that an access token's sign-in was not revoked."""
    return OpenFamilies(sessions())


@cache
def api_keys() -> DynamoApiKeys:
    """Return the API keys."""
    return DynamoApiKeys(table())


@cache
def mail_tokens() -> DynamoMailTokens:
    """Return the one-use tokens of mails."""
    return DynamoMailTokens(table())


@cache
def exports() -> DynamoExports:
    """Return what is held about a user."""
    return DynamoExports(table())


@cache
def websites() -> DynamoWebsites:
    """Return the websites."""
    return DynamoWebsites(table())


@cache
def purges() -> DynamoPurges:
    """Return what deleted websites left behind."""
    return DynamoPurges(table())


@cache
def generations() -> DynamoGenerations:
    """Return the generations."""
    return DynamoGenerations(table())


@cache
def controls() -> DynamoControls:
    """Return what operators set while the service runs."""
    return DynamoControls(table())


@cache
def quotas() -> DynamoQuotas:
    """Return the monthly ledgers."""
    return DynamoQuotas(table())


@cache
def outbox() -> DynamoOutbox:
    """Return the mails on their way."""
    return DynamoOutbox(table())


@cache
def suppressions() -> DynamoSuppressions:
    """Return the addresses that get no more mail."""
    return DynamoSuppressions(table())


@cache
def limiter() -> DynamoLimiter:
    """Return the rate limits."""
    return DynamoLimiter(table())


@cache
def lockout() -> DynamoLockout:
    """Return the failed logins."""
    return DynamoLockout(table())


def captcha() -> Captcha:
    """Return the check that a person is asking; off unless the stage names a provider."""
    if settings().captcha_url:
        return SiteVerifyCaptcha(settings().captcha_url, provider_secret(settings().captcha_secret))
    return NoCaptcha()


@cache
def mutex() -> DynamoMutex:
    """Return the leases that one process holds."""
    return DynamoMutex(table())


@cache
def job_queue() -> SqsJobQueue:
    """Return the queues of generations."""
    return SqsJobQueue(
        client("sqs"),
        {
            Lane.STANDARD: settings().standard_queue_url,
            Lane.PRIORITY: settings().priority_queue_url,
            Lane.STANDARD_BROWSER: settings().standard_browser_queue_url,
            Lane.PRIORITY_BROWSER: settings().priority_browser_queue_url,
        },
    )


@cache
def mail_queue() -> MailQueue:
    """Return the queue of mails."""
    return SqsMailQueue(client("sqs"), settings().mail_queue_url)


@cache
def dispatcher_trigger() -> DispatcherTrigger:
    """Return the dispatcher's bell."""
    return LambdaDispatcherTrigger(client("lambda"), settings().dispatcher_function)


@cache
def purge_trigger() -> PurgeTrigger:
    """Return the bell of the cleanup, which goes on with large purges."""
    return LambdaPurgeTrigger(client("lambda"), settings().cleanup_function)


@cache
def archives() -> Archives:
    """Return the bucket of archives."""
    return S3Archives(client("s3"), settings().bucket)


@cache
def tasks() -> Tasks:
    """Return the worker tasks."""
    place = TaskPlace(
        cluster=settings().cluster,
        task_definition=settings().task_definition,
        browser_task_definition=settings().browser_task_definition,
        container=settings().task_container,
        subnets=settings().task_subnets.split(","),
        security_group=settings().task_security_group,
    )
    return EcsTasks(client("ecs"), place)


@cache
def mailer() -> Mailer:
    """Return the provider of mail that the stage chose; what a provider alone needs is imported only then."""
    match settings().mail_provider:
        case "ses":
            from llmready.adapters.mail.ses import SesMailer  # noqa: PLC0415

            # The outbox is what tries again: a retry of the client's own could send a mail twice.
            once = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
            return SesMailer(
                boto3.client("sesv2", config=once),
                settings().mail_sender,
                settings().mail_configuration_set or None,
            )
        case "sendgrid":
            from llmready.adapters.mail.sendgrid import SendgridMailer  # noqa: PLC0415

            return SendgridMailer(provider_secret(settings().sendgrid_secret), settings().mail_sender)
        case "none":
            return SilentMailer()


def keys() -> SigningKeys:
    """Return the signing keys; the cache that forgets them in time is in the adapter."""
    return signing_keys(settings().signing_secret)
