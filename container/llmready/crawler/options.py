"""Options of one crawl, and the limits of fetching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmready.crawler.urls import Url

MIB = 1024 * 1024

LinkTarget = Literal["page", "markdown"]
"""Where the links of llms.txt lead: to the site's pages, or to the Markdown files of the archive."""
Layout = Literal["zip", "web-root"]
"""Structure of the files: as in the archive, or at the paths at which the site would serve them."""


@dataclass(frozen=True, slots=True)
class CacheFiles:
    """Files of the HTTP cache (see `fetch.http_cache`). Each may be None.

    Attributes:
        previous: Responses that the last crawl of this site stored; read, and revalidated before use.
        shared: Responses that other crawls stored; read, and used while they are fresh.
        keep: Written for the next crawl of this site.
        share: Written for other crawls. Contains only publicly cacheable responses.
    """

    previous: Path | None = None
    shared: Path | None = None
    keep: Path | None = None
    share: Path | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """One crawl.

    Attributes:
        start: URL of the page to start with.
        out: Folder to write.
        include: Patterns of pages that are wanted; empty for all.
        exclude: Patterns of pages that are not wanted.
        languages: BCP 47 tags of the languages that have sections, the main one first; empty for all.
        max_pages: Greatest number of pages in the result.
        timeout: Seconds for fetching.
        try_http: Whether http is used if https does not work.
        use_playwright: Whether pages that need JavaScript are rendered in a browser.
        memory: Bytes of memory that the crawler with its browser may use.
        zip: Whether the folder is also written as OUT.zip.
        files: Files of the HTTP cache.
        link_target: Targets of the links in llms.txt.
        layout: Whether `out` becomes the archive's folder, or also contains other files.
        checkpoint: File to write checkpoints to, or None.
        resume: Checkpoint of an interrupted crawl to continue, or None.
        found: File for the paths of all page URLs that are known at the end, one per line, or None.
    """

    start: Url
    out: Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    languages: Sequence[str] = ()
    max_pages: int = 100
    timeout: float = 300
    try_http: bool = False
    use_playwright: bool = False
    memory: int = 1536 * MIB
    zip: bool = False
    files: CacheFiles = CacheFiles()
    link_target: LinkTarget = "page"
    layout: Layout = "zip"
    checkpoint: Path | None = None
    resume: Path | None = None
    found: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one crawl.

    Attributes:
        headers_seconds: Seconds within which the headers of a response must arrive.
        page_seconds: Seconds for a whole page.
        page_bytes: Decoded bytes of one page.
        crawl_bytes: Decoded bytes of the whole crawl.
        connections: Connections to one host at once.
    """

    headers_seconds: float = 10
    page_seconds: float = 30
    page_bytes: int = 10_000_000
    crawl_bytes: int = 200_000_000
    connections: int = 4
