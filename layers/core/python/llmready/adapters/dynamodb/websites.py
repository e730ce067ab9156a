"""Websites in the table."""

from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused, Write
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, DomainError, Forbidden, NotFound
from llmready.domain.website import Website, canonical_url
from llmready.ports import WebsitePage

_COUNTERS = {
    "generation_count",
    "completed_count",
    "failed_count",
    "last_generated_at",
    "active_generation_id",
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
            condition=Attr("pk").exists()
            & (Attr("website_count").not_exists() | Attr("website_count").lt(limit)),
        )
        try:
            self._table.transact(
                [self._claim_url(website), count, self._table.put(item, Attr("pk").not_exists())]
            )
        except TransactionRefused as refused:
            url, profile, _ = refused.failed
            if url is not None:
                raise _duplicate(url) from None
            if profile is not None and "pk" in profile:
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
        where = Attr("is_active").eq(is_active) if is_active is not None else None
        found = self._table.query(_of_user(user_id), newest_first=True, where=where)
        items = [Website.model_validate(item) for item in islice(found, offset, offset + limit)]
        profile = self._table.get(keys.profile(user_id)) or {}
        total, active = profile.get("website_count", 0), profile.get("active_website_count", 0)
        if is_active is not None:
            total = active if is_active else total - active
        return WebsitePage(items, total)

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the ids of a user's ``count`` oldest websites."""
        found = self._table.query(_of_user(user_id), page_size=count)
        return [item["id"] for item in islice(found, count)]

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
            writes.append(self._table.update(keys.profile(new.user_id), add={"active_website_count": step}))
        try:
            self._table.transact(writes)
        except TransactionRefused as refused:
            raise _update_refusal(refused.failed[0], refused.failed[1] if moved else None) from None

    def delete(self, website: Website) -> None:
        """Remove a website, unless a generation of it is running."""
        try:
            self._table.transact(
                [
                    self._table.delete(
                        keys.website(website.user_id, website.id),
                        Attr("pk").exists()
                        & Attr("active_generation_id").not_exists()
                        & Attr("is_active").eq(website.is_active)
                        & Attr("url").eq(website.url),
                    ),
                    self._table.delete(keys.website_url(website.user_id, canonical_url(website.url))),
                    self._table.update(
                        keys.profile(website.user_id),
                        add={"website_count": -1, "active_website_count": -int(website.is_active)},
                    ),
                ]
            )
        except TransactionRefused as refused:
            raise _delete_refusal(refused.failed[0]) from None

    def _claim_url(self, website: Website) -> Write:
        key = keys.website_url(website.user_id, canonical_url(website.url))
        item: dict[str, Any] = {"pk": key.pk, "sk": key.sk, "website_id": website.id}
        return self._table.put(item, Attr("pk").not_exists())


def _of_user(user_id: str) -> Any:
    return Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.SITE)


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
