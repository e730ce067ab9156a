"""Generations with their quota and the lock on their website."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from llmready.domain.controls import Controls
from llmready.domain.generation import ActiveGeneration, Failure, Generation, Progress, Status
from llmready.domain.idempotency import StartRecord
from llmready.domain.mail import OutboxMail
from llmready.domain.user import User
from llmready.domain.webhooks import Delivery
from llmready.domain.website import Website


class StartSnapshot(NamedTuple):
    """Everything that the start of a generation reads.

    Attributes:
        user: The account, or None if it does not exist.
        website: The website, or None if it does not exist.
        controls: The settings of operators.
        earlier: The stored answer to a start with the same idempotency key. It may have expired.
        failed_seconds: Seconds of crawls that failed or were cancelled, by UTC calendar day, of all accounts that
            the email address has had.
        failed_numbers: Number of generations that failed or were cancelled, by UTC calendar day, likewise.
    """

    user: User | None
    website: Website | None
    controls: Controls
    earlier: StartRecord | None = None
    failed_seconds: Mapping[str, int] = MappingProxyType({})
    failed_numbers: Mapping[str, int] = MappingProxyType({})


class NewWebsite(NamedTuple):
    """A website that is stored together with its first generation.

    Attributes:
        website: The website.
        limit: The greatest number of websites that the user may have.
    """

    website: Website
    limit: int


class ScheduledStart(NamedTuple):
    """The scheduled run that is started.

    Attributes:
        due_at: When the run was due. The start is refused if the run is no longer due.
        next_at: When the website's next run is due.
        limit: The greatest number of scheduled runs of the user in this month.
    """

    due_at: datetime
    next_at: datetime
    limit: int


class HistoryPage(NamedTuple):
    """One page of a user's generations, newest first."""

    items: list[Generation]
    next_cursor: str | None


class GenerationQueries(Protocol):
    """Reads of generations."""

    def start_snapshot(self, user_id: str, website_id: str, digest: str | None = None) -> StartSnapshot:
        """Return everything that a start needs to know.

        Args:
            user_id: ID of the user who starts.
            website_id: ID of the website.
            digest: Digest of the idempotency key, if the request has one.
        """

    def start_snapshot_by_url(
        self, user_id: str, canonical_url: str, digest: str | None = None
    ) -> StartSnapshot:
        """Return everything that a start by URL needs to know, in two reads.

        Args:
            user_id: ID of the user who starts.
            canonical_url: Canonical form of the URL. The snapshot contains the user's website with this URL, if there
                is one.
            digest: Digest of the idempotency key, if the request has one.
        """

    def get(self, user_id: str, generation_id: str) -> Generation | None:
        """Return one generation of a user, or None."""

    def get_for_user(self, user_id: str, generation_id: str) -> tuple[User | None, Generation | None]:
        """Return a user and one of their generations in one read; None for each that does not exist."""

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
        """Return one page of a user's generations, newest first.

        Args:
            user_id: ID of the user.
            limit: Greatest number of generations to return.
            offset: How many matching generations to skip; not together with ``cursor``.
            cursor: ``next_cursor`` of the page before.
            website_id: Return only generations of this website.
            status: Return only generations in this state.

        Raises:
            Invalid: The cursor was not created by this list.
        """

    def completed_before(self, generation: Generation) -> Generation | None:
        """Return the newest completed generation of the same website that was started before this one, or None.

        Reads an index that may lag: a generation that was completed a moment ago may be missing.
        """

    def count(self, user: User, *, website_id: str | None = None, status: Status | None = None) -> int:
        """Return how many generations :meth:`history` has for a filter, from counters."""

    def of_website(self, user_id: str, website_id: str, *, at_once: int) -> Iterator[list[Generation]]:
        """Iterate over all generations of a website in lists of up to ``at_once``."""

    def waiting(self, user_id: str) -> Iterator[Generation]:
        """Iterate over a user's generations that are queued by plan limit, oldest first.

        Reads an index that may lag: the newest ones may be missing.
        """

    def running_of(self, user_id: str) -> Iterator[Generation]:
        """Iterate over a user's generations that have not ended."""

    def failed_seconds(self, user_id: str, ledger: str | None) -> Mapping[str, int]:
        """Return the seconds of crawls that failed or were cancelled, by UTC calendar day.

        Args:
            user_id: ID of the user.
            ledger: Fingerprint of the user's email address. None if the user has no ledger.
        """

    def active(self) -> Iterator[ActiveGeneration]:
        """Iterate over all generations that have not ended, oldest first, without their patterns."""

    def running(self) -> Iterator[ActiveGeneration]:
        """Iterate over the generations that a worker has claimed and that have not ended.

        Reads an index that may lag.
        """

    def paid_waits(self, *, browser: bool) -> bool:
        """Return whether a generation of a paid plan is in a queue. Reads an index that may lag.

        Args:
            browser: Whether generations that need a browser count, too.
        """

    def expired(self, time: datetime) -> Iterator[Generation]:
        """Iterate over the completed generations whose files expired before ``time``."""


class GenerationCommands(Protocol):
    """Changes of generations."""

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
        """Store a pending generation, reserve quota and lock the website in one transaction.

        Args:
            generation: The new generation.
            quota_limit: How many generations the user's plan allows in this month.
            running_limit: How many generations of the user may be queued or crawled at once; None for any number.
            record: The answer that is stored for repeats with the same idempotency key; None without a key.
            new_website: The website, if it is to be stored by the same transaction.
            scheduled: The run that a schedule starts, which is counted and replaced by the next one.

        Returns:
            The generation as it was stored: ``waiting`` is set if the user has no free slot.

        Raises:
            AlreadyStarted: Another start with the same idempotency key was stored first.
            Forbidden: The plan allows no further generation this month, no further website, or no further scheduled
                run this month (``schedule_limit``).
            Conflict: The website has a running generation, is inactive, or was added by another request
                (``website_exists``). Or the scheduled run is no longer due.
            NotFound: The website or the account does not exist any more.
        """

    def claim(self, old: Generation, new: Generation) -> None:
        """Replace ``old`` by ``new``, which a worker has leased, if ``old`` is unchanged since it was read.

        Raises:
            LeaseLost: It changed meanwhile.
        """

    def heartbeat(self, generation: Generation, *, lease_expires_at: datetime, progress: Progress) -> None:
        """Extend the lease and store the progress.

        Raises:
            LeaseLost: The generation is no longer leased under this fence.
        """

    def hand_back(self, generation: Generation) -> None:
        """Store a generation as pending again, under the fence that it carries.

        Raises:
            LeaseLost: The generation is no longer leased under this fence.
        """

    def finish(
        self,
        generation: Generation,
        mail: OutboxMail | None,
        *,
        was: Status,
        deliveries: Sequence[Delivery] = (),
        earlier: Generation | None = None,
    ) -> None:
        """Store the end of a generation with all its consequences in one transaction.

        These are the quota, the website lock, the counters, the email and the webhook deliveries.

        The quota is used up by a completed generation that is not free, and given back otherwise.

        Args:
            generation: The ended generation. Its fence must be the stored one.
            mail: The email about the end, which is stored in the outbox; None for no email.
            was: The state in which the stored generation must still be.
            deliveries: The webhook deliveries about the end, which are stored in the outbox.
            earlier: The generation whose archive is shared. Its expiry is renewed. None if the generation has
                its own archive.

        Raises:
            LeaseLost: The stored state or fence is another one. Nothing was stored.
            Gone: The earlier generation was deleted or changed meanwhile. Nothing was stored.
        """

    def release_archive(self, generation: Generation, time: datetime) -> bool:
        """End a generation's reference to its archive before its files are deleted; safe to repeat.

        The files of the generation expire now, so that no later one can refer to them.

        Returns:
            Whether the archive is to be deleted; False if other generations refer to it.

        Raises:
            Conflict: The generation changed since it was read, for example because its expiry was renewed.
            NotFound: It does not exist any more.
        """

    def take_slot(self, generation: Generation, *, running_limit: int) -> bool:
        """Give a waiting generation one of its user's slots.

        Args:
            generation: A generation that is queued by plan limit.
            running_limit: How many generations of the user may be queued or crawled at once.

        Returns:
            False if no slot is free, or the generation does not wait any more.
        """

    def mark_enqueued(self, user_id: str, generation_id: str, time: datetime) -> None:
        """Record that a pending generation was sent to its queue."""

    def delete(self, generation: Generation) -> None:
        """Delete an ended generation from the history.

        Raises:
            Conflict: The generation is running.
            NotFound: It does not exist any more.
        """

    def withdraw(self, generation: Generation, failure: Failure, time: datetime) -> None:
        """Expire the files of a generation now and store why."""

    def files_removed(self, generation: Generation) -> None:
        """Record that the files of a generation were deleted."""


class Generations(GenerationQueries, GenerationCommands, Protocol):
    """Generations: reads and changes."""


class TextRequests(Protocol):
    """Which texts clients of the Firecrawl-compatible endpoint requested. The records are kept for 30 days."""

    def remember(self, user_id: str, generation_id: str, *, full: bool, time: datetime) -> None:
        """Store whether the newest request for a generation asked for the full text."""

    def wants_full(self, user_id: str, generation_id: str) -> bool:
        """Return whether the full text of a generation was asked for."""
