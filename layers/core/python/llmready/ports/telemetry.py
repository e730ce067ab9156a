"""Logs and metrics."""

from typing import Any, Protocol

from llmready.domain.archive import ScanResult
from llmready.domain.generation import Generation


class Log(Protocol):
    """The structured log of a process. A message is a constant text. Values that vary are fields."""

    def info(self, msg: object, **fields: Any) -> None:
        """Log an expected event."""

    def warning(self, msg: object, **fields: Any) -> None:
        """Log a problem that is retried or tolerated."""

    def error(self, msg: object, **fields: Any) -> None:
        """Log a problem that an operator should look at."""

    def exception(self, msg: object, **fields: Any) -> None:
        """Log an error together with the exception that is being handled."""


class Metrics(Protocol):
    """The metrics of the service."""

    def count(self, name: str) -> None:
        """Add 1 to a counter."""

    def accepted(self) -> None:
        """Record that a start was stored."""

    def claimed(self, generation: Generation) -> None:
        """Record that a worker claimed a generation. The first claim also records how long the generation waited."""

    def ended(self, generation: Generation) -> None:
        """Record the end of a generation: completed, failed or cancelled."""

    def dispatched(self, *, waiting: int, oldest_seconds: float, not_started: int) -> None:
        """Record one round of the dispatcher.

        Args:
            waiting: Generations that have not ended.
            oldest_seconds: Age of the oldest of them in seconds.
            not_started: Tasks that are needed and could not be started.
        """

    def scanned(self, result: ScanResult) -> None:
        """Record the result of a malware scan."""
