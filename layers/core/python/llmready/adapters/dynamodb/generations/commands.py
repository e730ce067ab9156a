"""Changes of generations, together with the quota and the website lock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.deliveries import delivery_item
from llmready.adapters.dynamodb.generations.items import ENDED, active_kind, generation_item, record_from
from llmready.adapters.dynamodb.generations.shared_archives import release_archive, share_writes
from llmready.adapters.dynamodb.generations.unlocking import has_changed, unlock_website, url_over_http
from llmready.adapters.dynamodb.outbox import outbox_item
from llmready.adapters.dynamodb.schedules import is_due_at
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused, Write
from llmready.adapters.dynamodb.users import may_start, user_from
from llmready.adapters.dynamodb.websites import duplicate, has_room, no_room, website_writes
from llmready.domain.account import suspended
from llmready.domain.clock import timestamp
from llmready.domain.errors import Conflict, DomainError, Forbidden, Gone, LeaseLost, NotFound
from llmready.domain.failed_crawls import day_of
from llmready.domain.generation import Failure, Generation, Progress, Status
from llmready.domain.idempotency import AlreadyStarted, StartRecord
from llmready.domain.mail import OutboxMail
from llmready.domain.quota import resets_at
from llmready.domain.webhooks import Delivery
from llmready.ports.generations import NewWebsite, ScheduledStart

_FAILED_CRAWLS_KEPT = timedelta(days=2)


class DynamoGenerationCommands:
    """Implements :class:`llmready.ports.generations.GenerationCommands`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def start(
        self,
        generation: Generation,
        *,
        quota_limit: int,
        running_limit: int | None = None,
        record: StartRecord | None = None,
        new_website: NewWebsite | None = None,
        scheduled: ScheduledStart | None = None,
    ) -> Generation:
        """Store a pending generation, reserve quota and lock the website (which may be new) in one transaction."""
        user_id = generation.user_id
        has_quota: ConditionBase = Attr("taken").not_exists() | Attr("taken").lt(quota_limit)
        if scheduled is not None:
            has_quota &= Attr("scheduled").not_exists() | Attr("scheduled").lt(scheduled.limit)
        take = self._table.update(
            keys.quota(user_id, generation.month, generation.quota_ledger),
            change={
                "user_id": user_id,
                "month": generation.month,
                "due_kind": keys.due_quota(generation.month),
                "due_at": user_id,
            },
            # A ledger whose account was deleted expires, unless the address signed up again.
            remove=["ttl"],
            add={"taken": 1, "reserved": 1, **({"scheduled": 1} if scheduled is not None else {})},
            condition=has_quota,
        )
        lock, *others = self._locking(generation, new_website, scheduled)
        capped = running_limit is not None and not generation.waiting
        counts = {"running_count": 1, "generation_count": 1, "slots_taken": 0 if generation.waiting else 1}
        allowed = may_start() & _has_slot(running_limit) if capped else may_start()
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
            known = user_from(user)
            if known is not None and known.suspended_at is not None:
                raise suspended() from None
            if capped and known is not None and (website, quota) == (None, None):
                return self.start(
                    generation.model_copy(update={"waiting": True}),
                    quota_limit=quota_limit,
                    record=record,
                    new_website=new_website,
                    scheduled=scheduled,
                )
            if quota is not None and quota.get("taken", 0) < quota_limit:
                raise _schedule_limit() from None
            raise _start_refusal(website, quota, user, generation, new_website) from None
        return generation

    def _locking(
        self, generation: Generation, new_website: NewWebsite | None, scheduled: ScheduledStart | None
    ) -> list[Write]:
        """Return the writes that lock the website. If the website cannot be locked, the first write is refused."""
        if new_website is not None:
            locked = new_website.website.changed(active_generation_id=generation.id)
            return website_writes(self._table, locked)
        change = {"active_generation_id": generation.id}
        free = (
            Attr("pk").exists() & Attr("active_generation_id").not_exists() & Attr("is_active").eq(True)  # noqa: FBT003 - boto3's condition builder
        )
        if scheduled is not None:
            change["due_at"] = timestamp(scheduled.next_at)
            free &= is_due_at(scheduled.due_at)
        key = keys.website(generation.user_id, generation.website_id)
        return [self._table.update(key, change=change, condition=free)]

    def _remember(self, generation: Generation, record: StartRecord) -> Write:
        key = keys.start_record(generation.user_id, record.digest)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            **record.model_dump(mode="json"),
            "ttl": int(record.expires_at.timestamp()),
        }
        # DynamoDB deletes expired items only after up to two days.
        free = Attr("pk").not_exists() | Attr("expires_at").lte(timestamp(generation.created_at))
        return self._table.put(item, free)

    def _refuse_repeat(self, generation: Generation, record: StartRecord) -> None:
        """Raise AlreadyStarted if the conflicting start was the same request with the same idempotency key."""
        key = keys.start_record(generation.user_id, record.digest)
        earlier = record_from(self._table.get(key))
        if earlier is not None and earlier.expires_at > generation.created_at:
            raise AlreadyStarted(earlier)

    def claim(self, old: Generation, new: Generation) -> None:
        """Store ``new`` if the generation has not changed since ``old`` was read."""
        unchanged = _is_in(old.fence, old.status) & (
            Attr("lease_expires_at").eq(timestamp(old.lease_expires_at))
            if old.lease_expires_at
            else Attr("lease_expires_at").not_exists()
        )
        self._replace(new, unchanged)

    def heartbeat(self, generation: Generation, *, lease_expires_at: datetime, progress: Progress) -> None:
        """Extend the lease and store the progress."""
        write = self._table.update(
            keys.generation(generation.user_id, generation.id),
            change={
                "lease_expires_at": timestamp(lease_expires_at),
                "pages_crawled": progress.pages_crawled,
                "total_pages": progress.total_pages,
                "pages_failed": progress.pages_failed,
                "progress_percentage": progress.percentage,
                "waited_seconds": generation.waited_seconds,
                **(
                    {"progressed_at": timestamp(generation.progressed_at)} if generation.progressed_at else {}
                ),
            },
            condition=_is_in(generation.fence, Status.PROCESSING),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            raise LeaseLost from None

    def hand_back(self, generation: Generation) -> None:
        """Store a generation as pending again, under the fence that it carries."""
        self._replace(generation, _is_in(generation.fence, Status.PROCESSING))

    def finish(
        self,
        generation: Generation,
        mail: OutboxMail | None,
        *,
        was: Status,
        deliveries: Sequence[Delivery] = (),
        earlier: Generation | None = None,
    ) -> None:
        """Store the end of a generation and all its consequences in one transaction."""
        user_id = generation.user_id
        completed = generation.status is Status.COMPLETED
        failed = generation.status is Status.FAILED
        settle = self._table.update(
            keys.quota(user_id, generation.month, generation.quota_ledger),
            add={"reserved": -1, **({"used": 1} if completed and not generation.is_free else {"taken": -1})},
        )
        outcome = {"completed_count": int(completed), "failed_count": int(failed)}
        count = self._table.update(
            keys.profile(user_id),
            add={
                "running_count": -1,
                "slots_taken": 0 if generation.waiting else -1,
                f"listed_{generation.status}": 1,
                **outcome,
            },
            condition=Attr("pk").exists(),
        )
        url = url_over_http(generation) if completed else None
        writes: list[Write] = [
            self._table.put(
                generation_item(generation),
                _is_in(generation.fence, was) & Attr("held").eq(generation.waiting),
            ),
            settle,
            count,
            unlock_website(self._table, generation, url=url),
        ]
        if earlier is not None:
            writes += share_writes(self._table, earlier, generation)
        if not completed and generation.completed_at:
            writes.append(self._count_failure(generation, generation.completed_at))
        if mail is not None:
            writes.append(self._table.put(outbox_item(mail), Attr("pk").not_exists()))
        writes += [self._table.put(delivery_item(delivery)) for delivery in deliveries]
        try:
            try:
                self._table.transact(writes)
            except TransactionRefused as refused:
                if url is None or not has_changed(refused.failed[3], generation):
                    raise
                writes[3] = unlock_website(self._table, generation)
                self._table.transact(writes)
        except TransactionRefused as refused:
            if (
                earlier is not None
                and refused.failed[0] is None
                and any(item is not None for item in refused.failed[4:6])
            ):
                raise Gone("files_expired", "The earlier archive does not exist any more.") from None
            raise LeaseLost from None

    def release_archive(self, generation: Generation, time: datetime) -> bool:
        """End a generation's reference to its archive before its files are deleted."""
        return release_archive(self._table, generation, time)

    def _count_failure(self, generation: Generation, time: datetime) -> Write:
        day = day_of(time)
        lost = {day: generation.lost_seconds} if generation.lost_seconds else {}
        return self._table.update(
            keys.failed_crawls(generation.user_id, generation.quota_ledger),
            change={"ttl": int((time + _FAILED_CRAWLS_KEPT).timestamp())},
            add={**lost, f"{day}{ENDED}": 1},
        )

    def take_slot(self, generation: Generation, *, running_limit: int) -> bool:
        """Give a waiting generation a slot.

        Return False if no slot is free or the generation no longer waits.
        """
        release = self._table.update(
            keys.generation(generation.user_id, generation.id),
            change={"held": False, "due_kind": active_kind(generation.model_copy(update={"waiting": False}))},
            condition=Attr("held").eq(True) & Attr("status").eq(Status.PENDING),  # noqa: FBT003 - see start()
        )
        take = self._table.update(
            keys.profile(generation.user_id),
            add={"slots_taken": 1},
            condition=may_start() & _has_slot(running_limit),
        )
        try:
            self._table.transact([release, take])
        except TransactionRefused:
            return False
        return True

    def mark_enqueued(self, user_id: str, generation_id: str, time: datetime) -> None:
        """Record that a pending generation was sent to its queue."""
        write = self._table.update(
            keys.generation(user_id, generation_id),
            change={"enqueued_at": timestamp(time)},
            condition=Attr("status").eq(Status.PENDING),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # a worker has claimed it already, or it has ended

    def delete(self, generation: Generation) -> None:
        """Delete an ended generation from the history."""
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
        # Its website was deleted earlier.
        try:
            self._table.transact([remove, profile])
        except TransactionRefused:
            raise gone from None

    def withdraw(self, generation: Generation, failure: Failure, time: datetime) -> None:
        """Make the files of a generation expire now, and store the reason."""
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
        """Record that the files of a generation were deleted."""
        write = self._table.update(
            keys.generation(generation.user_id, generation.id),
            remove=["due_kind", "due_at"],
            condition=Attr("status").eq(Status.COMPLETED),
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return  # the user deleted it meanwhile

    def _replace(self, generation: Generation, condition: ConditionBase) -> None:
        try:
            self._table.write(self._table.put(generation_item(generation), condition))
        except ConditionFailed:
            raise LeaseLost from None


def _has_slot(running_limit: int | None) -> ConditionBase:
    return Attr("slots_taken").not_exists() | Attr("slots_taken").lt(running_limit)


def _schedule_limit() -> Forbidden:
    return Forbidden("schedule_limit", "All scheduled runs of this month were already started.")


def _is_in(fence: int, status: Status) -> ConditionBase:
    return Attr("fence").eq(fence) & Attr("status").eq(status)


def _start_refusal(
    website: Item | None,
    quota: Item | None,
    user: Item | None,
    generation: Generation,
    new_website: NewWebsite | None,
) -> DomainError:
    """Return why a start was refused, given the items whose conditions failed."""
    if website is not None:
        return _lock_refusal(website) if new_website is None else duplicate(website)
    if quota is not None:
        return Forbidden(
            "quota_exceeded",
            "You have used all generations of this month. The quota resets on the 1st (UTC).",
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
