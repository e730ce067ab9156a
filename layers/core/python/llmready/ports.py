"""What the use cases need from the world outside, and nothing more."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from llmready.domain.audit import AuditRecord
from llmready.domain.controls import Controls
from llmready.domain.errors import DomainError
from llmready.domain.generation import Failure, Generation, Progress, ScanResult, Status
from llmready.domain.idempotency import StartRecord
from llmready.domain.limits import Rate, Standing
from llmready.domain.mail import MailKind, MailPreferences, Message, OutboxMail, Suppression
from llmready.domain.mail_tokens import MailToken, Purpose
from llmready.domain.plans import Lane
from llmready.domain.quota import QuotaUse
from llmready.domain.user import User
from llmready.domain.website import Purge, Website


class Deletion(NamedTuple):
    """An account that is being deleted."""

    user_id: str
    deleted_at: datetime


class Users(Protocol):
    """Accounts, unique by address."""

    def create(self, user: User, welcome: OutboxMail | None = None) -> bool:
        """Store a new account with its first mail; return False when its address already has one."""

    def get(self, user_id: str) -> User | None:
        """Return an account; one that is being deleted is none any more."""

    def by_email(self, email: str) -> User | None:
        """Return the account of an address; takes as long when there is none."""

    def by_fingerprint(self, fingerprint: str) -> User | None:
        """Return the account of an address of which only the fingerprint is known."""

    def rename(self, user_id: str, full_name: str | None, time: datetime) -> User:
        """Change the name of an account and return it."""

    def choose_mails(self, user_id: str, preferences: MailPreferences, time: datetime) -> User:
        """Change which mails a user wants, and return the account."""

    def set_plan(self, user: User, plan_name: str, time: datetime, *, by: str) -> User:
        """Put an account on a plan, with a record of which operator did it, and return it.

        Raises:
            Conflict: The plan changed since the account was read.
        """

    def note(self, user_id: str, event: str, time: datetime, *, by: str, after: str) -> None:
        """Write down what an operator did to an account: ``event``, with what it was done to in ``after``."""

    def audit(self, user_id: str) -> Iterator[AuditRecord]:
        """Walk what was done to an account, newest first."""

    def verify(self, token: MailToken, time: datetime) -> bool:
        """Note that an address was confirmed with a token, which is used up; False when it is not good."""

    def reset_password(self, token: MailToken, password_hash: str, told: OutboxMail, time: datetime) -> bool:
        """Store a new password with a token, which is used up, and end all sign-ins; False when it is not good."""

    def change_password(
        self, user: User, password_hash: str, told: OutboxMail, time: datetime, *, kept_family: str | None
    ) -> bool:
        """Store a new password in the place of the one that ``user`` was read with, and end all other sign-ins.

        Returns:
            False when the account or its password changed meanwhile.
        """

    def rehash(self, user: User, password_hash: str) -> None:
        """Store the same password under other parameters, unless it was changed meanwhile."""

    def mark_deleted(self, user: User, time: datetime) -> bool:
        """Take everything personal from an account and free its address; False when that was done before."""

    def deleted(self, time: datetime) -> Iterator[Deletion]:
        """Walk the deletions that are to be gone on with at ``time``."""

    def look_again(self, user_id: str, time: datetime) -> None:
        """Have :meth:`deleted` find a deletion again at ``time``."""

    def remove_some(self, user_id: str) -> bool:
        """Remove some of what a deleted account has in the table, all but its mark; False when nothing is left."""

    def remove_mark(self, user_id: str) -> None:
        """Remove the last that is left of a deleted account."""


class Sessions(Protocol):
    """Refresh token families: one a login, of which only the newest token is good."""

    def open(
        self, user_id: str, family: str, token_id: str, *, opened_at: datetime, expires_at: datetime
    ) -> bool:
        """Begin a family with its first token; return False when the account is gone."""

    def rotate(self, user_id: str, family: str, old: str, new: str, expires_at: datetime) -> bool:
        """Replace the newest token; return False, with the family revoked, when ``old`` is not the newest."""

    def close(self, user_id: str, family: str) -> None:
        """Revoke a family."""

    def close_all(self, user_id: str, *, but: str | None) -> None:
        """Revoke all families of an account but one."""


class MailTokens(Protocol):
    """One-use tokens that mails carry."""

    def issue(self, user_id: str, purpose: Purpose, time: datetime) -> str:
        """Return a new token of an account; only its hash is kept."""

    def revoke_all(self, user_id: str) -> None:
        """Remove all tokens of an account."""


class ExportPage(NamedTuple):
    """Some of what is held about a user: by kind, the records as they may be shown."""

    records: dict[str, list[dict[str, Any]]]
    next_cursor: str | None


class Exports(Protocol):
    """What is held about a user."""

    def page(self, user_id: str, cursor: str | None) -> ExportPage:
        """Return what comes after ``cursor``.

        Raises:
            Invalid: The cursor is none of ours.
        """


class WebsitePage(NamedTuple):
    """Some of a user's websites, newest first, with the user (None when the account is gone).

    ``last_id`` is the website behind which the list goes on, None at its end.
    """

    user: User | None
    items: list[Website]
    total: int
    last_id: str | None


class Websites(Protocol):
    """A user's websites, unique by canonical URL."""

    def create(self, website: Website, *, limit: int) -> None:
        """Store a new website.

        Raises:
            Conflict: The user already has this URL.
            Forbidden: The user already has ``limit`` websites.
        """

    def create_some(self, websites: Sequence[Website], *, limit: int) -> list[DomainError | None]:
        """Store the first of several new websites of a user, as many as can be stored at once.

        Returns:
            What became of those that were dealt with, at least one: None where it was stored, else why not.
        """

    def get_for_user(self, user_id: str, website_id: str) -> tuple[User | None, Website | None]:
        """Return a user and one website of theirs in one read."""

    def get_some(self, user_id: str, website_ids: Sequence[str]) -> list[Website | None]:
        """Return websites of a user in the order of their ids, None for each that is missing."""

    def page(
        self, user_id: str, *, offset: int, limit: int, is_active: bool | None, after: str | None = None
    ) -> WebsitePage:
        """Return ``limit`` websites from ``offset``, of those behind the id ``after``."""

    def oldest(self, user_id: str, count: int) -> list[str]:
        """Return the ids of a user's ``count`` oldest websites."""

    def update(self, old: Website, new: Website) -> None:
        """Store the changed fields of a website.

        Raises:
            Conflict: The user already has the new URL.
        """

    def update_some(self, changes: Sequence[tuple[Website, Website]]) -> list[DomainError | None]:
        """Store the first of several changes, each of another website of a user; like :meth:`create_some`."""

    def delete(self, website: Website, time: datetime) -> Purge | None:
        """Remove a website and return what it leaves behind, None for nothing.

        Raises:
            Conflict: A generation of it is running.
        """

    def delete_some(self, websites: Sequence[Website], time: datetime) -> list[DomainError | None]:
        """Remove the first of several websites of a user; like :meth:`create_some`."""


class Purges(Protocol):
    """What deleted websites leave behind, until all of it is gone."""

    def get(self, user_id: str, website_id: str) -> Purge | None:
        """Return what is left of a deleted website."""

    def due(self, time: datetime) -> Iterator[Purge]:
        """Walk the purges that began before ``time``."""

    def remove(self, purge: Purge, generations: Sequence[Generation]) -> int:
        """Remove up to 98 ended generations with their counters, and return how many were removed."""

    def done(self, purge: Purge) -> None:
        """Forget a purge: nothing is left."""


class PurgeBell(Protocol):
    """Who goes on with a purge that is too large for one request."""

    def ring(self, purge: Purge) -> None:
        """Ask for a purge to be continued; never raises, the cleanup comes anyway."""


class Opening(NamedTuple):
    """What a start needs to know, read at once."""

    user: User | None
    website: Website | None
    controls: Controls
    earlier: StartRecord | None = None
    """What a start under the same key was answered with; it may have expired."""


class HistoryPage(NamedTuple):
    """Some of a user's generations, newest first."""

    items: list[Generation]
    next_cursor: str | None


class Generations(Protocol):
    """Generations, their quota and the lock they hold on their website."""

    def opening(self, user_id: str, website_id: str, digest: str | None = None) -> Opening:
        """Return the user and the website of a start, the controls and what is stored under a key in one read."""

    def start(
        self,
        generation: Generation,
        *,
        quota_limit: int,
        running_limit: int | None = None,
        record: StartRecord | None = None,
    ) -> Generation:
        """Store a pending generation, take quota and lock the website, or none of it.

        Args:
            generation: To be stored.
            quota_limit: The month's.
            running_limit: How many of the user may be in a queue or crawled at once; None for any number.
            record: What a repeat under the same key is to be answered with.

        Returns:
            The generation as it was stored: held, where the user has no slot left.

        Raises:
            AlreadyStarted: Another start under the same key was faster.
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

    def held(self, user_id: str) -> Iterator[Generation]:
        """Walk the generations of a user that wait for a slot, oldest first; the newest may be missing."""

    def take_slot(self, held: Generation, *, running_limit: int) -> bool:
        """End a generation's wait for a slot; return False when there is none, or it does not wait any more."""

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

    def of_website(self, user_id: str, website_id: str, *, at_once: int) -> Iterator[list[Generation]]:
        """Walk all generations of a website, ``at_once`` at a time."""

    def running_of(self, user_id: str) -> Iterator[Generation]:
        """Walk the generations of a user that have not ended."""

    def active(self) -> Iterator[Generation]:
        """Walk all generations that have not ended, oldest first."""

    def expired(self, time: datetime) -> Iterator[Generation]:
        """Walk completed generations whose files should be gone by ``time``."""

    def withdraw(self, generation: Generation, failure: Failure, time: datetime) -> None:
        """Let the files of a generation end now, for a reason."""

    def files_removed(self, generation: Generation) -> None:
        """Note that the files of a generation were deleted."""


class ControlsStore(Protocol):
    """What operators set while the service runs."""

    def get(self) -> Controls:
        """Return the controls as they are now."""

    def change(self, changed: Callable[[Controls], Controls], record: AuditRecord | None = None) -> Controls:
        """Store what ``changed`` makes of the controls, with a record of it, and return that."""

    def audit(self) -> Iterator[AuditRecord]:
        """Walk what operators changed, newest first."""


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

    def has(self, mail: OutboxMail) -> bool:
        """Tell whether a mail was put already."""

    def put_once(self, mail: OutboxMail) -> bool:
        """Store a mail to be sent, unless one with its id is or was there; return whether it was stored."""

    def claim(self, user_id: str, mail_id: str, *, time: datetime, until: datetime) -> OutboxMail | None:
        """Take a mail to send it; None when it was sent, or somebody else is at it until later."""

    def sent(self, mail: OutboxMail, time: datetime) -> None:
        """Note that a provider took a mail."""

    def postpone(self, mail: OutboxMail, until: datetime) -> None:
        """Leave a claimed mail for a later try."""

    def give_up(self, mail: OutboxMail, time: datetime) -> None:
        """Take a mail off the outbox that no provider will take."""

    def due(self, time: datetime) -> Iterator[OutboxMail]:
        """Walk the mails that should have gone out by ``time``."""


class Suppressions(Protocol):
    """Addresses that get no more mail; only their fingerprints are known."""

    def get(self, fingerprint: str) -> Suppression | None:
        """Return why an address gets no more mail; None when it does get mail."""

    def put(self, fingerprint: str, suppression: Suppression) -> None:
        """Send no more mail to an address; the first reason stays."""

    def remove(self, fingerprint: str) -> None:
        """Send mail to an address again."""


class Limiter(Protocol):
    """How often something may be done."""

    def take(self, name: str, key: str, *, rate: Rate, time: datetime) -> Standing:
        """Take one, if that is allowed now, and return where ``key`` stands.

        Raises:
            TryAgain: The limit cannot be known.
        """


class Lockout(Protocol):
    """Failed logins of an address, whether or not it has an account."""

    def begin(self, fingerprint: str, time: datetime) -> int:
        """Count a login that begins; return 0, or the whole seconds for which the address is locked."""

    def failed(self, fingerprint: str, time: datetime) -> None:
        """Note that a login that had begun failed."""

    def succeeded(self, fingerprint: str) -> None:
        """Forget the failed logins after a good one."""


class Captcha(Protocol):
    """A check that a person is asking, not a program."""

    def passes(self, answer: str | None, source: str) -> bool:
        """Tell whether what the browser was given by the provider is good; ``source`` is the caller's address."""


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


class MailWish(NamedTuple):
    """A mail to the account of an address that is only known by its fingerprint."""

    fingerprint: str
    kind: MailKind
    mail_id: str


class MailQueue(Protocol):
    """Where mails wait for the notifier."""

    def send(self, mail: OutboxMail) -> None:
        """Ask the notifier to send a mail from the outbox."""

    def send_many(self, mails: Sequence[OutboxMail]) -> None:
        """Ask the notifier to send mails from the outbox."""

    def send_to(self, fingerprint: str, kind: MailKind, mail_id: str) -> None:
        """Ask the notifier to mail the account of an address, if it has one."""


class DispatcherBell(Protocol):
    """How the dispatcher learns of work before its minute is over."""

    def ring(self, generation: Generation) -> None:
        """Tell it that a generation was sent to its queue; never raises, the schedule comes anyway."""


class Archives(Protocol):
    """The finished files."""

    def store(self, path: Path, key: str, sha256: str) -> None:
        """Store a file under a key."""

    def put(self, key: str, data: bytes) -> None:
        """Store a small document."""

    def read(self, key: str) -> bytes | None:
        """Return a small document, or None where there is none."""

    def fetch(self, key: str, path: Path, *, most: int) -> bool:
        """Write a file of at most ``most`` bytes to ``path``; return False where there is none, or a larger one."""

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; one that is not there is as good as deleted."""

    def delete_all(self, prefix: str) -> None:
        """Delete all files under a prefix."""

    def delete_some(self, prefix: str) -> bool:
        """Delete some files under a prefix; return False when none are left."""

    def scan_result(self, key: str) -> ScanResult | None:
        """Return what the malware scanner said of a file; None when it has not looked yet."""

    def download_url(self, key: str, *, filename: str, seconds: int) -> str:
        """Return a presigned URL that saves the file as ``filename``."""


class TaskKind(StrEnum):
    """What a worker task is started for.

    Plain ones have no browser and a small image; the others do what plain ones do as well, and warm ones stay though
    there is nothing to do.
    """

    PLAIN = "plain"
    BROWSER = "browser"
    WARM = "warm"


class Alive(NamedTuple):
    """How many tasks of each kind are starting or running."""

    plain: int = 0
    browser: int = 0
    warm: int = 0


class Tasks(Protocol):
    """The worker tasks."""

    def alive(self) -> Alive:
        """Return how many there are."""

    def run(self, kind: TaskKind, count: int, *, token: str) -> int:
        """Start up to ``count`` tasks of a kind, once a token, and return how many were started."""


class Mailer(Protocol):
    """A provider of mail."""

    def send(self, message: Message, *, mail_id: str) -> None:
        """Hand a mail to the provider.

        Raises:
            TryAgain: The provider did not take it.
            MailRefused: It never will.
        """


class QueuedJob(NamedTuple):
    """One delivery of a generation to a worker."""

    user_id: str
    generation_id: str
    lane: Lane
    receipt: str
    correlation_id: str = ""
