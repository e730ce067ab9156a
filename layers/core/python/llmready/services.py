"""The dependencies of one process: its settings, its clock and one implementation of each port."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from llmready.domain.crowds import Crowds
from llmready.domain.fingerprints import Fingerprints
from llmready.domain.tokens import Keys
from llmready.ports.accounts import ApiKeys, Exports, MailTokens, Sessions, Users
from llmready.ports.controls import ControlsStore
from llmready.ports.files import Archives
from llmready.ports.generations import Generations, TextRequests
from llmready.ports.limits import AccountMailLimit, Captcha, HostLeases, Limiter, Lockout, Quotas
from llmready.ports.mail import Mailer, MailQueue, Outbox, Render, Suppressions
from llmready.ports.schedules import Schedules
from llmready.ports.tasks import DispatcherTrigger, JobConsumer, JobQueue, Mutex, StartFailureStore, Tasks
from llmready.ports.telemetry import Log, Metrics
from llmready.ports.webhooks import (
    Deliveries,
    ShowGeneration,
    ShowWebsite,
    WebhookQueue,
    Webhooks,
    WebhookSender,
)
from llmready.ports.websites import Purges, PurgeTrigger, Websites
from llmready.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """The first argument of every use case.

    :func:`llmready.bootstrap.services` builds it once per process. Tests build their own, or replace a part of it
    with :func:`dataclasses.replace`.

    Attributes:
        settings: The settings of the deployment.
        clock: Returns the current time in UTC.
        signing_keys: Returns the current keys. They are rotated while a process runs.
        fingerprints: Makes the fingerprints of addresses and networks.
        jobs: Sends generations to the workers.
        job_consumer: Receives generations. Only workers use it.
        render: Turns an email of the outbox into the message that is sent.
        show_generation: Turns a generation into what the API shows of it.
        show_website: Turns a website without a schedule into what the API shows of it.
        crowds: Users for whom many webhook deliveries wait. Only the notifier uses it.
    """

    settings: Settings
    clock: Callable[[], datetime]
    log: Log
    metrics: Metrics
    signing_keys: Callable[[], Keys]
    fingerprints: Fingerprints
    users: Users
    sessions: Sessions
    api_keys: ApiKeys
    mail_tokens: MailTokens
    exports: Exports
    websites: Websites
    schedules: Schedules
    purges: Purges
    purge_trigger: PurgeTrigger
    generations: Generations
    text_requests: TextRequests
    archives: Archives
    controls: ControlsStore
    quotas: Quotas
    limiter: Limiter
    lockout: Lockout
    account_mail_limit: AccountMailLimit
    host_leases: HostLeases
    captcha: Captcha
    outbox: Outbox
    mail_queue: MailQueue
    mailer: Mailer
    render: Render
    suppressions: Suppressions
    webhooks: Webhooks
    deliveries: Deliveries
    webhook_queue: WebhookQueue
    webhook_sender: WebhookSender
    show_generation: ShowGeneration
    show_website: ShowWebsite
    jobs: JobQueue
    job_consumer: JobConsumer
    tasks: Tasks
    start_failures: StartFailureStore
    mutex: Mutex
    dispatcher_trigger: DispatcherTrigger
    crowds: Crowds = field(default_factory=Crowds)
