"""What the service counts about generations, wherever they begin and end: one line a moment, read by CloudWatch."""

import threading
from collections.abc import Mapping

from aws_lambda_powertools.metrics import MetricUnit

from llmready.domain.generation import Generation, ScanResult, Status
from llmready.observability import metrics
from llmready.settings import settings

_MICRO = 1_000_000
_emitting = threading.Lock()  # a worker ends several generations at once, each in a thread of its own


def accepted() -> None:
    """A start was stored."""
    _emit({"GenerationsAccepted": (1, MetricUnit.Count)})


def started(generation: Generation) -> None:
    """A worker has claimed a generation; only the first claim tells how long it waited."""
    if generation.started_at is not None and generation.fence == 1:
        waited = (generation.started_at - generation.created_at).total_seconds()
        _emit({"QueueWaitSeconds": (max(0.0, waited), MetricUnit.Seconds)})


def ended(generation: Generation) -> None:
    """A generation has ended, with files, without, or because its user wanted it to."""
    price_per_hour = settings().task_dollars_per_hour
    seconds = generation.duration_seconds or 0.0
    figures: dict[str, tuple[float, MetricUnit]] = {
        _ENDS[generation.status]: (1, MetricUnit.Count),
        "PagesCrawled": (generation.pages_crawled, MetricUnit.Count),
        "PagesFailed": (generation.pages_failed, MetricUnit.Count),
        "DurationSeconds": (seconds, MetricUnit.Seconds),
    }
    if price_per_hour:
        figures["CostMicrodollars"] = (round(seconds / 3600 * price_per_hour * _MICRO), MetricUnit.NoUnit)
    if generation.archive is not None:
        figures["ArchiveBytes"] = (generation.archive.file_size, MetricUnit.Bytes)
    if generation.status is not Status.COMPLETED:
        figures["QuotaRefunded"] = (1, MetricUnit.Count)
    _emit(figures)
    if generation.error_code and generation.status is Status.FAILED:
        _emit({"GenerationsFailed": (1, MetricUnit.Count)}, code=generation.error_code)


def dispatched(*, waiting: int, oldest_seconds: float, not_started: int) -> None:
    """The dispatcher has gone round.

    Args:
        waiting: Generations that have not ended.
        oldest_seconds: How long ago the oldest of them was accepted.
        not_started: Tasks that ought to have been started and were not.
    """
    _emit(
        {
            "UnfinishedGenerations": (waiting, MetricUnit.Count),
            "OldestUnfinishedSeconds": (max(0.0, oldest_seconds), MetricUnit.Seconds),
            "TasksNotStarted": (not_started, MetricUnit.Count),
        }
    )


def scanned(result: ScanResult) -> None:
    """The scanner has looked at an archive."""
    if result is not ScanResult.CLEAN:
        _emit({"ArchivesNotClean": (1, MetricUnit.Count)})


_ENDS = {
    Status.COMPLETED: "GenerationsCompleted",
    Status.FAILED: "GenerationsFailed",
    Status.CANCELLED: "GenerationsCancelled",
}


def _emit(figures: Mapping[str, tuple[float, MetricUnit]], **dimensions: str) -> None:
    with _emitting:
        for name, value in dimensions.items():
            metrics.add_dimension(name, value)
        for name, (figure, unit) in figures.items():
            metrics.add_metric(name, unit=unit, value=figure)
        metrics.flush_metrics()
