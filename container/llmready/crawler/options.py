"""What a crawl is asked to do, and what its surroundings allow."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from llmready.crawler.fetch.address_guard import parse_allowed
from llmready.crawler.urls import Url
from llmready.version import __version__

LinkTarget = Literal["page", "markdown"]


@dataclass(frozen=True, slots=True)
class AnswerFiles:
    """Answers of earlier crawls (see `crawler.fetch.http_cache`), any of them None.

    `previous` and `shared` are read, `keep` and `share` are written for the next crawl of the site and for others.
    """

    previous: Path | None = None
    shared: Path | None = None
    keep: Path | None = None
    share: Path | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """One crawl.

    `start`, the page to begin with; `out`, the folder to make; `include` and `exclude`, patterns;
    `max_pages` of the result; `timeout`, seconds for fetching; `use_playwright`, render pages in a
    browser; `zip`, also write the folder as OUT.zip; `files` of earlier answers; `link_target`, where the links
    of llms.txt lead: to the site's pages or to the archive's Markdown at the root of the site; `checkpoint`, where
    to write down how far it is; `resume`, the checkpoint of a crawl that was interrupted.
    """

    start: Url
    out: Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    max_pages: int = 100
    timeout: float = 300
    use_playwright: bool = False
    zip: bool = False
    files: AnswerFiles = AnswerFiles()
    link_target: LinkTarget = "page"
    checkpoint: Path | None = None
    resume: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one crawl.

    Seconds to the headers and for a whole page, decoded bytes of a page and in all, connections to one host.
    """

    headers_seconds: float = 10
    page_seconds: float = 30
    page_bytes: int = 10_000_000
    crawl_bytes: int = 200_000_000
    connections: int = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the operator set.

    `allowed`, host:port pairs that may be crawled although private; `blocked`, hosts that are not crawled;
    `contact_url`, named in the user agent; `archive_bytes`, the greatest size of an archive; `limits` of fetching;
    `lifted`, other limits for sites that are `allowed`, which are the operator's own.
    """

    allowed: Sequence[tuple[str, int]] = ()
    blocked: Sequence[str] = ()
    contact_url: str = "https://llmready.example/bot"
    archive_bytes: int = 100_000_000
    limits: Limits = Limits()
    lifted: Limits | None = None

    def limits_of(self, start: Url) -> Limits:
        """Return the bounds of a crawl that begins there."""
        own = (start.host, start.port) in self.allowed
        return self.lifted if self.lifted is not None and own else self.limits

    @property
    def user_agent(self) -> str:
        """The User-Agent header: who we are and where to complain."""
        return f"LLMReadyBot/{__version__} (+{self.contact_url})"


def read_surroundings(environment: Mapping[str, str] = os.environ) -> Surroundings:
    """Read the LLMREADY_* variables. Raises: ValueError, with a plain sentence."""
    contact = environment.get("LLMREADY_CONTACT_URL", "").strip() or Surroundings().contact_url
    if (
        not contact.startswith(("https://", "http://", "mailto:"))
        or not contact.isprintable()
        or " " in contact
    ):
        raise ValueError(f"LLMREADY_CONTACT_URL wants a web address, not “{contact[:100]}”.")
    archive = _number(environment, "LLMREADY_ARCHIVE_MB", 100, "megabytes")
    limits = Limits()
    lifted = replace(
        limits,
        connections=_number(environment, "LLMREADY_CRAWL_CONNECTIONS", limits.connections, "connections"),
        crawl_bytes=1_000_000
        * _number(environment, "LLMREADY_CRAWL_MB", limits.crawl_bytes // 1_000_000, "megabytes"),
    )
    return Surroundings(
        allowed=parse_allowed(environment.get("LLMREADY_CRAWL_ALLOW", "")),
        contact_url=contact,
        archive_bytes=archive * 1_000_000,
        lifted=lifted,
    )


def _number(environment: Mapping[str, str], name: str, default: int, unit: str) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise ValueError(f"{name} wants a whole number of {unit}, not “{text[:100]}”.")
    return int(text)


def read_blocked(path: Path | None) -> list[str]:
    """Read a file of hosts that are not crawled, one a line. Raises: ValueError, with a plain sentence."""
    try:
        return path.read_text().lower().split() if path is not None else []
    except (OSError, ValueError):
        raise ValueError(f"The file of blocked hosts, {path}, cannot be read.") from None
