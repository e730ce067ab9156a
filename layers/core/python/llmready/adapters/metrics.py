"""Metrics in CloudWatch's embedded metric format: each event is one log line."""

import threading
from collections.abc import Mapping

from aws_lambda_powertools.metrics import MetricUnit

from llmready.domain.archive import ScanResult
from llmready.domain.generation import Generation, Status
from llmready.observability import metrics

_MICRO = 1_000_000
_ENDS = {
    Status.COMPLETED: "GenerationsCompleted",
    Status.FAILED: "GenerationsFailed",
    Status.CANCELLED: "GenerationsCancelled",
}
_emitting = threading.Lock()  # a worker may end several generations at once, each in its own thread


class EmbeddedMetrics:
    """Implements :class:`llmready.ports.telemetry.Metrics`.

    Args:
        dollars_per_hour: Price of a worker task, for the cost of a generation; 0 records no cost.
    """

    def __init__(self, *, dollars_per_hour: float = 0.0) -> None:
        self._dollars_per_hour = dollars_per_hour

    def count(self, name: str) -> None:
        """Add 1 to a counter."""
        _emit({name: (1, MetricUnit.Count)})

    def accepted(self) -> None:
        """Record that a start was stored."""
        self.count("GenerationsAccepted")

    def claimed(self, generation: Generation) -> None:
        """Record that a worker claimed a generation."""
        if generation.started_at is not None and generation.fence == 1:
            waited = (generation.started_at - generation.created_at).total_seconds()
            _emit({"QueueWaitSeconds": (max(0.0, waited), MetricUnit.Seconds)})

    def ended(self, generation: Generation) -> None:
        """Record the end of a generation."""
        seconds = generation.duration_seconds or 0.0
        figures: dict[str, tuple[float, MetricUnit]] = {
            _ENDS[generation.status]: (1, MetricUnit.Count),
            "PagesCrawled": (generation.pages_crawled, MetricUnit.Count),
            "PagesFailed": (generation.pages_failed, MetricUnit.Count),
            "DurationSeconds": (seconds, MetricUnit.Seconds),
        }
        if self._dollars_per_hour:
            cost = round(seconds / 3600 * self._dollars_per_hour * _MICRO)
            figures["CostMicrodollars"] = (cost, MetricUnit.NoUnit)
        if generation.archive is not None:
            figures["ArchiveBytes"] = (generation.archive.file_size, MetricUnit.Bytes)
        if generation.status is not Status.COMPLETED:
            figures["QuotaRefunded"] = (1, MetricUnit.Count)
        _emit(figures)
        if generation.error_code and generation.status is Status.FAILED:
            _emit({"GenerationsFailed": (1, MetricUnit.Count)}, code=generation.error_code)

    def dispatched(self, *, waiting: int, oldest_seconds: float, not_started: int) -> None:
        """Record one round of the dispatcher."""
        _emit(
            {
                "UnfinishedGenerations": (waiting, MetricUnit.Count),
                "OldestUnfinishedSeconds": (max(0.0, oldest_seconds), MetricUnit.Seconds),
                "TasksNotStarted": (not_started, MetricUnit.Count),
            }
        )

    def scanned(self, result: ScanResult) -> None:
        """Record the result of a malware scan."""
        if result is not ScanResult.CLEAN:
            self.count("ArchivesNotClean")


def _emit(figures: Mapping[str, tuple[float, MetricUnit]], **dimensions: str) -> None:
    with _emitting:
        for name, value in dimensions.items():
            metrics.add_dimension(name, value)
        for name, (figure, unit) in figures.items():
            metrics.add_metric(name, unit=unit, value=figure)
        metrics.flush_metrics()
