"""Operator settings for all crawls, read from the environment and a file of blocked hosts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmready.addresses import parse_allowed
from llmready.crawler.options import Limits
from llmready.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmready.crawler.urls import Url


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Settings of the operator.

    Attributes:
        allowed: Pairs of host and port that may be crawled although their addresses are private.
        blocked: Hosts that are never crawled, each with all of its subdomains.
        contact_url: Address for complaints, which is part of the user agent.
        archive_bytes: Largest size of an archive, in bytes.
        limits: Limits of fetching.
        limits_when_allowed: Limits for sites in `allowed`, which are the operator's own; None for the same.
    """

    allowed: Sequence[tuple[str, int]] = ()
    blocked: Sequence[str] = ()
    contact_url: str = "https://llmready.example/bot"
    archive_bytes: int = 100_000_000
    limits: Limits = field(default_factory=Limits)
    limits_when_allowed: Limits | None = None

    def limits_for(self, start: Url) -> Limits:
        """Return the limits of a crawl that starts at this URL."""
        is_allowed = (start.host, start.port) in self.allowed
        if is_allowed and self.limits_when_allowed is not None:
            return self.limits_when_allowed
        return self.limits

    @property
    def user_agent(self) -> str:
        """The User-Agent header: name, version and contact address."""
        return f"LLMReadyBot/{__version__} (+{self.contact_url})"


def read_operator_settings(environment: Mapping[str, str] = os.environ) -> OperatorSettings:
    """Read the settings from the `LLMREADY_*` variables.

    Raises: ValueError, with a sentence that names the variable.
    """
    contact = environment.get("LLMREADY_CONTACT_URL", "").strip() or OperatorSettings().contact_url
    is_address = contact.startswith(("https://", "http://", "mailto:"))
    if not is_address or not contact.isprintable() or " " in contact:
        raise ValueError(
            f"LLMREADY_CONTACT_URL must be a web or mail address, such as https://example.com/bot; "
            f"it is “{contact[:100]}”."
        )
    archive = _positive(environment, "LLMREADY_ARCHIVE_MB", 100, "megabytes")
    limits = Limits()
    megabytes = limits.crawl_bytes // 1_000_000
    limits_when_allowed = replace(
        limits,
        connections=_positive(environment, "LLMREADY_CRAWL_CONNECTIONS", limits.connections, "connections"),
        crawl_bytes=1_000_000 * _positive(environment, "LLMREADY_CRAWL_MB", megabytes, "megabytes"),
    )
    return OperatorSettings(
        allowed=parse_allowed(environment.get("LLMREADY_CRAWL_ALLOW", "")),
        contact_url=contact,
        archive_bytes=archive * 1_000_000,
        limits_when_allowed=limits_when_allowed,
    )


def read_blocked_hosts(path: Path | None) -> list[str]:
    """Read a file of blocked hosts, one a line. No file means that none is blocked.

    Raises: ValueError, with a sentence that names the file.
    """
    try:
        return path.read_text().lower().split() if path is not None else []
    except (OSError, ValueError):
        raise ValueError(
            f"The file of blocked hosts, {path}, cannot be read. Check its path and rights."
        ) from None


def _positive(environment: Mapping[str, str], name: str, default: int, unit: str) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise ValueError(f"{name} must be a whole number of {unit} above 0; it is “{text[:100]}”.")
    return int(text)
