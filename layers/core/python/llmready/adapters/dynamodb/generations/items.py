"""The stored form of generations."""

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


def failed_seconds_from(item: Item | None) -> dict[str, int]:
    """Return the seconds of failed and cancelled crawls from an item, by day."""
    others = {"pk", "sk", "ttl"}
    return {
        name: int(value)
        for name, value in (item or {}).items()
        if name not in others and not name.endswith(ENDED)
    }


def failed_numbers_from(item: Item | None) -> dict[str, int]:
    """Return the numbers of failed and cancelled generations from an item, by day."""
    return {
        name.removesuffix(ENDED): int(value) for name, value in (item or {}).items() if name.endswith(ENDED)
    }


def index_key(*parts: str) -> str:
    """Return the partition key of an index of generations by several attributes."""
    return "#".join(parts)
