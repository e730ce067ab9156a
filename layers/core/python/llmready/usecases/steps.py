"""Run steps that must not prevent each other."""

from collections.abc import Callable
from typing import TypeVar

from llmready.ports.telemetry import Log

T = TypeVar("T")


class Steps:
    """Runs steps one after the other. An error of a step is logged and raised after all steps were run.

    Args:
        log: The log of the process.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._first: Exception | None = None

    def run(self, name: str, step: Callable[[], T], *, otherwise: T) -> T:
        """Run a step.

        Args:
            name: What the step does, for the log.
            step: The step.
            otherwise: The result if the step fails.

        Returns:
            The result of the step.
        """
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - it is raised after the other steps
            self._log.exception(
                "a step failed; the other steps are run, and the next run repeats it", step=name
            )
            self._first = self._first or error
            return otherwise

    def raise_error(self) -> None:
        """Raise the first error of the steps, if there was one."""
        if self._first is not None:
            raise self._first
