"""Archives that several generations of a website refer to.

Each shared archive has one additional item. It counts the additional generations that refer to the archive.
Without the item, only one generation refers to it.
"""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Table, TransactionRefused, Write
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, NotFound
from llmready.domain.generation import Generation, Status

_KEPT = timedelta(days=60)  # the item after its archive expired
# Values of `archive_released`: whether the archive is deleted with this generation, or others still refer to it.
_LAST, _OTHERS = "last", "others"


def share_writes(table: Table, earlier: Generation, later: Generation) -> list[Write]:
    """Return the writes that make a later generation refer to the archive of an earlier one and renew its expiry.

    They are refused if the earlier generation was deleted, expired or renewed since it was read.
    """
    expires_at = later.expires_at
    if later.archive is None or expires_at is None:
        return []
    renew = table.update(
        keys.generation(earlier.user_id, earlier.id),
        change={"expires_at": timestamp(expires_at), "due_at": timestamp(expires_at)},
        condition=_is_unchanged(earlier),
    )
    count = table.update(
        keys.shared_archive(later.user_id, later.archive.key),
        change={"ttl": int((expires_at + _KEPT).timestamp())},
        add={"others": 1},
    )
    return [renew, count]


def release_archive(table: Table, generation: Generation, time: datetime) -> bool:
    """End a generation's reference to its archive; see the port."""
    if generation.archive is None:
        return True
    own = keys.generation(generation.user_id, generation.id)
    shared = keys.shared_archive(generation.user_id, generation.archive.key)
    stored, count = table.get_many([own, shared])
    if stored is None:
        raise NotFound("generation_not_found", "There is no such generation.")
    if released := stored.get("archive_released"):
        return bool(released == _LAST)
    is_last = count is None or not count.get("others")
    ended = min(time, generation.expires_at) if generation.expires_at is not None else time
    release = table.update(
        own,
        # From now on, no later generation can refer to the archive through this one.
        change={"expires_at": timestamp(ended), "archive_released": _LAST if is_last else _OTHERS},
        condition=_is_unchanged(generation),
    )
    writes = [release]
    if not is_last:
        writes.append(table.update(shared, add={"others": -1}, condition=Attr("others").gte(1)))
    try:
        table.transact(writes)
    except TransactionRefused:
        raise Conflict(
            "generation_changed", "The generation was changed meanwhile; please try again."
        ) from None
    return is_last


def _is_unchanged(generation: Generation) -> ConditionBase:
    expires_at = generation.expires_at
    same: ConditionBase = (
        Attr("expires_at").eq(timestamp(expires_at))
        if expires_at is not None
        else Attr("expires_at").not_exists()
    )
    return same & Attr("status").eq(Status.COMPLETED) & Attr("archive_released").not_exists()
