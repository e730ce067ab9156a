"""Settings of a local run, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.local.failure import LocalError
from llmready.settings import Settings, variable, variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Settings that are whole numbers, with the lowest and the highest. The last two make tests of recovery fast.
NUMBERS = {
    variable("starts_per_minute"): (1, 1_000_000),
    variable("registrations_per_minute"): (1, 1_000_000),
    variable("logins_per_minute"): (1, 1_000_000),
    variable("crawlers_per_task"): (1, 8),
    variable("lease_seconds"): (3, 900),
    variable("idle_seconds"): (1, 3600),
}
CRAWL_ALLOW = variable("crawl_allow")
ENFORCE_IAM = "LLMREADY_ENFORCE_IAM"
MALWARE_SCAN = variable("malware_scan")

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """Settings of one run of the local system.

    Args:
        port: port on 127.0.0.1 on which the API answers.
        data: folder with the data, which is kept between restarts.
        passed_on: settings that functions and workers read from the environment.
        enforce_iam: whether the emulator evaluates policies for each call, and speaks TLS.
    """

    port: int
    data: Path
    passed_on: dict[str, str]
    enforce_iam: bool = False

    @property
    def url(self) -> str:
        """URL of the web app."""
        return f"http://localhost:{self.port}"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.data / "log"

    @property
    def access_log(self) -> Path:
        """File with a line for each IAM decision about a role."""
        return self.logs / "access.jsonl"

    @property
    def mail(self) -> Path:
        """Folder of the mails."""
        return self.data / "mail"


def read_settings(port: str, data: Path, environment: Mapping[str, str]) -> LocalSettings:
    """Read and check the settings.

    Args:
        port: a number from 1 to 65535.
        data: folder of the data.
        environment: where ``LLMREADY_CRAWL_ALLOW`` (comma-separated host:port pairs) and the settings of
            ``NUMBERS`` are read from.

    Raises:
        LocalError: A setting is wrong; the message describes the first one.
    """
    if not re.fullmatch(r"\d{1,5}", port) or not 1 <= int(port) <= 65535:
        raise LocalError(f"The port is {port!r}; it must be a number from 1 to 65535.")
    passed_on = variables(
        Settings(
            public_url=f"http://localhost:{port}",
            web_app=True,
            # Browsers send cookies to every port of a host.
            session_cookie=f"llmready-{int(port)}",
        )
    )
    if allowed := environment.get(CRAWL_ALLOW, "").strip():
        passed_on[CRAWL_ALLOW] = ",".join(_host_ports(allowed))
    for name, (lowest, highest) in NUMBERS.items():
        text = environment.get(name, "").strip()
        if text and not (re.fullmatch(r"\d{1,7}", text) and lowest <= int(text) <= highest):
            raise LocalError(f"{name} is {text!r}; it must be a whole number from {lowest} to {highest}.")
        if text:
            passed_on[name] = text
    switches = {name: _switch(name, environment) for name in (ENFORCE_IAM, MALWARE_SCAN)}
    if switches[MALWARE_SCAN]:
        passed_on[MALWARE_SCAN] = "true"
    return LocalSettings(
        port=int(port), data=data.resolve(), passed_on=passed_on, enforce_iam=switches[ENFORCE_IAM]
    )


def _switch(name: str, environment: Mapping[str, str]) -> bool:
    text = environment.get(name, "").strip() or "false"
    if text not in {"true", "false"}:
        raise LocalError(f"{name} is {text!r}; it must be true or false.")
    return text == "true"


def _host_ports(allowed: str) -> list[str]:
    pairs = [pair.strip() for pair in allowed.split(",") if pair.strip()]
    for pair in pairs:
        match = _HOST_PORT.fullmatch(pair)
        if not match or not 1 <= int(match[2]) <= 65535:
            raise LocalError(
                f"{CRAWL_ALLOW} contains {pair!r}; each entry must be HOST:PORT, such as 127.0.0.1:8080."
            )
    return pairs
