"""The order for a crawler, and its possible outcomes."""

from pathlib import Path
from typing import NamedTuple

from llmready.domain.generation import Failure, PageError
from llmready.domain.website import CrawlSettings
from llmready.worker.events import Completed

_BLOCKED_HOSTS = "blocked-hosts"
_HTTP_CACHE = "kept.answers"
_SHARED_HTTP_CACHE = "shared.answers"
_FOUND = "found"
_CHECKPOINT = "checkpoint"
_OUT = "out"


class CrawlOrder(NamedTuple):
    """What to crawl.

    Attributes:
        seconds: How long the crawler itself may take.
        blocked_hosts: Hosts that are not crawled, including their subdomains.
        previous: The HTTP cache of the site's last crawl, for conditional requests.
        shared: An HTTP cache that other crawls of the host shared.
        share: Whether to write an HTTP cache that crawls of other users may use.
        resume: The checkpoint of an earlier attempt.
    """

    url: str
    settings: CrawlSettings
    seconds: int
    blocked_hosts: tuple[str, ...] = ()
    previous: Path | None = None
    shared: Path | None = None
    share: bool = False
    resume: Path | None = None


class Crawled(NamedTuple):
    """The crawl completed. The files are not verified yet (see ``results``).

    Attributes:
        archive: The zip.
        http_cache: The HTTP cache for the next crawl of the site.
        shared_http_cache: The HTTP cache for other crawls of the host.
        found: Paths of all page URLs that are known, one a line.
        errors: The pages that are missing.
    """

    archive: Path
    report: Completed
    http_cache: Path
    shared_http_cache: Path
    found: Path
    errors: tuple[PageError, ...] = ()


class CrawlFailed(NamedTuple):
    """The crawl failed; ``transient``: whether a retry may succeed."""

    failure: Failure
    transient: bool
    errors: tuple[PageError, ...] = ()


class CrawlStopped(NamedTuple):
    """The crawl was stopped because the worker has to end."""


Outcome = Crawled | CrawlFailed | CrawlStopped

CRASHED = CrawlFailed(
    Failure(
        code="internal_error",
        message="The crawl stopped because of an internal error of this service. The website is not the cause.",
    ),
    transient=True,
)


def checkpoint_of(folder: Path) -> Path:
    """Return the checkpoint file of the crawler that works in a job's folder."""
    return folder / "crawl" / _CHECKPOINT


def crawled(home: Path, report: Completed, errors: tuple[PageError, ...]) -> Crawled:
    """Return the outcome of a crawler that reports completion.

    Args:
        home: The crawler's working folder.
        report: What it reported.
        errors: The pages that it reported as missing.
    """
    return Crawled(
        archive=home / f"{_OUT}.zip",
        report=report,
        http_cache=home / _HTTP_CACHE,
        shared_http_cache=home / _SHARED_HTTP_CACHE,
        found=home / _FOUND,
        errors=errors,
    )


def arguments_for(order: CrawlOrder, folder: Path, home: Path, *, memory: int) -> list[str]:
    """Return the arguments of the crawler's command.

    Args:
        order: What to crawl.
        folder: Folder of the job, which receives the list of blocked hosts. The crawler can read but not change it.
        home: The crawler's working folder.
        memory: Bytes of memory that all processes of the crawler may use.
    """
    wanted = order.settings
    arguments = [
        order.url,
        f"--out={home / _OUT}",
        f"--keep={home / _HTTP_CACHE}",
        f"--found={home / _FOUND}",
        f"--checkpoint={home / _CHECKPOINT}",
        f"--max-pages={wanted.max_pages}",
        f"--timeout={order.seconds}",
        f"--link-target={wanted.link_target}",
        "--zip",
        "--events",
        "--take-turns",
    ]
    lists = {
        "include": wanted.include_patterns,
        "exclude": wanted.exclude_patterns,
        "languages": wanted.languages,
    }
    arguments += [f"--{name}={','.join(values)}" for name, values in lists.items() if values]
    if order.blocked_hosts:
        blocked = folder / _BLOCKED_HOSTS
        blocked.write_text("\n".join(order.blocked_hosts))
        arguments.append(f"--blocked-hosts={blocked}")
    if order.previous is not None:
        arguments.append(f"--previous={order.previous}")
    if order.shared is not None:
        arguments.append(f"--shared={order.shared}")
    if order.resume is not None:
        arguments.append(f"--resume={order.resume}")
    if order.share:
        arguments.append(f"--share={home / _SHARED_HTTP_CACHE}")
    if wanted.try_http:
        arguments.append("--try-http")
    if wanted.use_playwright:
        arguments += ["--use-playwright", f"--memory={max(1, memory >> 20)}"]
    return arguments
