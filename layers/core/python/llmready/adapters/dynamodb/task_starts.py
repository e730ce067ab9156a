"""Records of the tasks that the dispatcher starts, in addition to ECS's own list."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table
from llmready.domain.task_stops import StartFailures, TaskStop
from llmready.ports.tasks import TaskKind

# ListTasks is eventually consistent; after this many seconds it shows every task.
LISTED_WITHIN = 120
_KEPT = 3600  # seconds after the last write until DynamoDB removes a record


class TaskStart(NamedTuple):
    """One call of RunTask.

    Attributes:
        kind: Kind of the tasks.
        at: Time of the call, in seconds since 1970.
        wanted: Number of tasks that were requested.
        arns: ARNs of the tasks that ECS started; None while its answer is not known.
    """

    kind: TaskKind
    at: int
    wanted: int
    arns: tuple[str, ...] | None


class DynamoTaskStarts:
    """The recent calls of RunTask, in one item.

    Only the dispatcher that has the mutex writes it.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def recent(self, time: datetime) -> list[TaskStart]:
        """Return the starts that ListTasks may not show yet."""
        return list(_recent(self._table.get(keys.TASK_STARTS), time).values())

    def begin(self, token: str, kind: TaskKind, wanted: int, time: datetime) -> None:
        """Record a call before it is made. Its tasks are then counted even if this process crashes."""
        self._store(token, TaskStart(kind, int(time.timestamp()), wanted, None), time)

    def end(self, token: str, kind: TaskKind, arns: tuple[str, ...], time: datetime) -> None:
        """Record what a call started."""
        self._store(token, TaskStart(kind, int(time.timestamp()), len(arns), arns), time)

    def _store(self, token: str, start: TaskStart, time: datetime) -> None:
        starts = _recent(self._table.get(keys.TASK_STARTS), time)
        starts[token] = start
        item = {
            "pk": keys.TASK_STARTS.pk,
            "sk": keys.TASK_STARTS.sk,
            "ttl": int(time.timestamp()) + _KEPT,
            "starts": {
                name: {
                    "kind": each.kind.value,
                    "at": each.at,
                    "wanted": each.wanted,
                    **({} if each.arns is None else {"arns": list(each.arns)}),
                }
                for name, each in starts.items()
            },
        }
        self._table.write(self._table.put(item))


def _recent(item: Item | None, time: datetime) -> dict[str, TaskStart]:
    oldest = int(time.timestamp()) - LISTED_WITHIN
    stored: Mapping[str, Item] = (item or {}).get("starts", {})
    return {
        token: TaskStart(
            TaskKind(each["kind"]),
            int(each["at"]),
            int(each["wanted"]),
            tuple(each["arns"]) if "arns" in each else None,
        )
        for token, each in stored.items()
        if each["at"] >= oldest
    }


class DynamoStartFailures:
    """Implements :class:`llmready.ports.tasks.StartFailureStore` with one item per kind of task."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, kind: TaskKind) -> StartFailures:
        """Return the failures in a row of a kind of task."""
        return StartFailures.model_validate(self._table.get(keys.start_failures(kind)) or {})

    def record(self, stop: TaskStop, time: datetime) -> None:
        """Update the failures in a row; see the port.

        Two tasks that end at the same moment may count as one. The pause between starts makes this harmless.
        """
        key = keys.start_failures(stop.kind)
        before = self.get(TaskKind(stop.kind))
        after = before.after(stop, time)
        if after == before:
            return
        if not after.count:
            self._table.write(self._table.delete(key))
            return
        item = {"pk": key.pk, "sk": key.sk, "ttl": int(time.timestamp()) + 24 * _KEPT}
        self._table.write(self._table.put({**item, **after.model_dump(mode="json")}))
