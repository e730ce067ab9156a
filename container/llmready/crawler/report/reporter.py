"""The interface through which a crawl reports its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from llmready.crawler.failures import Failure
    from llmready.crawler.model import CrawlResult, PageFailure


class Reporter(Protocol):
    """Receives the progress and the end of one crawl."""

    def started(self, url: str) -> None:
        """Report that a crawl of this URL starts."""

    def progress(self, crawled: int, total: int, failed: int) -> None:
        """Report the numbers of pages that were crawled, that are known, and that failed."""

    def moved(self, url: str) -> None:
        """Report that the site redirected to another host, and the URL of its start page there."""

    def waiting(self) -> None:
        """Report that the crawl waits for its turn, and that none of its requests is running."""

    def page_failed(self, failure: PageFailure) -> None:
        """Report a page that will be missing."""

    def completed(self, result: CrawlResult) -> None:
        """Report that all files are written."""

    def failed(self, failure: Failure) -> None:
        """Report why the crawl has no result."""

    def close(self) -> None:
        """Write delayed output. Nothing is reported afterwards."""
