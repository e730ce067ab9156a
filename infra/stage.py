"""The settings of a stage: every choice that an operator makes about a deployment, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

MailProvider = Literal["ses", "sendgrid", "none"]
Captcha = Literal["none", "turnstile", "hcaptcha", "recaptcha"]
Architecture = Literal["arm64", "x86_64"]

# Fargate sells memory in steps that depend on the CPU (CPU units -> MiB).
TASK_SIZES: dict[int, range] = {
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
}
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400)

# Where a provider checks what it gave a browser; all speak the same protocol.
CAPTCHAS: dict[Captcha, str] = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}

_STAGE = re.compile(r"[a-z][a-z0-9]{0,19}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ADDRESS = re.compile(r"[^@\s<>,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_CERTIFICATE_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/\S+")
_WEB_CERTIFICATE_ARN = re.compile(r"arn:aws:acm:us-east-1:\d{12}:certificate/\S+")
_WEB_ACL_ARN = re.compile(r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[\w-]+")
_PUBLIC_URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?")


class StageError(ValueError):
    """A stage or one of its settings is wrong. The message is a sentence for the operator."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The settings of one stage, from ``stages/NAME.toml`` and ``-c setting=value`` (:mod:`infra.stage_files`)."""

    name: str
    region: str = ""
    """AWS region; empty: the region of the credentials that deploy."""
    public_url: str = ""
    """Base URL of links in mails, such as https://api.example.com.

    If it is empty, the address of the web app or the API is used.
    """
    cors_origins: tuple[str, ...] = ()
    require_verified_email: bool = False
    generation_timeout: int = 3600
    """Maximum duration of one attempt, in seconds."""
    generation_retries: int = 2
    max_tasks: int = 10
    warm_tasks: int = 0
    """Number of idle tasks that keep running, so that generations start without delay. Each costs money all the
    time."""
    crawlers_per_task: int = 2
    """Generations that one task runs at the same time; they share its memory equally."""
    starts_per_minute: int = 10
    registrations_per_minute: int = 30
    logins_per_minute: int = 60
    requests_per_second: int = 500
    """Requests per second to the whole API.

    Above it, API Gateway answers 429. Bursts may have twice as many requests.
    """
    sign_in_requests_per_second: int = 250
    """The same for the routes under ``/auth``.

    API Gateway counts all clients together, so this is well above what one client may send. The functions refuse most
    requests of such a client before they hash a password.
    """
    archive_mb: int = 100
    shared_cache: bool = False
    """Whether publicly cacheable responses are shared between all crawls of a host."""
    mail_provider: MailProvider = "ses"
    mail_sender: str = ""
    """Sender address of mails; required for ``ses`` and ``sendgrid``."""
    mail_domain: str = ""
    """A domain that SES has verified instead of the sender's single address."""
    sendgrid_secret: str = ""
    """ARN of the secret with the SendGrid API key; required for ``sendgrid``."""
    captcha: Captcha = "none"
    """Provider of the captcha that is required for signing up and for resetting a password."""
    captcha_secret: str = ""
    """ARN of the secret with the key of the captcha's provider; required for every provider."""
    alarm_address: str = ""
    """Email address that receives the alarms; empty for none."""
    budget_usd: int = 0
    """Monthly budget in US dollars, 0 for none. An alarm is sent at 80 % and when the forecast reaches 100 %."""
    domain: str = ""
    """Host name of the API of a stage without ``web``, such as api.example.com; requires ``certificate``."""
    certificate: str = ""
    """ARN of the ACM certificate of ``domain``, in the same region."""
    web: bool = True
    """Whether CloudFront serves the web app and the API from one origin; otherwise only the API is deployed."""
    web_domain: str = ""
    """Host name of the web app, such as app.example.com; requires ``web_certificate``."""
    web_certificate: str = ""
    """ARN of the ACM certificate of ``web_domain``, which must be in us-east-1."""
    web_acl_arn: str = ""
    """ARN of the web ACL (WAF, in us-east-1) of the distribution."""
    malware_scan: bool = False
    """Whether GuardDuty scans each archive. Downloads are possible after a clean scan."""
    flow_logs: bool = False
    """Whether refused network connections are logged."""
    architecture: Architecture = "arm64"
    pinned_images: bool = False
    """Whether `make deploy` refuses base images without a digest."""
    task_cpu: int = 1024
    """CPU units of a worker task (1024 is one vCPU)."""
    task_memory: int = 2048
    """MiB of a worker task."""
    browser_task_cpu: int = 1024
    """CPU units of a worker task with a browser."""
    browser_task_memory: int = 4096
    """MiB of a worker task with a browser."""
    lease_seconds: int = 90
    idle_seconds: int = 60
    """Seconds until a worker without work stops."""
    log_retention_days: int = 30
    retain_data: bool = True
    """Whether table, bucket and secret are kept when the stack is deleted."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    custom_resources: bool = True
    """Whether a deploy uses functions of the CDK. They empty the bucket of a stage that keeps no data, and
    close the default security group. The emulator cannot run them.
    """
    dependency_layer: bool = True
    """Whether functions get the third-party packages as a layer. The emulator runs the functions with the
    running Python, which has the same pinned packages. Unpacking a layer for each process would take a
    second.
    """
    placeholder_image: str = ""
    """An image name to use instead of building container/Dockerfile, for systems whose tasks run no container."""
    settings_from_host: bool = False
    """Whether public URL and limits come from the environment that starts the system (local stage)."""

    @property
    def stack_name(self) -> str:
        """The name of the stack, which is unique for each stage of an account."""
        return f"LLMReady-{self.name}"

    @property
    def mail_identity(self) -> str:
        """The SES identity that must be verified: the domain, or the single address."""
        return self.mail_domain or self.mail_sender

    def __post_init__(self) -> None:
        """Check every setting.

        Raises:
            StageError: with one sentence that names the setting and says what it may be.
        """
        for setting, lowest, highest in (
            ("generation_timeout", 30, 14_400),
            ("generation_retries", 0, 5),
            ("max_tasks", 1, 500),
            ("warm_tasks", 0, 500),
            ("crawlers_per_task", 1, 8),
            ("starts_per_minute", 1, 100_000),
            ("registrations_per_minute", 1, 100_000),
            ("logins_per_minute", 1, 100_000),
            ("requests_per_second", 2, 10_000),
            ("sign_in_requests_per_second", 1, 10_000),
            ("archive_mb", 1, 1024),
            ("lease_seconds", 10, 900),
            ("idle_seconds", 1, 3600),
            ("budget_usd", 0, 1_000_000),
        ):
            value = getattr(self, setting)
            if not lowest <= value <= highest:
                raise StageError(f"{setting} is {value}; it must be between {lowest} and {highest}.")
        if self.sign_in_requests_per_second >= self.requests_per_second:
            raise StageError(
                f"sign_in_requests_per_second is {self.sign_in_requests_per_second}; it must be below"
                f" requests_per_second, which is {self.requests_per_second}."
            )
        self._check_words()
        self._check_domain()
        self._check_web()
        self._check_task_size()
        self._check_mail()

    def _check_words(self) -> None:
        if not _STAGE.fullmatch(self.name):
            raise StageError(
                f"stage is {self.name!r}; it must have 1 to 20 lower-case letters and digits and begin with a letter."
            )
        for setting, value, choices in (
            ("mail_provider", self.mail_provider, get_args(MailProvider)),
            ("captcha", self.captcha, get_args(Captcha)),
            ("architecture", self.architecture, get_args(Architecture)),
            ("log_level", self.log_level, ("DEBUG", "INFO", "WARNING", "ERROR")),
            ("log_retention_days", self.log_retention_days, LOG_RETENTION_DAYS),
        ):
            if value not in choices:
                raise StageError(f"{setting} is {value!r}; it must be one of {_listed(choices)}.")
        if self.region and not _REGION.fullmatch(self.region):
            raise StageError(f"region is {self.region!r}; it must be an AWS region such as eu-central-1.")
        if self.public_url and not _PUBLIC_URL.fullmatch(self.public_url):
            raise StageError(
                f"public_url is {self.public_url!r}; it must be an https address without a path,"
                " such as https://api.example.com."
            )
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin):
                raise StageError(
                    f"cors_origins contains {origin!r}; each must be an origin such as https://app.example.com."
                )

    def _check_domain(self) -> None:
        if bool(self.domain) != bool(self.certificate):
            raise StageError(
                f"domain is {self.domain!r} and certificate is {self.certificate!r}. Set both or neither. The"
                " certificate is the ARN of the domain's ACM certificate."
            )
        if self.domain and not _HOST.fullmatch(self.domain):
            raise StageError(f"domain is {self.domain!r}; it must be a host such as api.example.com.")
        if self.certificate and not _CERTIFICATE_ARN.fullmatch(self.certificate):
            raise StageError(
                f"certificate is {self.certificate!r}; it must be an ACM certificate's ARN (arn:aws:acm:…)."
            )

    def _check_web(self) -> None:
        if self.web and self.domain:
            raise StageError(
                f"domain is {self.domain!r}, but with web = true the API has the address of the web app. Set"
                " web_domain and web_certificate instead, or set web to false."
            )
        for setting in ("web_domain", "web_certificate", "web_acl_arn"):
            if getattr(self, setting) and not self.web:
                raise StageError(f"{setting} is set, but web is false; set web to true, or remove {setting}.")
        if bool(self.web_domain) != bool(self.web_certificate):
            raise StageError(
                f"web_domain is {self.web_domain!r} and web_certificate is {self.web_certificate!r}. Set both or"
                " neither. The certificate is the ARN of the domain's ACM certificate."
            )
        if self.web_domain and not _HOST.fullmatch(self.web_domain):
            raise StageError(f"web_domain is {self.web_domain!r}; it must be a host such as app.example.com.")
        if self.web_certificate and not _WEB_CERTIFICATE_ARN.fullmatch(self.web_certificate):
            raise StageError(
                f"web_certificate is {self.web_certificate!r}. It must be the ARN of an ACM certificate in us-east-1"
                " (arn:aws:acm:us-east-1:…), because CloudFront accepts no others."
            )
        if self.web_acl_arn and not _WEB_ACL_ARN.fullmatch(self.web_acl_arn):
            raise StageError(
                f"web_acl_arn is {self.web_acl_arn!r}; it must be the ARN of a WAF web ACL for CloudFront"
                " (arn:aws:wafv2:us-east-1:…:global/webacl/…)."
            )

    def _check_mail(self) -> None:
        if self.mail_provider != "none" and not self.mail_sender:
            raise StageError(
                f"mail_provider is {self.mail_provider!r} but mail_sender is empty. Set the sender address "
                f'of mails in stages/{self.name}.toml (mail_sender = "noreply@example.com"), or send '
                'no mails (mail_provider = "none").'
            )
        for setting, address in (("mail_sender", self.mail_sender), ("alarm_address", self.alarm_address)):
            if address and not _ADDRESS.fullmatch(address):
                raise StageError(
                    f"{setting} is {address!r}; it must be a mail address such as noreply@example.com."
                )
        sender_domain = self.mail_sender.rpartition("@")[2]
        if self.mail_domain and sender_domain != self.mail_domain:
            raise StageError(
                f"mail_domain is {self.mail_domain!r} but mail_sender is {self.mail_sender!r};"
                " the sender must be an address of that domain."
            )
        if self.mail_provider == "sendgrid" and not _SECRET_ARN.fullmatch(self.sendgrid_secret):
            raise StageError(
                "mail_provider is 'sendgrid' but sendgrid_secret is not the ARN of a secret. Store the API key in"
                " Secrets Manager and give its ARN (-c sendgrid_secret=arn:aws:secretsmanager:…)."
            )
        if (self.captcha != "none") != bool(_SECRET_ARN.fullmatch(self.captcha_secret)):
            raise StageError(
                f"captcha is {self.captcha!r} and captcha_secret is {self.captcha_secret!r}. A provider needs"
                " the ARN of the secret with its key. With 'none', captcha_secret must be empty."
            )

    def _check_task_size(self) -> None:
        for task, cpu, memory in (
            ("task", self.task_cpu, self.task_memory),
            ("browser_task", self.browser_task_cpu, self.browser_task_memory),
        ):
            sizes = TASK_SIZES.get(cpu)
            if sizes is None:
                raise StageError(f"{task}_cpu is {cpu}; it must be one of {_listed(tuple(TASK_SIZES))}.")
            if memory not in sizes:
                raise StageError(
                    f"{task}_memory is {memory} MiB; with {task}_cpu {cpu} it must be between"
                    f" {sizes[0]} and {sizes[-1]} in steps of {sizes.step}."
                )


def _listed(choices: tuple[object, ...]) -> str:
    return ", ".join(str(choice) for choice in choices)
