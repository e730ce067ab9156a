"""Report a crawl as JSON lines on standard output, for programs."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmready.crawler.failures import Failure
    from llmready.crawler.model import CrawlResult, PageFailure

SECONDS_BETWEEN = 0.2
"""Seconds between two `progress` events. The last event is always sent."""

MOST_FAILURES = 1000
"""Number of `page_failed` events of one crawl; the manifest lists all failures."""


class EventReporter:
    """Writes one JSON object a line; at most five `progress` events a second."""

    def __init__(self) -> None:
        self._last_time = 0.0
        self._held: dict[str, Any] | None = None
        self._sent: tuple[int, int, int] | None = None
        self._failures_left = MOST_FAILURES

    def started(self, url: str) -> None:
        """Send `started`."""
        self._send({"event": "started", "url": url})

    def progress(self, crawled: int, total: int, failed: int) -> None:
        """Send `progress` if something changed. Delay it if the last event is too recent."""
        figures = (crawled, total, failed)
        if figures == self._sent:
            return
        self._sent = figures
        self._held = {
            "event": "progress",
            "pages_crawled": crawled,
            "total_pages": total,
            "pages_failed": failed,
        }
        now = time.monotonic()
        if now - self._last_time >= SECONDS_BETWEEN:
            self._last_time = now
            self._flush()

    def moved(self, url: str) -> None:
        """Send `moved`."""
        self._send({"event": "moved", "url": url})

    def waiting(self) -> None:
        """Send `waiting`."""
        self._send({"event": "waiting"})

    def page_failed(self, failure: PageFailure) -> None:
        """Send `page_failed` for the first thousand failures."""
        if self._failures_left:
            self._failures_left -= 1
            self._send(
                {
                    "event": "page_failed",
                    "url": failure.url,
                    "code": failure.code.value,
                    "detail": failure.detail,
                }
            )

    def completed(self, result: CrawlResult) -> None:
        """Send `completed`."""
        self._flush()
        self._send(
            {
                "event": "completed",
                "out": str(result.out),
                "archive": str(result.archive) if result.archive else None,
                "pages_crawled": result.pages_crawled,
                "pages_failed": result.pages_failed,
                "total_files": result.total_files,
                "file_size": result.file_size,
                "sha256": result.sha256,
                "content_bytes": result.content_bytes,
                "site_name": result.site_name,
                "quality": result.quality.to_json(),
                "pages_found": result.coverage.pages_found,
                "truncated_by": result.coverage.truncated_by,
                "shortened_delay": result.coverage.shortened_delay,
                "partial_sitemaps": result.coverage.partial_sitemaps,
                "over_http": result.coverage.over_http,
                "simplified": result.coverage.simplified,
            }
        )

    def failed(self, failure: Failure) -> None:
        """Send `failed`."""
        self._flush()
        self._send(
            {
                "event": "failed",
                "code": failure.code.value,
                "detail": failure.detail,
                "transient": failure.transient,
            }
        )

    def close(self) -> None:
        """Send a delayed progress event."""
        self._flush()

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._send(held)

    def _send(self, event: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(event, ensure_ascii=True) + "\n")
        sys.stdout.flush()
