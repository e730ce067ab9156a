"""The stored form of generations."""

from collections import Counter
from collections.abc import Sequence

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item
from llmready.domain.generation import ActiveGeneration, Generation, Status
from llmready.domain.idempotency import StartRecord

ENDED = " ended"
"""End of the attribute that counts the failed and cancelled generations of a day."""


def generation_item(generation: Generation) -> Item:
    """Return the item of a generation, with the attributes of the indexes."""
    key = keys.generation(generation.user_id, generation.id)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        **generation.model_dump(mode="json", exclude_none=True, by_alias=True),
        "generation_id": generation.id,
        "user_website": index_key(generation.user_id, generation.website_id),
        "user_status": index_key(generation.user_id, generation.status),
        "website_status": index_key(generation.user_id, generation.website_id, generation.status),
    }
    if not generation.status.is_final:
        item |= {"due_kind": active_kind(generation), "due_at": item["created_at"]}
    elif generation.archive is not None and generation.expires_at is not None:
        item |= {"due_kind": keys.DUE_EXPIRY, "due_at": item["expires_at"]}
    return item


def active_kind(generation: ActiveGeneration) -> str:
    """Return the kind of an active generation in the index of due work.

    Generations that workers run, and paid generations in a queue, have separate kinds. A worker can then read them
    without reading the generations of free accounts in the queues, whose number is not limited.
    """
    if generation.status is Status.PROCESSING:
        return keys.DUE_RUNNING
    if generation.waiting:
        return keys.DUE_WAITING
    if generation.paid:
        return keys.DUE_PAID_BROWSER if generation.settings.use_playwright else keys.DUE_PAID
    return keys.DUE_FREE


def generation_from(item: Item | None) -> Generation | None:
    """Return the generation that an item contains, or None if there is no item."""
    return Generation.model_validate(item) if item is not None else None


def record_from(item: Item | None) -> StartRecord | None:
    """Return the stored answer to a start that an item contains, or None if there is no item."""
    return StartRecord.model_validate(item) if item is not None else None


def failed_seconds_from(*items: Item | None) -> dict[str, int]:
    """Return the seconds of failed and cancelled crawls from items, by day."""
    return {day: seconds for day, seconds in _failed(items).items() if not day.endswith(ENDED)}


def failed_numbers_from(*items: Item | None) -> dict[str, int]:
    """Return the numbers of failed and cancelled generations from items, by day."""
    return {day.removesuffix(ENDED): number for day, number in _failed(items).items() if day.endswith(ENDED)}


def _failed(items: Sequence[Item | None]) -> Counter[str]:
    """Return the sums of the numbers in items of failed crawls."""
    others = {"pk", "sk", "ttl"}
    sums: Counter[str] = Counter()
    for item in items:
        sums.update({name: int(value) for name, value in (item or {}).items() if name not in others})
    return sums


def index_key(*parts: str) -> str:
    """Return the partition key of an index of generations by several attributes."""
    return "#".join(parts)
