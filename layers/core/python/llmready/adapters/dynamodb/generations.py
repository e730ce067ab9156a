"""Generations in the table, with the quota and the website lock that move with them."""

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.controls import controls_from
from llmready.adapters.dynamodb.outbox import outbox_item
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused, Write
from llmready.adapters.dynamodb.users import is_account, user_from
from llmready.adapters.dynamodb.websites import (
    duplicate,
    has_room,
    no_room,
    website_from,
    website_writes,
)
from llmready.domain.clock import is_id, timestamp
from llmready.domain.errors import Conflict, DomainError, Forbidden, Invalid, LeaseLost, NotFound
from llmready.domain.generation import Failure, Generation, Progress, Status
from llmready.domain.idempotency import AlreadyStarted, StartRecord
from llmready.domain.mail import OutboxMail
from llmready.domain.quota import resets_at
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.ports.generations import HistoryPage, NewWebsite, StartSnapshot

_CURSOR_LIMIT = 100  # characters
_LOOK_UP = 100  # how many generations found by an index are read at once


def generation_item(generation: Generation) -> Item:
    """Return a generation as it is stored, with what the indexes find it by."""
    key = keys.generation(generation.user_id, generation.id)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        **generation.model_dump(mode="json", exclude_none=True),
        "generation_id": generation.id,
        "user_website": _index_key(generation.user_id, generation.website_id),
        "user_status": _index_key(generation.user_id, generation.status),
        "website_status": _index_key(generation.user_id, generation.website_id, generation.status),
    }
    if not generation.status.is_final:
        item |= {"due_kind": keys.DUE_ACTIVE, "due_at": item["created_at"]}
    elif generation.archive is not None and generation.expires_at is not None:
        item |= {"due_kind": keys.DUE_EXPIRY, "due_at": item["expires_at"]}
    return item


class DynamoGenerations:
    """Implements :class:`llmready.ports.generations.Generations`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def start_snapshot(self, user_id: str, website_id: str, digest: str | None = None) -> StartSnapshot:
        """Return the user and the website of a start, the controls and what is stored under a key in one read."""
        website, rest = self._snapshot(user_id, keys.website(user_id, website_id), digest)
        return rest._replace(website=website_from(website))

    def start_snapshot_by_url(
        self, user_id: str, canonical_url: str, digest: str | None = None
    ) -> StartSnapshot:
        """Return the same for the website with a URL, in two reads: the first one finds the website's ID."""
        claim, rest = self._snapshot(user_id, keys.website_url(user_id, canonical_url), digest)
        if claim is None:
            return rest
        found = self._table.get(keys.website(user_id, claim["website_id"]))
        return rest._replace(website=website_from(found))

    def _snapshot(
        self, user_id: str, place: keys.Key, digest: str | None
    ) -> tuple[Item | None, StartSnapshot]:
        wanted = [keys.profile(user_id), place, keys.CONTROLS]
        if digest is not None:
            wanted.append(keys.start_record(user_id, digest))
        user, item, controls, *record = self._table.get_many(wanted)
        return item, StartSnapshot(
            user_from(user), None, controls_from(controls), _record_from(*record or [None])
        )

    def start(
        self,
        generation: Generation,
        *,
        quota_limit: int,
        running_limit: int | None = None,
        record: StartRecord | None = None,
        new_website: NewWebsite | None = None,
    ) -> Generation:
        """Store a pending generation, reserve quota and lock the website, which may be new; or none of it."""
        user_id = generation.user_id
        take = self._table.update(
            keys.quota(user_id, generation.month),
            change={
                "user_id": user_id,
                "month": generation.month,
                "due_kind": keys.due_quota(generation.month),
                "due_at": user_id,
            },
            add={"taken": 1, "reserved": 1},
            condition=Attr("taken").not_exists() | Attr("taken").lt(quota_limit),
        )
        lock, *others = self._locking(generation, new_website)
        capped = running_limit is not None and not generation.held
        counts = {"running_count": 1, "generation_count": 1, "slots_taken": 0 if generation.held else 1}
        allowed = is_account() & _has_slot(running_limit) if capped else is_account()
        if new_website is not None:
            counts |= {"website_count": 1, "active_website_count": 1}
            allowed &= has_room(new_website.limit)
        count = self._table.update(keys.profile(user_id), add=counts, condition=allowed)
        writes = [lock, take, count, self._table.put(generation_item(generation), Attr("pk").not_exists())]
        if record is not None:
            writes.append(self._remember(generation, record))
        try:
            self._table.transact([*writes, *others])
        except TransactionRefused as refused:
            website, quota, user, *_ = refused.failed
            if record is not None:
                self._refuse_repeat(generation, record)
            if capped and user_from(user) is not None and (website, quota) == (None, None):
                return self.start(
                    generation.model_copy(update={"held": True}),
                    quota_limit=quota_limit,
                    record=record,
                    new_website=new_website,
                )
            raise _start_refusal(website, quota, user, generation, new_website) from None
        return generation

    def _locking(self, generation: Generation, new_website: NewWebsite | None) -> list[Write]:
        """Return the writes that lock the website; the first one is refused if it cannot be locked."""
        if new_website is not None:
            locked = new_website.website.changed(active_generation_id=generation.id)
            return website_writes(self._table, locked)
        return [
            self._table.update(
                keys.website(generation.user_id, generation.website_id),
                change={"active_generation_id": generation.id},
                condition=Attr("pk").exists()
                & Attr("active_generation_id").not_exists()
                & Attr("is_active").eq(True),  # noqa: FBT003 - boto3's condition builder
            )
        ]

    def _remember(self, generation: Generation, record: StartRecord) -> Write:
        key = keys.start_record(generation.user_id, record.digest)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            **record.model_dump(mode="json"),
            "ttl": int(record.expires_at.timestamp()),
        }
        # What has expired may lie there for days until the table removes it.
        free = Attr("pk").not_exists() | Attr("expires_at").lte(timestamp(generation.created_at))
        return self._table.put(item, free)

    def _refuse_repeat(self, generation: Generation, record: StartRecord) -> None:
        """Look once more, after a refusal: the start that is in the way may be this very one, under the same key."""
        key = keys.start_record(generation.user_id, record.digest)
        earlier = _record_from(self._table.get(key))
        if earlier is not None and earlier.expires_at > generation.created_at:
            raise AlreadyStarted(earlier)

    def get(self, user_id: str, generation_id: str) -> Generation | None:
        """Return one generation of a user."""
        return _generation_from(self._table.get(keys.generation(user_id, generation_id)))

    def get_for_user(self, user_id: str, generation_id: str) -> tuple[User | None, Generation | None]:
        """Return a user and one generation of theirs in one read."""
        user, generation = self._table.get_many(
            [keys.profile(user_id), keys.generation(user_id, generation_id)]
        )
        return user_from(user), _generation_from(generation)

    def claim(self, old: Generation, new: Generation) -> None:
        """Store ``new`` if the generation still is as ``old`` was read."""
        unchanged = _held(old.fence, old.status) & (
            Attr("lease_expires_at").eq(timestamp(old.lease_expires_at))
            if old.lease_expires_at
            else Attr("lease_expires_at").not_exists()
        )
        self._replace(new, unchanged)

    def heartbeat(self, generation: Generation, *, lease_expires_at: datetime, progress: Progress) -> None:
        """Prolong the lease and store the progress."""
        write = self._table.update(
            keys.generation(generation.user_id, generation.id),
            change={
                "lease_expires_at": timestamp(lease_expires_at),
                "pages_crawled": progress.pages_crawled,
                "total_pages": progress.total_pages,
                "pages_failed": progress.pages_failed,
                "progress_percentage": progress.percentage,
            },
            condition=_held(generation.fence, Status.PROCESSING),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            raise LeaseLost from None

    def hand_back(self, generation: Generation) -> None:
        """Store a generation as pending again, under the fence that it carries."""
        self._replace(generation, _held(generation.fence, Status.PROCESSING))

    def finish(self, generation: Generation, mail: OutboxMail | None, *, was: Status) -> None:
        """Store the end of a generation with all that follows from it, or nothing."""
        user_id = generation.user_id
        completed = generation.status is Status.COMPLETED
        failed = generation.status is Status.FAILED
        settle = self._table.update(
            keys.quota(user_id, generation.month),
            add={"reserved": -1, **({"used": 1} if completed else {"taken": -1})},
        )
        outcome = {"completed_count": int(completed), "failed_count": int(failed)}
        count = self._table.update(
            keys.profile(user_id),
            add={
                "running_count": -1,
                "slots_taken": 0 if generation.held else -1,
                f"listed_{generation.status}": 1,
                **outcome,
            },
            condition=Attr("pk").exists(),
        )
        unlock = self._table.update(
            keys.website(user_id, generation.website_id),
            change={"last_generated_at": timestamp(generation.completed_at)}
            if completed and generation.completed_at
            else {},
            add={"generation_count": 1, f"listed_{generation.status}": 1, **outcome},
            remove=["active_generation_id"],
            condition=Attr("active_generation_id").eq(generation.id),
        )
        writes: list[Write] = [
            self._table.put(
                generation_item(generation),
                _held(generation.fence, was) & Attr("held").eq(generation.held),
            ),
            settle,
            count,
            unlock,
        ]
        if mail is not None:
            writes.append(self._table.put(outbox_item(mail), Attr("pk").not_exists()))
        try:
            self._table.transact(writes)
        except TransactionRefused:
            raise LeaseLost from None

    def waiting(self, user_id: str) -> Iterator[Generation]:
        """Walk the generations of a user that wait for a slot, oldest first; the newest may be missing."""
        place = _Place.of(user_id, None, Status.PENDING)
        for chunk in self._chunks(place.condition, keys.BY_STATUS_INDEX, _LOOK_UP):
            yield from (found for found in chunk if found.held and found.status is Status.PENDING)

    def take_slot(self, held: Generation, *, running_limit: int) -> bool:
        """End a generation's wait for a slot; return False when there is none, or it does not wait any more."""
        release = self._table.update(
            keys.generation(held.user_id, held.id),
            change={"held": False},
            condition=Attr("held").eq(True) & Attr("status").eq(Status.PENDING),  # noqa: FBT003 - see start()
        )
        take = self._table.update(
            keys.profile(held.user_id),
            add={"slots_taken": 1},
            condition=is_account() & _has_slot(running_limit),
        )
        try:
            self._table.transact([release, take])
        except TransactionRefused:
            return False
        return True

    def mark_enqueued(self, user_id: str, generation_id: str, time: datetime) -> None:
        """Note that a pending generation was sent to its queue."""
        write = self._table.update(
            keys.generation(user_id, generation_id),
            change={"enqueued_at": timestamp(time)},
            condition=Attr("status").eq(Status.PENDING),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # a worker was faster, or it has ended

    def history(
        self,
        user_id: str,
        *,
        limit: int,
        offset: int = 0,
        cursor: str | None = None,
        website_id: str | None = None,
        status: Status | None = None,
    ) -> HistoryPage:
        """Return ``limit`` generations after ``offset`` or ``cursor``, newest first."""
        place = _Place.of(user_id, website_id, status, skips=offset > 0)
        found = self._table.query(
            place.condition,
            index=place.index_name,
            newest_first=True,
            page_size=offset + limit + 1,
            after=_position(cursor, user_id, place),
        )
        entries = list(islice(found, offset, offset + limit + 1))
        shown = entries[:limit]
        items = shown if place.index_name is None else self._read(shown)
        generations = [Generation.model_validate(item) for item in items]
        if status is not None:  # the index may lag behind
            generations = [generation for generation in generations if generation.status is status]
        return HistoryPage(generations, _cursor(shown[-1]) if len(entries) > limit else None)

    def count(self, user: User, *, website_id: str | None = None, status: Status | None = None) -> int:
        """Return how many generations the history shows for a filter."""
        if status is not None and not status.is_final:
            place = _Place.of(user.id, website_id, status)
            return sum(1 for _ in self._table.query(place.condition, index=place.index_name))
        counted: User | Website = user
        running = user.running_count
        if website_id is not None:
            website = website_from(self._table.get(keys.website(user.id, website_id)))
            if website is None:
                return 0
            counted, running = website, int(website.active_generation_id is not None)
        listed = {
            Status.COMPLETED: counted.listed_completed,
            Status.FAILED: counted.listed_failed,
            Status.CANCELLED: counted.listed_cancelled,
        }
        return listed[status] if status is not None else running + sum(listed.values())

    def delete(self, generation: Generation) -> None:
        """Remove an ended generation from the history."""
        listed = {f"listed_{generation.status}": -1}
        remove = self._table.delete(
            keys.generation(generation.user_id, generation.id), Attr("status").eq(generation.status)
        )
        profile, website = (
            self._table.update(key, add=listed, condition=Attr("pk").exists())
            for key in (
                keys.profile(generation.user_id),
                keys.website(generation.user_id, generation.website_id),
            )
        )
        gone = NotFound("generation_not_found", "There is no such generation.")
        try:
            self._table.transact([remove, profile, website])
        except TransactionRefused as refused:
            if refused.failed[0] is not None or refused.failed[1] is not None:
                raise gone from None
        else:
            return
        # Its website was deleted before it.
        try:
            self._table.transact([remove, profile])
        except TransactionRefused:
            raise gone from None

    def of_website(self, user_id: str, website_id: str, *, at_once: int) -> Iterator[list[Generation]]:
        """Walk all generations of a website, ``at_once`` at a time, oldest first."""
        place = _Place.of(user_id, website_id, None)
        return self._chunks(place.condition, keys.BY_WEBSITE_INDEX, at_once)

    def running_of(self, user_id: str) -> Iterator[Generation]:
        """Walk the generations of a user that have not ended, read consistently."""
        condition = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.GENERATION)
        running = Attr("status").is_in([Status.PENDING, Status.PROCESSING])
        for item in self._table.query(condition, where=running):
            yield Generation.model_validate(item)

    def active(self) -> Iterator[Generation]:
        """Walk all generations that have not ended, oldest first."""
        for generation in self._due(Key("due_kind").eq(keys.DUE_ACTIVE)):
            if not generation.status.is_final:
                yield generation

    def expired(self, time: datetime) -> Iterator[Generation]:
        """Walk completed generations whose files should be gone by ``time``."""
        condition = Key("due_kind").eq(keys.DUE_EXPIRY) & Key("due_at").lte(timestamp(time))
        for generation in self._due(condition):
            if generation.archive is not None and generation.is_expired(time):
                yield generation

    def withdraw(self, generation: Generation, failure: Failure, time: datetime) -> None:
        """Let the files of a generation end now, for a reason."""
        write = self._table.update(
            keys.generation(generation.user_id, generation.id),
            change={
                "expires_at": timestamp(time),
                "error_code": failure.code,
                "error_message": failure.message,
            },
            remove=["due_kind", "due_at"],
            condition=Attr("status").eq(Status.COMPLETED),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # the user deleted it meanwhile

    def files_removed(self, generation: Generation) -> None:
        """Note that the files of a generation were deleted."""
        write = self._table.update(
            keys.generation(generation.user_id, generation.id),
            remove=["due_kind", "due_at"],
            condition=Attr("status").eq(Status.COMPLETED),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # the user deleted it meanwhile

    def _due(self, condition: ConditionBase) -> Iterator[Generation]:
        """Walk what an index entry points to, read consistently: the index may lag behind."""
        for chunk in self._chunks(condition, keys.DUE_INDEX, _LOOK_UP):
            yield from chunk

    def _chunks(self, condition: ConditionBase, index: str, size: int) -> Iterator[list[Generation]]:
        entries = self._table.query(condition, index=index)
        while chunk := list(islice(entries, size)):
            yield [Generation.model_validate(item) for item in self._read(chunk)]

    def _read(self, entries: list[Item]) -> list[Item]:
        found = self._table.get_many([keys.Key(entry["pk"], entry["sk"]) for entry in entries])
        return [item for item in found if item is not None]

    def _replace(self, generation: Generation, condition: ConditionBase) -> None:
        try:
            self._table.write(self._table.put(generation_item(generation), condition))
        except ConditionFailed:
            raise LeaseLost from None


def _generation_from(item: Item | None) -> Generation | None:
    return Generation.model_validate(item) if item is not None else None


def _record_from(item: Item | None) -> StartRecord | None:
    return StartRecord.model_validate(item) if item is not None else None


def _has_slot(running_limit: int | None) -> ConditionBase:
    return Attr("slots_taken").not_exists() | Attr("slots_taken").lt(running_limit)


def _held(fence: int, status: Status) -> ConditionBase:
    return Attr("fence").eq(fence) & Attr("status").eq(status)


class _Place(NamedTuple):
    """Where the generations of a filter are found; every place names its user, so no filter reads another's."""

    index_name: str | None
    condition: ConditionBase
    key: Item
    """The part of an index entry's key that all entries of the filter share."""

    @classmethod
    def of(
        cls, user_id: str, website_id: str | None, status: Status | None, *, skips: bool = False
    ) -> "_Place":
        """Choose where to read; what skips entries reads them from an index, where they are small."""
        if website_id is None and status is None:
            all_of_them = Key("sk").begins_with(keys.GENERATION)
            if skips:
                return cls(keys.BY_USER_INDEX, Key("user_id").eq(user_id) & all_of_them, {"user_id": user_id})
            return cls(None, Key("pk").eq(keys.partition(user_id)) & all_of_them, {})
        if status is None:
            index, name = keys.BY_WEBSITE_INDEX, "user_website"
        elif website_id is None:
            index, name = keys.BY_STATUS_INDEX, "user_status"
        else:
            index, name = keys.BY_WEBSITE_STATUS_INDEX, "website_status"
        value = _index_key(*(part for part in (user_id, website_id, status) if part is not None))
        return cls(index, Key(name).eq(value), {name: value})


def _index_key(*parts: str) -> str:
    return "#".join(parts)


def _start_refusal(
    website: Item | None,
    quota: Item | None,
    user: Item | None,
    generation: Generation,
    new_website: NewWebsite | None,
) -> DomainError:
    """Return why a start was refused, given the items whose conditions did not hold."""
    if website is not None:
        return _lock_refusal(website) if new_website is None else duplicate(website)
    if quota is not None:
        return Forbidden(
            "quota_exceeded",
            "You have used all generations of this month. They come back on the 1st (UTC).",
            resets_at=timestamp(resets_at(generation.created_at)),
        )
    if user is not None:
        if new_website is not None:
            return no_room(user, new_website.limit)
        return NotFound("user_not_found", "There is no such account.")
    return Conflict("generation_exists", "This generation was already started.")


def _lock_refusal(website: Item) -> DomainError:
    if "active_generation_id" in website:
        return Conflict(
            "generation_in_progress",
            "A generation of this website is already running.",
            generation_id=website["active_generation_id"],
        )
    if "pk" in website:
        return Conflict("website_inactive", "This website is inactive; activate it to generate.")
    return NotFound("website_not_found", "There is no such website.")


def _cursor(item: Item) -> str:
    """Return the place of an item in a list as a word that only means something to us."""
    generation_id = str(item["sk"]).removeprefix(keys.GENERATION)
    return base64.urlsafe_b64encode(json.dumps([generation_id]).encode()).decode().rstrip("=")


def _position(cursor: str | None, user_id: str, place: _Place) -> dict[str, Any] | None:
    """Return the key behind which a list goes on.

    The cursor only carries an id, the rest comes from who asks and what for: a forged one can show nothing else.
    """
    if cursor is None:
        return None
    generation_id = _cursor_id(cursor)
    key = keys.generation(user_id, generation_id)
    position: dict[str, Any] = {"pk": key.pk, "sk": key.sk}
    if place.index_name is not None:
        position |= {**place.key, "generation_id": generation_id}
    return position


def _cursor_id(cursor: str) -> str:
    invalid = Invalid("cursor", "The cursor is not valid.")
    if len(cursor) > _CURSOR_LIMIT:
        raise invalid
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise invalid from None
    match content:
        case [str(generation_id)] if is_id(generation_id):
            return generation_id
    raise invalid
