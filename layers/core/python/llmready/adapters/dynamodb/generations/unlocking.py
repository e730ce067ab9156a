"""Unlock the website of an ended generation, and store there what the run showed."""

from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table, Write
from llmready.domain.clock import timestamp
from llmready.domain.generation import FAILED_TOO_LONG, HOST_BUSY, Generation, Status, Trigger

_CAUSED_BY_OTHERS = frozenset({HOST_BUSY.code, FAILED_TOO_LONG.code})
"""Failures that crawls of other websites or other users cause. They must not turn a schedule off."""


def unlock_website(table: Table, generation: Generation, *, url: str | None = None) -> Write:
    """Return the write that unlocks the website and counts the generation.

    The write is refused if another generation has the lock.

    Args:
        table: The table.
        generation: The ended generation.
        url: The website's new URL. The write is also refused if the user changed the URL during the run, or entered
            it again with its scheme.
    """
    completed = generation.status is Status.COMPLETED
    failed = generation.status is Status.FAILED
    failed_run = (
        failed and generation.trigger is Trigger.SCHEDULE and generation.error_code not in _CAUSED_BY_OTHERS
    )
    noted: dict[str, Any] = {"failed_run_id": generation.id} if failed_run else {}
    if completed and generation.completed_at:
        noted = {"last_generated_at": timestamp(generation.completed_at), "schedule_failures": 0}
    condition: ConditionBase = Attr("active_generation_id").eq(generation.id)
    if url is not None:
        noted["url"] = url
        condition &= Attr("url").eq(generation.website_url) & Attr("try_http").eq(True)  # noqa: FBT003 - boto3's condition builder
    return table.update(
        keys.website(generation.user_id, generation.website_id),
        change=noted,
        add={
            "generation_count": 1,
            f"listed_{generation.status}": 1,
            "completed_count": int(completed),
            "failed_count": int(failed),
            **({"schedule_failures": 1} if failed_run else {}),
        },
        remove=["active_generation_id"],
        condition=condition,
    )


def url_over_http(generation: Generation) -> str | None:
    """Return the URL that the website gets if the site was crawled over http because https does not work."""
    if generation.coverage is None or not generation.coverage.over_http:
        return None
    return generation.website_url.replace("https://", "http://", 1)


def has_changed(website: Item | None, generation: Generation) -> bool:
    """Return whether the user changed the URL during the run, given the item for which a write was refused."""
    return website is not None and website.get("active_generation_id") == generation.id
