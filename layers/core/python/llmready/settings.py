"""The settings of a process, read from its environment once, when they are first needed.

The CDK code writes the environment of functions and workers with :func:`variables`. Both sides therefore use the same
names. A function gets only the settings that it uses. ``infra/stage.py`` defines the settings that an operator can
choose.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_PREFIX = "LLMREADY_"


class Settings(BaseModel):
    """The settings of a deployment. Times are in seconds, sizes in megabytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str = "local"
    table: str = ""
    bucket: str = ""
    standard_queue_url: str = ""
    priority_queue_url: str = ""
    standard_browser_queue_url: str = ""
    priority_browser_queue_url: str = ""
    mail_queue_url: str = ""
    webhook_queue_url: str = ""
    signing_secret: str = ""
    origin_secret: str = ""
    dispatcher_function: str = ""
    cleanup_function: str = ""
    cluster: str = ""
    task_definition: str = ""
    browser_task_definition: str = ""
    task_container: str = "worker"
    task_subnets: str = ""
    task_security_group: str = ""
    max_tasks: int = Field(default=10, ge=1)
    warm_tasks: int = Field(default=0, ge=0)
    crawlers_per_task: int = Field(default=2, ge=1, le=8)
    generation_timeout: int = Field(default=3600, ge=30)
    generation_retries: int = Field(default=2, ge=0)
    require_verified_email: bool = False
    starts_per_minute: int = Field(default=10, ge=1)
    registrations_per_minute: int = Field(default=30, ge=1)
    logins_per_minute: int = Field(default=60, ge=1)
    mail_provider: Literal["ses", "sendgrid", "none"] = "ses"
    mail_sender: str = "LLMReady <no-reply@llmready.example>"
    mail_configuration_set: str = ""
    mail_identity: str = ""
    sendgrid_secret: str = ""
    captcha_url: str = ""
    captcha_secret: str = ""
    public_url: str = "http://localhost:8000"
    web_app: bool = False
    session_cookie: str = "__Host-llmready"
    browser: bool = False
    lease_seconds: int = Field(default=90, ge=3)
    idle_seconds: int = Field(default=60, ge=1)
    archive_mb: int = Field(default=100, ge=1)
    task_memory: int = Field(default=0, ge=0)
    task_dollars_per_hour: float = Field(default=0.0, ge=0)
    malware_scan: bool = False
    shared_cache: bool = False
    crawl_allow: str = ""

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def lease(self) -> timedelta:
        """Duration of a worker's lease on a generation without a heartbeat."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def attempt_timeout(self) -> timedelta:
        """The longest time that one attempt may run."""
        return timedelta(seconds=self.generation_timeout)

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """``host:port`` pairs that may be crawled although they are not public; used only on a local system."""
        if self.stage != "local":
            return frozenset()
        return frozenset(part.strip() for part in self.crawl_allow.split(",") if part.strip())


def variables(given: Settings) -> dict[str, str]:
    """Return the environment variables that :func:`read_settings` reads these settings from.

    Args:
        given: Settings. Only those that were set explicitly when it was created are returned.
    """
    texts = given.model_dump(mode="python", exclude_unset=True)
    return {variable(name): _text(value) for name, value in texts.items()}


def variable(name: str) -> str:
    """Return the environment variable of a setting.

    Raises:
        KeyError: There is no such setting.
    """
    if name not in Settings.model_fields:
        raise KeyError(name)
    return _PREFIX + name.upper()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in an environment.

    Raises:
        pydantic.ValidationError: A value is not acceptable.
    """
    given = {
        name: environment[variable(name)] for name in Settings.model_fields if environment.get(variable(name))
    }
    return Settings.model_validate(given)


@cache
def settings() -> Settings:
    """Return this process's settings."""
    return read_settings(os.environ)
