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
    """A stage or one of its settings is wrong; the message is a sentence for the operator."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The settings of one stage, from ``stages/NAME.toml`` and ``-c setting=value`` (:mod:`infra.stage_files`)."""

    name: str
    region: str = ""
    """AWS region; empty takes the region of the credentials that deploy."""
    public_url: str = ""
    """Base of links in mails, such as https://api.example.com; empty takes the API's own address."""
    cors_origins: tuple[str, ...] = ()
    require_verified_email: bool = False
    generation_timeout: int = 3600
    """Seconds one attempt may run."""
    generation_retries: int = 2
    max_tasks: int = 10
    warm_tasks: int = 0
    """Tasks that are kept though there is nothing to do, for those who would rather pay than wait."""
    crawlers_per_task: int = 2
    """Generations that a task works on at once; they share its memory equally."""
    starts_per_minute: int = 10
    registrations_per_minute: int = 30
    logins_per_minute: int = 60
    requests_per_second: int = 500
    """Requests a second to the whole API, beyond which API Gateway answers 429; a burst may be twice as large."""
    sign_in_requests_per_second: int = 50
    """The same for the routes under ``/auth``, where password hashing uses much CPU time."""
    archive_mb: int = 100
    shared_cache: bool = False
    """Whether answers that any cache may keep are shared between all who crawl a host."""
    mail_provider: MailProvider = "ses"
    mail_sender: str = ""
    """The address that mails come from; needed by ``ses`` and ``sendgrid``."""
    mail_domain: str = ""
    """A domain that SES has verified instead of the sender's single address."""
    sendgrid_secret: str = ""
    """ARN of the secret that holds the SendGrid API key; needed by ``sendgrid``."""
    captcha: Captcha = "none"
    """Whose captcha signing up and asking for a new password demand."""
    captcha_secret: str = ""
    """ARN of the secret that the captcha's provider gave; needed by every provider."""
    alarm_address: str = ""
    """Email address that receives the alarms; empty for none."""
    budget_usd: int = 0
    """US dollars a month; the account's budget alarms at 80 % and when 100 % is forecast. 0 sets none."""
    domain: str = ""
    """Host of the API of a stage without ``web``, such as api.example.com, instead of the one that API Gateway gives;
    needs ``certificate``."""
    certificate: str = ""
    """ARN of the ACM certificate of ``domain``, in the same region."""
    web: bool = True
    """Whether CloudFront serves the web app and the API from one origin; without it, there is the API alone."""
    web_domain: str = ""
    """Host of the web app, such as app.example.com, instead of the one that CloudFront gives; needs
    ``web_certificate``."""
    web_certificate: str = ""
    """ARN of the ACM certificate of ``web_domain``, which has to be in us-east-1."""
    web_acl_arn: str = ""
    """ARN of the web ACL (WAF, in us-east-1) that guards the distribution."""
    malware_scan: bool = False
    """Whether GuardDuty scans each archive, and downloads wait for it."""
    flow_logs: bool = False
    """Whether the network logs what it refused."""
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
    """Seconds after which a worker without work ends."""
    log_retention_days: int = 30
    retain_data: bool = True
    """Whether table, bucket and secret outlive the stack."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    custom_resources: bool = True
    """Whether the CDK's own helper functions may take part in a deploy (empty the bucket of a stage that
    keeps no data, close the default security group); the emulator cannot run them."""
    dependency_layer: bool = True
    """Whether functions get the third-party packages as a layer. The emulator runs them with this very
    Python, which has the same pinned packages; unpacking them for each process would cost a second."""
    placeholder_image: str = ""
    """An image name to use instead of building container/Dockerfile; only where tasks run no container."""
    settings_from_host: bool = False
    """Whether public URL and limits come from the environment that starts the system (local stage)."""

    @property
    def stack_name(self) -> str:
        """The name of its stack; stages live side by side in one account."""
        return f"LLMReady-{self.name}"

    @property
    def mail_identity(self) -> str:
        """What SES has to have verified: the domain, or the single address."""
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
                    f"cors_origins names {origin!r}; each must be an origin such as https://app.example.com."
                )

    def _check_domain(self) -> None:
        if bool(self.domain) != bool(self.certificate):
            raise StageError(
                f"domain is {self.domain!r} and certificate is {self.certificate!r}; a domain needs the ARN of its"
                " ACM certificate, and a certificate its domain."
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
                f"domain is {self.domain!r}, but with web = true the API has the address of the web app; name it by"
                " web_domain and web_certificate, or set web to false."
            )
        for setting in ("web_domain", "web_certificate", "web_acl_arn"):
            if getattr(self, setting) and not self.web:
                raise StageError(f"{setting} is set, but web is false; set web to true, or remove {setting}.")
        if bool(self.web_domain) != bool(self.web_certificate):
            raise StageError(
                f"web_domain is {self.web_domain!r} and web_certificate is {self.web_certificate!r}; a domain needs"
                " the ARN of its ACM certificate, and a certificate its domain."
            )
        if self.web_domain and not _HOST.fullmatch(self.web_domain):
            raise StageError(f"web_domain is {self.web_domain!r}; it must be a host such as app.example.com.")
        if self.web_certificate and not _WEB_CERTIFICATE_ARN.fullmatch(self.web_certificate):
            raise StageError(
                f"web_certificate is {self.web_certificate!r}; it must be the ARN of an ACM certificate in us-east-1,"
                " where CloudFront looks for it (arn:aws:acm:us-east-1:…)."
            )
        if self.web_acl_arn and not _WEB_ACL_ARN.fullmatch(self.web_acl_arn):
            raise StageError(
                f"web_acl_arn is {self.web_acl_arn!r}; it must be the ARN of a WAF web ACL for CloudFront"
                " (arn:aws:wafv2:us-east-1:…:global/webacl/…)."
            )

    def _check_mail(self) -> None:
        if self.mail_provider != "none" and not self.mail_sender:
            raise StageError(
                f"mail_provider is {self.mail_provider!r} but mail_sender is empty; set the sender address "
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
                "mail_provider is 'sendgrid' but sendgrid_secret is not the ARN of a secret; store the API key in"
                " Secrets Manager and give its ARN (-c sendgrid_secret=arn:aws:secretsmanager:…)."
            )
        if (self.captcha != "none") != bool(_SECRET_ARN.fullmatch(self.captcha_secret)):
            raise StageError(
                f"captcha is {self.captcha!r} and captcha_secret is {self.captcha_secret!r}; a provider needs"
                " the ARN of a secret that holds its key, and 'none' needs none."
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
