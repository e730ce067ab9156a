"""How a crawl tells of itself: JSON lines for programs, a progress bar or plain lines for people."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from llmready.crawler.crawl import Result
    from llmready.crawler.failures import Failure
    from llmready.crawler.pack.archive import PageFailure

SECONDS_BETWEEN = 0.2
MOST_FAILURES = 1000


class Reporter(Protocol):
    """Hears what happens to a crawl."""

    def started(self, url: str) -> None:
        """The crawl begins."""

    def progress(self, crawled: int, total: int, failed: int) -> None:
        """So many pages are done, of so many."""

    def page_failed(self, failure: PageFailure) -> None:
        """A page will be missing."""

    def completed(self, result: Result) -> None:
        """All is there."""

    def failed(self, failure: Failure) -> None:
        """There is no result."""

    def close(self) -> None:
        """Nothing more will come."""


class Events:
    """One JSON object a line on standard output; at most five `progress` a second, the last one always."""

    def __init__(self) -> None:
        self._last_time = 0.0
        self._held: dict[str, Any] | None = None
        self._sent: tuple[int, int, int] | None = None
        self._failures_left = MOST_FAILURES

    def started(self, url: str) -> None:
        """Say that the crawl begins."""
        self._send({"event": "started", "url": url})

    def progress(self, crawled: int, total: int, failed: int) -> None:
        """Say how far it is, unless nothing changed or the last word is too fresh."""
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

    def page_failed(self, failure: PageFailure) -> None:
        """Say that a page will be missing, of the first thousand such pages."""
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

    def completed(self, result: Result) -> None:
        """Say that all is there."""
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
                "quality": result.quality.shown(),
            }
        )

    def failed(self, failure: Failure) -> None:
        """Say why there is no result."""
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
        """Send what was held back."""
        self._flush()

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._send(held)

    def _send(self, event: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(event, ensure_ascii=True) + "\n")
        sys.stdout.flush()


class Lines:
    """A sentence at the end, for people; a progress bar before it on a terminal."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def started(self, url: str) -> None:
        """Show the bar on a terminal."""
        if not sys.stderr.isatty():
            return
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages, {task.fields[failed]} failed"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(url, total=None, failed=0)
        self._bar.start()

    def progress(self, crawled: int, total: int, failed: int) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=crawled, total=total or None, failed=failed)

    def page_failed(self, failure: PageFailure) -> None:
        """Say nothing: the manifest lists it."""

    def completed(self, result: Result) -> None:
        """Say what is there."""
        self.close()
        failed = f", {result.pages_failed} failed" if result.pages_failed else ""
        _say(f"{result.site_name}: {result.pages_crawled} pages{failed}, in {result.out}")
        _say(f"llms.txt scores {result.quality.score} of 100; manifest.json says why")
        if result.archive:
            _say(f"{result.archive} ({result.file_size / 1000:,.0f} kB)")

    def failed(self, failure: Failure) -> None:
        """Say why there is no result."""
        self.close()
        sys.stderr.write(f"{failure.detail} ({failure.code})\n")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
