"""Websites in the table.

Beside each website lies a small entry that lists it, under a key that says whether it is active: a page of a list
reads entries, however large the websites before it are, and then only the websites that it shows.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.purges import purge_item
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused, Write
from llmready.adapters.dynamodb.users import is_account, user_from
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, DomainError, Forbidden, NotFound
from llmready.domain.website import Purge, Website, canonical_url
from llmready.ports import WebsitePage

_COUNTERS = {
    "generation_count",
    "completed_count",
    "failed_count",
    "last_generated_at",
    "active_generation_id",
    "listed_completed",
    "listed_failed",
    "listed_cancelled",
}


def website_from(item: Item | None) -> Website | None:
    """Return the website that an item holds."""
    return Website.model_validate(item) if item is not None else None


class DynamoWebsites:
    """Implements :class:`llmready.ports.Websites`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, website: Website, *, limit: int) -> None:
        """Store a new website, unless its URL is there already or the user has ``limit`` of them."""
        key = keys.website(website.user_id, website.id)
        item = {"pk": key.pk, "sk": key.sk, **website.model_dump(mode="json", exclude_none=True)}
        count = self._table.update(
            keys.profile(website.user_id),
            add={"website_count": 1, "active_website_count": int(website.is_active)},
            condition=is_account() & (Attr("website_count").not_exists() | Attr("website_count").lt(limit)),
        )
        try:
            self._table.transact(
                [
                    self._claim_url(website),
                    count,
                    self._table.put(item, Attr("pk").not_exists()),
                    self._list(website),
                ]
            )
        except TransactionRefused as refused:
            url, profile, *_ = refused.failed
            if url is not None:
                raise _duplicate(url) from None
            if user_from(profile or None) is not None:
                raise Forbidden(
                    "plan_limit",
                    f"Your plan allows {limit} website{'s' if limit != 1 else ''}; "
                    "delete one or change the plan to add another.",
                ) from None
            raise NotFound("user_not_found", "There is no such account.") from None

    def get(self, user_id: str, website_id: str) -> Website | None:
        """Return one website of a user."""
        return website_from(self._table.get(keys.website(user_id, website_id)))

    def page(self, user_id: str, *, offset: int, limit: int, is_active: bool | None) -> WebsitePage:
        """Return ``limit`` websites from ``offset``, newest first, with the count of all."""
        listed = self._listed(user_id, is_active=is_active, newest_first=True, page_size=offset + limit)
        shown = list(islice(listed, offset, offset + limit))
        profile, *found = self._table.get_many(
            [keys.profile(user_id), *(keys.website(user_id, website_id) for website_id in shown)]
        )
        items = [Website.model_validate(item) for item in found if item is not None]
        user = user_from(profile)
        if user is None:
            return WebsitePage(None, items, 0)
        total = user.website_count
        if is_active is not None:
            total = user.active_website_count if is_active else total - user.active_website_count
        return WebsitePage(user, items, total)

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the ids of a user's ``count`` oldest websites."""
        listed = self._listed(user_id, is_active=None, newest_first=False, page_size=count)
        return list(islice(listed, count))

    def update(self, old: Website, new: Website) -> None:
        """Store the changed fields of a website; its counters stay as they are."""
        stored = new.model_dump(mode="json", exclude=_COUNTERS | {"id", "user_id", "created_at"})
        writes: list[Write] = [
            self._table.update(
                keys.website(new.user_id, new.id),
                change=stored,
                condition=Attr("pk").exists() & Attr("updated_at").eq(timestamp(old.updated_at)),
            )
        ]
        moved = canonical_url(old.url) != canonical_url(new.url)
        if moved:
            writes.append(self._claim_url(new))
            writes.append(self._table.delete(keys.website_url(old.user_id, canonical_url(old.url))))
        if old.is_active != new.is_active:
            step = 1 if new.is_active else -1
            writes += [
                self._table.update(keys.profile(new.user_id), add={"active_website_count": step}),
                self._unlist(old),
                self._list(new),
            ]
        try:
            self._table.transact(writes)
        except TransactionRefused as refused:
            raise _update_refusal(refused.failed[0], refused.failed[1] if moved else None) from None

    def delete(self, website: Website, time: datetime) -> Purge | None:
        """Remove a website, unless a generation of it is running, and note what it leaves behind."""
        writes = [
            self._table.delete(
                keys.website(website.user_id, website.id),
                Attr("pk").exists()
                & Attr("active_generation_id").not_exists()
                & Attr("is_active").eq(website.is_active)
                & Attr("url").eq(website.url)
                & _same_count(website),
            ),
            self._table.delete(keys.website_url(website.user_id, canonical_url(website.url))),
            self._table.update(
                keys.profile(website.user_id),
                add={"website_count": -1, "active_website_count": -int(website.is_active)},
            ),
            self._unlist(website),
        ]
        purge: Purge | None = None
        if left := website.listed_total:
            purge = Purge(user_id=website.user_id, website_id=website.id, left=left, due_at=time)
            writes.append(self._table.put(purge_item(purge)))
        try:
            self._table.transact(writes)
        except TransactionRefused as refused:
            raise _delete_refusal(refused.failed[0]) from None
        return purge

    def _listed(
        self, user_id: str, *, is_active: bool | None, newest_first: bool, page_size: int
    ) -> Iterator[str]:
        """Walk the ids of a user's websites; ids sort by time, so the two kinds merge into one list."""
        prefixes = {
            True: (keys.LISTED_ACTIVE,),
            False: (keys.LISTED_INACTIVE,),
            None: (keys.LISTED_ACTIVE, keys.LISTED_INACTIVE),
        }[is_active]
        walks = (
            self._table.query(
                Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(prefix),
                newest_first=newest_first,
                page_size=page_size,
            )
            for prefix in prefixes
        )
        ids = ((str(entry["sk"]).rpartition("#")[2] for entry in walk) for walk in walks)
        return heapq.merge(*ids, reverse=newest_first)

    def _list(self, website: Website) -> Write:
        key = keys.listed_website(website.user_id, website.id, is_active=website.is_active)
        return self._table.put({"pk": key.pk, "sk": key.sk})

    def _unlist(self, website: Website) -> Write:
        return self._table.delete(
            keys.listed_website(website.user_id, website.id, is_active=website.is_active)
        )

    def _claim_url(self, website: Website) -> Write:
        key = keys.website_url(website.user_id, canonical_url(website.url))
        item: dict[str, Any] = {"pk": key.pk, "sk": key.sk, "website_id": website.id}
        return self._table.put(item, Attr("pk").not_exists())


def _same_count(website: Website) -> ConditionBase:
    """Demand that no generation ended since the website was read: what it leaves behind is counted by that."""
    if website.generation_count == 0:
        return Attr("generation_count").not_exists() | Attr("generation_count").eq(0)
    return Attr("generation_count").eq(website.generation_count)


def _duplicate(claim: Item) -> Conflict:
    return Conflict(
        "website_exists", "You already have a website with this URL.", website_id=claim.get("website_id")
    )


def _update_refusal(site: Item | None, url: Item | None) -> DomainError:
    if url is not None:
        return _duplicate(url)
    if site:
        return Conflict("website_changed", "The website was changed meanwhile; read it again and retry.")
    return NotFound("website_not_found", "There is no such website.")


def _delete_refusal(site: Item | None) -> DomainError:
    if site and "active_generation_id" in site:
        return Conflict(
            "generation_in_progress",
            "A generation of this website is running; wait for it to end before deleting the website.",
            generation_id=site["active_generation_id"],
        )
    if site:
        return Conflict("website_changed", "The website was changed meanwhile; read it again and retry.")
    return NotFound("website_not_found", "There is no such website.")
