"""What the use cases need from the world outside, and nothing more."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from llmready.domain.generation import Generation, Progress, Status
from llmready.domain.mail import Message, OutboxMail
from llmready.domain.plans import QueueName
from llmready.domain.quota import QuotaUse
from llmready.domain.user import User
from llmready.domain.website import Website


class Users(Protocol):
    """Accounts, unique by address."""

    def create(self, user: User) -> bool:
        """Store a new account; return False when its address already has one."""

    def get(self, user_id: str) -> User | None:
        """Return an account."""

    def by_email(self, email: str) -> User | None:
        """Return the account of an address."""

    def rename(self, user_id: str, full_name: str | None, time: datetime) -> User:
        """Change the name of an account and return it."""

    def set_plan(self, user_id: str, plan_name: str, time: datetime) -> User:
        """Put an account on a plan and return it."""


class Sessions(Protocol):
    """Refresh token families: one a login, of which only the newest token is good."""

    def open(self, user_id: str, family: str, token_id: str, expires_at: datetime) -> None:
        """Begin a family with its first token."""

    def rotate(self, user_id: str, family: str, old: str, new: str, expires_at: datetime) -> bool:
        """Replace the newest token; return False, with the family revoked, when ``old`` is not the newest."""

    def close(self, user_id: str, family: str) -> None:
        """Revoke a family."""


class WebsitePage(NamedTuple):
    """Some of a user's websites, newest first."""

    items: list[Website]
    total: int


class Websites(Protocol):
    """A user's websites, unique by canonical URL."""

    def create(self, website: Website, *, limit: int) -> None:
        """Store a new website.

        Raises:
            Conflict: The user already has this URL.
            Forbidden: The user already has ``limit`` websites.
        """

    def get(self, user_id: str, website_id: str) -> Website | None:
        """Return one website of a user."""

    def page(self, user_id: str, *, offset: int, limit: int, is_active: bool | None) -> WebsitePage:
        """Return ``limit`` websites from ``offset``."""

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the ids of a user's ``count`` oldest websites."""

    def update(self, old: Website, new: Website) -> None:
        """Store the changed fields of a website.

        Raises:
            Conflict: The user already has the new URL.
        """

    def delete(self, website: Website) -> None:
        """Remove a website.

        Raises:
            Conflict: A generation of it is running.
        """


class Opening(NamedTuple):
    """What a start needs to know, read at once."""

    user: User | None
    website: Website | None


class HistoryPage(NamedTuple):
    """Some of a user's generations, newest first."""

    items: list[Generation]
    next_cursor: str | None


class Generations(Protocol):
    """Generations, their quota and the lock they hold on their website."""

    def opening(self, user_id: str, website_id: str) -> Opening:
        """Return the user and the website of a start in one read."""

    def start(self, generation: Generation, *, quota_limit: int) -> None:
        """Store a pending generation, take quota and lock the website, or none of it.

        Raises:
            Forbidden: The month's quota is used up.
            Conflict: The website has a running generation, is inactive, or is gone.
        """

    def get(self, user_id: str, generation_id: str) -> Generation | None:
        """Return one generation of a user."""

    def get_for_user(self, user_id: str, generation_id: str) -> tuple[User | None, Generation | None]:
        """Return a user and one generation of theirs in one read."""

    def claim(self, old: Generation, new: Generation) -> None:
        """Store ``new`` if the generation still is as ``old`` was read.

        Raises:
            LeaseLost: Somebody else changed it meanwhile.
        """

    def heartbeat(self, generation: Generation, *, lease_expires_at: datetime, progress: Progress) -> None:
        """Prolong the lease and store the progress.

        Raises:
            LeaseLost: The generation is no longer held under this fence.
        """

    def hand_back(self, generation: Generation) -> None:
        """Store a generation as pending again, under the fence that it carries.

        Raises:
            LeaseLost: The generation is no longer held under this fence.
        """

    def finish(self, generation: Generation, mail: OutboxMail | None, *, was: Status) -> None:
        """Store the end of a generation with all that follows from it, or nothing.

        Quota is committed for a completed one and released otherwise, the website unlocked, the counters moved,
        the mail put into the outbox.

        Args:
            generation: The ended generation; its fence must be the stored one.
            mail: What to tell the user.
            was: The state that it must still be in.

        Raises:
            LeaseLost: It is no longer in that state under that fence.
        """

    def mark_enqueued(self, user_id: str, generation_id: str, time: datetime) -> None:
        """Note that a pending generation was sent to its queue."""

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
        """Return ``limit`` generations after ``offset`` or ``cursor``."""

    def count(self, user: User, *, website_id: str | None = None, status: Status | None = None) -> int:
        """Return how many generations the history shows for a filter, from counters."""

    def delete(self, generation: Generation) -> None:
        """Remove an ended generation from the history.

        Raises:
            Conflict: It is running.
        """

    def active(self) -> Iterator[Generation]:
        """Walk all generations that have not ended, oldest first."""

    def expired(self, time: datetime) -> Iterator[Generation]:
        """Walk completed generations whose files should be gone by ``time``."""

    def files_removed(self, generation: Generation) -> None:
        """Note that the files of a generation were deleted."""


class Quotas(Protocol):
    """The monthly ledgers."""

    def get(self, user_id: str, month: str) -> QuotaUse:
        """Return a user's ledger of a month."""

    def with_user(self, user_id: str, month: str) -> tuple[User | None, QuotaUse]:
        """Return a user with the ledger of a month in one read."""

    def of_month(self, month: str) -> Iterator[tuple[str, QuotaUse]]:
        """Walk the ledgers of a month that are not closed, with their users' ids."""

    def close(self, user_id: str, month: str, time: datetime) -> None:
        """Close a ledger of a past month; closing it again changes nothing."""


class Outbox(Protocol):
    """Mails on their way."""

    def put(self, mail: OutboxMail) -> None:
        """Store a mail to be sent."""

    def claim(self, user_id: str, mail_id: str, *, time: datetime, until: datetime) -> OutboxMail | None:
        """Take a mail to send it; None when it was sent, or somebody else is at it until later."""

    def sent(self, mail: OutboxMail, time: datetime) -> None:
        """Note that a provider took a mail."""

    def due(self, time: datetime) -> Iterator[OutboxMail]:
        """Walk the mails that should have gone out by ``time``."""


class Limiter(Protocol):
    """How often something may be done."""

    def take(self, name: str, key: str, *, per_minute: int, time: datetime) -> int:
        """Take one; return 0 when allowed, else the whole seconds until the next is."""


class Lockout(Protocol):
    """Failed logins of an address, whether or not it has an account."""

    def locked_for(self, fingerprint: str, time: datetime) -> int:
        """Return the whole seconds for which the address is locked, 0 when it is not."""

    def failed(self, fingerprint: str, time: datetime) -> None:
        """Count a failed login."""

    def cleared(self, fingerprint: str) -> None:
        """Forget the failed logins after a good one."""


class Mutex(Protocol):
    """A short lease that only one process holds."""

    def acquire(self, name: str, *, time: datetime, until: datetime) -> bool:
        """Take the lease; return False when another holds it, who then learns that somebody waited."""

    def release(self, name: str) -> bool:
        """Give the lease back; return False when somebody waited for it meanwhile."""


class JobQueue(Protocol):
    """Where generations wait for a worker."""

    def send(self, generation: Generation) -> None:
        """Send a generation to its queue."""


class MailQueue(Protocol):
    """Where mails wait for the notifier."""

    def send(self, mail: OutboxMail) -> None:
        """Ask the notifier to send a mail from the outbox."""


class DispatcherBell(Protocol):
    """How the dispatcher learns of work before its minute is over."""

    def ring(self, user_id: str, generation_id: str) -> None:
        """Tell it that a generation was sent to its queue; never raises, the schedule comes anyway."""


class Archives(Protocol):
    """The finished files."""

    def store(self, path: Path, key: str, sha256: str) -> None:
        """Store a file under a key."""

    def delete_all(self, prefix: str) -> None:
        """Delete all files under a prefix."""

    def download_url(self, key: str, *, filename: str, seconds: int) -> str:
        """Return a presigned URL that saves the file as ``filename``."""


class Tasks(Protocol):
    """The worker tasks."""

    def alive(self) -> int:
        """Return how many tasks are starting or running."""

    def run(self, count: int, *, token: str) -> int:
        """Start up to ``count`` tasks, once a token, and return how many were started."""


class Mailer(Protocol):
    """A provider of mail."""

    def send(self, message: Message, *, mail_id: str) -> None:
        """Hand a mail to the provider.

        Raises:
            TryAgain: The provider did not take it.
        """


class QueuedJob(NamedTuple):
    """One delivery of a generation to a worker."""

    user_id: str
    generation_id: str
    queue: QueueName
    receipt: str
