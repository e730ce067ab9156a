"""Read ECS events of stopped tasks as :class:`llmready.domain.task_stops.TaskStop`."""

from typing import Any

from pydantic import TypeAdapter

from llmready.adapters.ecs import kind_of
from llmready.domain.clock import Moment
from llmready.domain.task_stops import TaskStop

_MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)


def task_stop(event: dict[str, Any]) -> TaskStop | None:
    """Return the end of a worker task from an EventBridge event, or None for other events."""
    detail = event.get("detail") or {}
    kind = kind_of(detail.get("startedBy", ""))
    if event.get("source") != "aws.ecs" or detail.get("lastStatus") != "STOPPED" or kind is None:
        return None
    containers = detail.get("containers", [])
    started, ended = detail.get("startedAt"), detail.get("executionStoppedAt") or detail.get("stoppedAt")
    reasons = [detail.get("stoppedReason", ""), *(container.get("reason", "") for container in containers)]
    return TaskStop(
        kind=kind,
        code=detail.get("stopCode", ""),
        reason="; ".join(reason for reason in reasons if reason),
        exit_codes=tuple(container.get("exitCode") for container in containers),
        ran=_MOMENT.validate_python(ended) - _MOMENT.validate_python(started) if started and ended else None,
    )
