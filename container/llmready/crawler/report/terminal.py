"""Report a crawl on a terminal: a progress bar while it runs, sentences at its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from llmready.crawler.failures import Failure
    from llmready.crawler.model import CrawlResult, PageFailure


class TerminalReporter:
    """Writes text for people. The progress bar appears only if standard error is a terminal."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def started(self, url: str) -> None:
        """Show the progress bar."""
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
        """Advance the progress bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=crawled, total=total or None, failed=failed)

    def moved(self, url: str) -> None:
        """Write nothing. The manifest names the start page."""

    def waiting(self) -> None:
        """Write nothing, because crawls on a terminal do not take turns."""

    def page_failed(self, failure: PageFailure) -> None:
        """Write nothing; the manifest lists the failure."""

    def completed(self, result: CrawlResult) -> None:
        """Write where the files are and how good llms.txt is."""
        self.close()
        failed = f", {result.pages_failed} failed" if result.pages_failed else ""
        _write_line(f"{result.site_name}: {result.pages_crawled} pages{failed}, in {result.out}")
        _write_line(f"llms.txt scores {result.quality.score} of 100; manifest.json gives the reasons")
        if result.archive:
            _write_line(f"{result.archive} ({result.file_size / 1000:,.0f} kB)")
        for warning in result.coverage.warnings(max_pages="--max-pages", timeout="--timeout"):
            _write_line(warning)

    def failed(self, failure: Failure) -> None:
        """Write the reason why the crawl has no result to standard error."""
        self.close()
        sys.stderr.write(f"{failure.detail} ({failure.code})\n")

    def close(self) -> None:
        """Remove the progress bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _write_line(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
