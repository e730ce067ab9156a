"""Worker tasks that stop before they do any work, and how long to wait before the next one is started."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment

_EARLY = timedelta(seconds=60)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=15)
# These codes mean a deliberate stop: by a person, by a deploy, or by a Spot interruption.
_INTENDED = frozenset({"UserInitiated", "ServiceSchedulerInitiated", "SpotInterruption", "TerminationNotice"})


class TaskStop(BaseModel):
    """The end of a task as ECS reports it.

    Attributes:
        kind: The kind of the task.
        code: ECS's ``stopCode``.
        reason: The reason that ECS gives, with the reasons of the containers.
        exit_codes: The exit code of each container; None for one that never started.
        ran: How long its containers ran; None if they never started.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    code: str
    reason: str
    exit_codes: tuple[int | None, ...] = ()
    ran: timedelta | None = None

    @property
    def failed_at_start(self) -> bool:
        """Whether the task ended before it could work, for example without capacity or without an image."""
        if self.code in _INTENDED:
            return False
        if self.code == "TaskFailedToStart" or self.ran is None:
            return True
        return self.ran < _EARLY and any(code != 0 for code in self.exit_codes)


class StartFailures(BaseModel):
    """How many times in a row tasks of a kind stopped at their start.

    Attributes:
        count: Failures in a row; several failures within one pause count as one.
        at: Time of the last counted failure.
        reason: The reason that ECS gave.
    """

    model_config = ConfigDict(frozen=True)

    count: int = 0
    at: Moment | None = None
    reason: str = ""

    @property
    def retry_at(self) -> datetime | None:
        """When the next task may be started; None if at any time."""
        if self.at is None or not self.count:
            return None
        return self.at + min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(10, self.count - 1)))

    def allowed(self, wanted: int, time: datetime) -> int:
        """Return how many of the required tasks may be started: after a failure, only one."""
        if self.retry_at is None:
            return wanted
        return min(wanted, 1) if self.retry_at <= time else 0

    def after(self, stop: TaskStop, time: datetime) -> "StartFailures":
        """Return the failures after another task has stopped."""
        if not stop.failed_at_start:
            worked = stop.code not in _INTENDED
            return StartFailures() if worked else self
        if self.retry_at is not None and time < self.retry_at:
            return self  # it was started together with the one that was counted
        return StartFailures(count=self.count + 1, at=time, reason=stop.reason)
