"""Websites in the table.

Each website has a small list entry, whose key contains whether the website is active. A page of a list reads these
entries, and then only the websites that it shows. Its cost does not depend on the size of the websites that it skips.
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.groups import Group, refusal_of
from llmready.adapters.dynamodb.purges import purge_item
from llmready.adapters.dynamodb.table import Item, Table, TransactionRefused, Write
from llmready.adapters.dynamodb.users import is_account, user_from
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, DomainError, Forbidden, NotFound
from llmready.domain.schedules import next_run
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, canonical_url, left_by
from llmready.ports.websites import WebsitePage

_COUNTERS = {
    "generation_count",
    "completed_count",
    "failed_count",
    "last_generated_at",
    "active_generation_id",
    "listed_completed",
    "listed_failed",
    "listed_cancelled",
    "schedule_failures",
    "failed_run_id",
}


def website_from(item: Item | None) -> Website | None:
    """Return the website of an item."""
    return Website.model_validate(item) if item is not None else None


def website_writes(table: Table, website: Website) -> list[Write]:
    """Return the writes that store a new website. The first write is refused if the user has its URL."""
    key = keys.website(website.user_id, website.id)
    stored = website.model_dump(mode="json", exclude_none=True)
    item = {"pk": key.pk, "sk": key.sk, **stored, **due_attributes(website)}
    return [
        _claim_url(table, website),
        table.put(item, Attr("pk").not_exists()),
        _list(table, website),
    ]


class DynamoWebsites:
    """Implements :class:`llmready.ports.websites.Websites`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, website: Website, *, limit: int) -> None:
        """Store a new website, unless the user already has its URL or ``limit`` websites."""
        try:
            self._table.transact(
                [
                    *website_writes(self._table, website),
                    self._counting([website], step=1, condition=has_room(limit)),
                ]
            )
        except TransactionRefused as refused:
            if (url := refused.failed[0]) is not None:
                raise duplicate(url) from None
            raise no_room(refused.failed[-1], limit) from None

    def create_some(self, websites: Sequence[Website], *, limit: int) -> list[DomainError | None]:
        """Store as many of the first of ``websites`` as fit into one transaction; see the port."""
        user_id = websites[0].user_id
        profile, *claims = self._table.get_many(
            [keys.profile(user_id), *(_claim_key(website) for website in websites)]
        )
        user = user_from(profile)
        room = limit - user.website_count if user is not None else 0
        group = Group()
        for website, claim in zip(websites, claims, strict=True):
            writes = website_writes(self._table, website)
            if claim is not None:
                group.refuse(duplicate(claim))
            elif len(group.taken) >= room and not group.touches(writes):
                group.refuse(no_room(profile, limit))
            elif not group.take(website, writes):
                break
        if group.taken:
            fits = has_room(limit, count=len(group.taken))
            group.writes.append(self._counting(group.taken, step=1, condition=fits))
        return self._do(group) or [refusal_of(self.create, websites[0], limit=limit)]

    def get_for_user(self, user_id: str, website_id: str) -> tuple[User | None, Website | None]:
        """Return a user and one website of theirs in one read."""
        user, website = self._table.get_many([keys.profile(user_id), keys.website(user_id, website_id)])
        return user_from(user), website_from(website)

    def get_some(self, user_id: str, website_ids: Sequence[str]) -> list[Website | None]:
        """Return websites of a user in the order of the given IDs; None for each that does not exist."""
        found = self._table.get_many([keys.website(user_id, website_id) for website_id in website_ids])
        return [website_from(item) for item in found]

    def page(
        self, user_id: str, *, offset: int, limit: int, is_active: bool | None, after: str | None = None
    ) -> WebsitePage:
        """Return ``limit`` websites from ``offset``, newest first, with the total number."""
        if offset == 0 and is_active is None:
            return self._first(user_id, limit=limit, after=after)
        reach = offset + limit + 1
        listed = (
            self._every(user_id, page_size=reach)
            if is_active is None
            else self._listed(user_id, is_active=is_active, newest_first=True, page_size=reach, after=after)
        )
        found_ids = list(islice(listed, offset, offset + limit + 1))
        shown = found_ids[:limit]
        profile, *found = self._table.get_many(
            [keys.profile(user_id), *(keys.website(user_id, website_id) for website_id in shown)]
        )
        items = [Website.model_validate(item) for item in found if item is not None]
        more = shown[-1] if len(found_ids) > limit else None
        user = user_from(profile)
        if user is None:
            return WebsitePage(None, items, 0, None)
        total = user.website_count
        if is_active is not None:
            total = user.active_website_count if is_active else total - user.active_website_count
        return WebsitePage(user, items, total, more)

    def _first(self, user_id: str, *, limit: int, after: str | None) -> WebsitePage:
        """Return a page for which no entries are skipped, by reading the websites themselves in one bounded read."""
        place = keys.website(user_id, after) if after is not None else None
        walk = self._table.query(
            Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.SITE),
            newest_first=True,
            page_size=limit + 1,
            after=place._asdict() if place is not None else None,
        )
        found = [Website.model_validate(item) for item in islice(walk, limit + 1)]
        user = user_from(self._table.get(keys.profile(user_id)))
        if user is None:
            return WebsitePage(None, found[:limit], 0, None)
        more = found[limit - 1].id if len(found) > limit else None
        return WebsitePage(user, found[:limit], user.website_count, more)

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the IDs of a user's ``count`` oldest websites."""
        listed = self._listed(user_id, is_active=None, newest_first=False, page_size=count)
        return list(islice(listed, count))

    def update(self, old: Website, new: Website) -> None:
        """Store the changed fields of a website. Its counters stay as they are."""
        writes = self._updating(old, new)
        if old.is_active != new.is_active:
            writes.append(self._count_active(new.user_id, int(new.is_active) - int(old.is_active)))
        try:
            self._table.transact(writes)
        except TransactionRefused as refused:
            moved = _claim_key(old) != _claim_key(new)
            raise _update_refusal(refused.failed[0], refused.failed[1] if moved else None) from None

    def update_some(self, changes: Sequence[tuple[Website, Website]]) -> list[DomainError | None]:
        """Store as many of the first of ``changes`` as fit into one transaction; see the port."""
        claims = iter(
            self._table.get_many(
                [_claim_key(new) for old, new in changes if _claim_key(old) != _claim_key(new)]
            )
        )
        group = Group()
        active = 0
        for old, new in changes:
            claim = next(claims) if _claim_key(old) != _claim_key(new) else None
            writes = self._updating(old, new)
            if claim is not None and not group.touches(writes):
                group.refuse(duplicate(claim))
            elif group.take(new, writes):
                active += int(new.is_active) - int(old.is_active)
            else:
                break
        if active:
            group.writes.append(self._count_active(changes[0][0].user_id, active))
        return self._do(group) or [refusal_of(self.update, *changes[0])]

    def delete(self, website: Website, time: datetime) -> Purge | None:
        """Delete a website that has no running generation, and store the purge that it needs."""
        try:
            self._table.transact([*self._deleting(website, time), self._counting([website], step=-1)])
        except TransactionRefused as refused:
            raise _delete_refusal(refused.failed[0]) from None
        return left_by(website, time)

    def delete_some(self, websites: Sequence[Website], time: datetime) -> list[DomainError | None]:
        """Delete as many of the first of ``websites`` as fit into one transaction; see the port."""
        group = Group()
        for website in websites:
            if not group.take(website, self._deleting(website, time)):
                break
        group.writes.append(self._counting(group.taken, step=-1))
        return self._do(group) or [refusal_of(self.delete, websites[0], time)]

    def _do(self, group: Group) -> list[DomainError | None]:
        """Write a group in one transaction. Return no outcomes if an item changed since it was read."""
        if group.writes:
            try:
                self._table.transact(group.writes)
            except TransactionRefused:
                return []
        return group.outcomes

    def _updating(self, old: Website, new: Website) -> list[Write]:
        stored = new.model_dump(mode="json", exclude=_COUNTERS | {"id", "user_id", "created_at"})
        if (old.schedule, old.is_active) != (new.schedule, new.is_active):
            stored |= due_attributes(new)
        if old.schedule is not new.schedule:
            stored["schedule_failures"] = 0
        writes: list[Write] = [
            self._table.update(
                keys.website(new.user_id, new.id),
                change=stored,
                condition=Attr("pk").exists() & Attr("updated_at").eq(timestamp(old.updated_at)),
            )
        ]
        if _claim_key(old) != _claim_key(new):
            writes += [_claim_url(self._table, new), self._table.delete(_claim_key(old))]
        if old.is_active != new.is_active:
            writes += [self._unlist(old), _list(self._table, new)]
        return writes

    def _deleting(self, website: Website, time: datetime) -> list[Write]:
        writes = [
            self._table.delete(
                keys.website(website.user_id, website.id),
                Attr("pk").exists()
                & Attr("active_generation_id").not_exists()
                & Attr("is_active").eq(website.is_active)
                & Attr("url").eq(website.url)
                & _same_count(website),
            ),
            self._table.delete(_claim_key(website)),
            self._unlist(website),
        ]
        if (purge := left_by(website, time)) is not None:
            writes.append(self._table.put(purge_item(purge)))
        return writes

    def _counting(
        self, websites: Sequence[Website], *, step: int, condition: ConditionBase | None = None
    ) -> Write:
        counts = {
            "website_count": step * len(websites),
            "active_website_count": step * sum(website.is_active for website in websites),
        }
        return self._table.update(keys.profile(websites[0].user_id), add=counts, condition=condition)

    def _count_active(self, user_id: str, step: int) -> Write:
        return self._table.update(keys.profile(user_id), add={"active_website_count": step})

    def _listed(
        self,
        user_id: str,
        *,
        is_active: bool | None,
        newest_first: bool,
        page_size: int,
        after: str | None = None,
    ) -> Iterator[str]:
        """Iterate over the IDs of a user's active and inactive websites, merged by time."""
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
                after={"pk": keys.partition(user_id), "sk": prefix + after} if after is not None else None,
            )
            for prefix in prefixes
        )
        ids = ((str(entry["sk"]).rpartition("#")[2] for entry in walk) for walk in walks)
        return heapq.merge(*ids, reverse=newest_first)

    def _every(self, user_id: str, *, page_size: int) -> Iterator[str]:
        """Iterate over the IDs of a user's websites, newest first, in an index with small entries."""
        walk = self._table.query(
            Key("user_id").eq(user_id) & Key("sk").begins_with(keys.SITE),
            index=keys.BY_USER_INDEX,
            newest_first=True,
            page_size=page_size,
        )
        return (str(entry["sk"]).removeprefix(keys.SITE) for entry in walk)

    def _unlist(self, website: Website) -> Write:
        return self._table.delete(
            keys.listed_website(website.user_id, website.id, is_active=website.is_active)
        )


def due_attributes(website: Website) -> dict[str, str | None]:
    """Return the attributes of the website's next run in the index ``due``; None removes an attribute."""
    due_at = next_run(website.schedule, website.id, website.updated_at) if website.is_active else None
    return {
        "due_kind": keys.DUE_SCHEDULE if due_at is not None else None,
        "due_at": timestamp(due_at) if due_at is not None else None,
    }


def _list(table: Table, website: Website) -> Write:
    key = keys.listed_website(website.user_id, website.id, is_active=website.is_active)
    return table.put({"pk": key.pk, "sk": key.sk})


def _claim_url(table: Table, website: Website) -> Write:
    key = _claim_key(website)
    item: dict[str, Any] = {"pk": key.pk, "sk": key.sk, "website_id": website.id}
    return table.put(item, Attr("pk").not_exists())


def _claim_key(website: Website) -> keys.Key:
    return keys.website_url(website.user_id, canonical_url(website.url))


def has_room(limit: int, *, count: int = 1) -> ConditionBase:
    """Return the condition that ``count`` websites can be added to an account without exceeding ``limit``."""
    # The subtraction is done here, because DynamoDB's conditions have no arithmetic.
    return is_account() & (Attr("website_count").not_exists() | Attr("website_count").lte(limit - count))


def no_room(profile: Item | None, limit: int) -> DomainError:
    """Return why a website could not be added to an account, given the account's item at that time."""
    if user_from(profile or None) is None:
        return NotFound("user_not_found", "There is no such account.")
    return Forbidden(
        "plan_limit",
        f"Your plan allows {limit} website{'s' if limit != 1 else ''}; "
        "delete one or change the plan to add another.",
    )


def _same_count(website: Website) -> ConditionBase:
    """Return the condition that no generation ended since the website was read, because the purge counts them."""
    if website.generation_count == 0:
        return Attr("generation_count").not_exists() | Attr("generation_count").eq(0)
    return Attr("generation_count").eq(website.generation_count)


def duplicate(claim: Item) -> Conflict:
    """Return the error for a URL that the user already has."""
    return Conflict(
        "website_exists", "You already have a website with this URL.", website_id=claim.get("website_id")
    )


def _update_refusal(site: Item | None, url: Item | None) -> DomainError:
    if url is not None:
        return duplicate(url)
    if site:
        return Conflict(
            "website_changed", "The website was changed by another request; read it again and retry."
        )
    return NotFound("website_not_found", "There is no such website.")


def _delete_refusal(site: Item | None) -> DomainError:
    if site and "active_generation_id" in site:
        return Conflict(
            "generation_in_progress",
            "A generation of this website is running; wait for it to end before deleting the website.",
            generation_id=site["active_generation_id"],
        )
    if site:
        return Conflict(
            "website_changed", "The website was changed by another request; read it again and retry."
        )
    return NotFound("website_not_found", "There is no such website.")
