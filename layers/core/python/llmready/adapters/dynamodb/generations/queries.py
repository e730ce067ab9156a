"""Reads of generations."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.controls import controls_from
from llmready.adapters.dynamodb.generations.items import (
    failed_numbers_from,
    failed_seconds_from,
    generation_from,
    record_from,
)
from llmready.adapters.dynamodb.generations.lists import Place, cursor_after, position_of
from llmready.adapters.dynamodb.table import Item, Table
from llmready.adapters.dynamodb.users import user_from
from llmready.adapters.dynamodb.websites import website_from
from llmready.domain.clock import timestamp
from llmready.domain.generation import ActiveGeneration, Generation, Status
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.ports.generations import HistoryPage, StartSnapshot

_LOOK_UP = 100  # number of generations from an index that are read at once
_FEW = 5  # the same, if one of them is enough
# Read in the order in which a generation changes its kind, so that one that does so meanwhile is not missed.
_ACTIVE_KINDS = (
    keys.DUE_WAITING,
    keys.DUE_FREE,
    keys.DUE_PAID_BROWSER,
    keys.DUE_PAID,
    keys.DUE_RUNNING,
)
_STORED_AS = {"waiting": "held", "settings": "settings.use_playwright"}
_ACTIVE_ATTRIBUTES = [_STORED_AS.get(name, name) for name in ActiveGeneration.model_fields]


class DynamoGenerationQueries:
    """Implements :class:`llmready.ports.generations.GenerationQueries`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def start_snapshot(self, user_id: str, website_id: str, digest: str | None = None) -> StartSnapshot:
        """Return everything that a start needs to know, in two reads: the first one finds the user's address."""
        website, older, rest = self._snapshot(user_id, keys.website(user_id, website_id), digest)
        failed = self._table.get_many(_failed_crawls_of(rest.user))
        return _with_failed(rest, older, *failed)._replace(website=website_from(website))

    def start_snapshot_by_url(
        self, user_id: str, canonical_url: str, digest: str | None = None
    ) -> StartSnapshot:
        """Return the same for the website with a URL. The first read also finds the website's ID."""
        claim, older, rest = self._snapshot(user_id, keys.website_url(user_id, canonical_url), digest)
        place = [keys.website(user_id, claim["website_id"])] if claim is not None else []
        found = self._table.get_many([*place, *_failed_crawls_of(rest.user)])
        website, failed = found[: len(place)], found[len(place) :]
        return _with_failed(rest, older, *failed)._replace(website=website_from(*website or [None]))

    def _snapshot(
        self, user_id: str, place: keys.Key, digest: str | None
    ) -> tuple[Item | None, Item | None, StartSnapshot]:
        wanted = [keys.profile(user_id), place, keys.CONTROLS, keys.failed_crawls(user_id)]
        if digest is not None:
            wanted.append(keys.start_record(user_id, digest))
        user, item, controls, failed, *record = self._table.get_many(wanted)
        snapshot = StartSnapshot(
            user_from(user), None, controls_from(controls), record_from(*record or [None])
        )
        return item, failed, snapshot

    def get(self, user_id: str, generation_id: str) -> Generation | None:
        """Return one generation of a user."""
        return generation_from(self._table.get(keys.generation(user_id, generation_id)))

    def get_for_user(self, user_id: str, generation_id: str) -> tuple[User | None, Generation | None]:
        """Return a user and one generation of theirs in one read."""
        user, generation = self._table.get_many(
            [keys.profile(user_id), keys.generation(user_id, generation_id)]
        )
        return user_from(user), generation_from(generation)

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
        place = Place.of(user_id, website_id, status, skips=offset > 0)
        found = self._table.query(
            place.condition,
            index=place.index_name,
            newest_first=True,
            page_size=offset + limit + 1,
            after=position_of(cursor, user_id, place),
        )
        entries = list(islice(found, offset, offset + limit + 1))
        shown = entries[:limit]
        items = shown if place.index_name is None else self._read(shown)
        generations = [Generation.model_validate(item) for item in items]
        if status is not None:  # the index may lag behind
            generations = [generation for generation in generations if generation.status is status]
        return HistoryPage(generations, cursor_after(shown[-1]) if len(entries) > limit else None)

    def completed_before(self, generation: Generation) -> Generation | None:
        """Return the completed generation of the same website before this one."""
        page = self.history(
            generation.user_id,
            limit=1,
            cursor=cursor_after({"sk": keys.GENERATION + generation.id}),
            website_id=generation.website_id,
            status=Status.COMPLETED,
        )
        return page.items[0] if page.items else None

    def count(self, user: User, *, website_id: str | None = None, status: Status | None = None) -> int:
        """Return the number of generations in the history for a filter."""
        if status is not None and not status.is_final:
            place = Place.of(user.id, website_id, status)
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

    def of_website(self, user_id: str, website_id: str, *, at_once: int) -> Iterator[list[Generation]]:
        """Iterate over all generations of a website in lists of ``at_once``, oldest first."""
        place = Place.of(user_id, website_id, None)
        return self._chunks(place.condition, keys.BY_WEBSITE_INDEX, at_once)

    def waiting(self, user_id: str) -> Iterator[Generation]:
        """Iterate over a user's generations that wait for a slot, oldest first. The newest may be missing."""
        place = Place.of(user_id, None, Status.PENDING)
        for chunk in self._chunks(place.condition, keys.BY_STATUS_INDEX, _LOOK_UP):
            yield from (found for found in chunk if found.waiting and found.status is Status.PENDING)

    def running_of(self, user_id: str) -> Iterator[Generation]:
        """Iterate over a user's generations that have not ended, with consistent reads."""
        condition = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.GENERATION)
        running = Attr("status").is_in([Status.PENDING, Status.PROCESSING])
        for item in self._table.query(condition, where=running):
            yield Generation.model_validate(item)

    def failed_seconds(self, user_id: str, ledger: str | None) -> dict[str, int]:
        """Return the seconds of crawls that failed or were cancelled, by UTC calendar day."""
        wanted = dict.fromkeys([keys.failed_crawls(user_id), keys.failed_crawls(user_id, ledger)])
        return failed_seconds_from(*self._table.get_many(list(wanted)))

    def active(self) -> Iterator[ActiveGeneration]:
        """Iterate over all generations that have not ended, oldest first, without their patterns."""
        seen: set[str] = set()  # a generation that changes its kind during the reads is found twice
        for generation in self._active(*_ACTIVE_KINDS):
            if not generation.status.is_final and generation.id not in seen:
                seen.add(generation.id)
                yield generation

    def running(self) -> Iterator[ActiveGeneration]:
        """Iterate over the generations that a worker has claimed and that have not ended."""
        return (
            generation
            for generation in self._active(keys.DUE_RUNNING)
            if generation.status is Status.PROCESSING
        )

    def paid_waits(self, *, browser: bool) -> bool:
        """Return whether a generation of a paid plan is in a queue.

        Entries of the index that are out of date are skipped. They are few, because the index lags only briefly. The
        first kind can also contain generations of earlier versions in any state.
        """
        kinds = (keys.DUE_PAID, keys.DUE_PAID_BROWSER) if browser else (keys.DUE_PAID,)
        return any(
            generation.paid
            and generation.status is Status.PENDING
            and not generation.waiting
            and (browser or not generation.settings.use_playwright)
            for kind in kinds
            for generation in self._active(kind, at_once=_FEW)
        )

    def _active(self, *kinds: str, at_once: int = _LOOK_UP) -> Iterator[ActiveGeneration]:
        """Iterate over the active generations of some kinds, oldest first."""
        page_size = at_once if at_once < _LOOK_UP else None
        entries = merge(
            *(
                self._table.query(Key("due_kind").eq(kind), index=keys.DUE_INDEX, page_size=page_size)
                for kind in kinds
            ),
            key=itemgetter("due_at"),
        )
        while chunk := list(islice(entries, at_once)):
            for item in self._read(chunk, _ACTIVE_ATTRIBUTES):
                yield ActiveGeneration.model_validate(item)

    def expired(self, time: datetime) -> Iterator[Generation]:
        """Iterate over completed generations whose files expired before ``time``."""
        condition = Key("due_kind").eq(keys.DUE_EXPIRY) & Key("due_at").lte(timestamp(time))
        for generation in self._due(condition):
            if generation.archive is not None and generation.is_expired(time):
                yield generation

    def _due(self, condition: ConditionBase) -> Iterator[Generation]:
        """Iterate over the items of index entries. Items are read consistently, because the index may lag."""
        for chunk in self._chunks(condition, keys.DUE_INDEX, _LOOK_UP):
            yield from chunk

    def _chunks(self, condition: ConditionBase, index: str, size: int) -> Iterator[list[Generation]]:
        entries = self._table.query(condition, index=index)
        while chunk := list(islice(entries, size)):
            yield [Generation.model_validate(item) for item in self._read(chunk)]

    def _read(self, entries: list[Item], attributes: Sequence[str] = ()) -> list[Item]:
        found = self._table.get_many([keys.Key(entry["pk"], entry["sk"]) for entry in entries], attributes)
        return [item for item in found if item is not None]


def _failed_crawls_of(user: User | None) -> list[keys.Key]:
    """Return the key of the failed crawls of a user's address, if they are stored under it."""
    if user is None or user.quota_ledger is None:
        return []
    return [keys.failed_crawls(user.id, user.quota_ledger)]


def _with_failed(snapshot: StartSnapshot, *failed: Item | None) -> StartSnapshot:
    return snapshot._replace(
        failed_seconds=failed_seconds_from(*failed), failed_numbers=failed_numbers_from(*failed)
    )
