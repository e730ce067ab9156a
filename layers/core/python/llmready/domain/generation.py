"""A generation: one run that turns a website into files, and the states it passes through."""

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.errors import Conflict
from llmready.domain.plans import Lane, QueueName
from llmready.domain.website import CrawlSettings


class Status(StrEnum):
    """``pending`` → ``processing`` → ``completed`` | ``failed`` | ``cancelled``."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this state."""
        return not MOVES[self]


MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.FAILED, Status.CANCELLED}),
    # A worker whose lease ended is succeeded by another; an attempt that did not end it is handed back.
    Status.PROCESSING: frozenset(set(Status)),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""Which state may follow which; each move is one conditional write that names the state and fence it leaves."""


class QualityReason(BaseModel):
    """What cost an llms.txt points."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    points: int


class Quality(BaseModel):
    """How good an llms.txt is, from 0 to 100, and why it is not 100."""

    model_config = ConfigDict(frozen=True)

    score: int
    reasons: list[QualityReason]


class Trigger(StrEnum):
    """What started a generation."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    API = "api"


class Truncation(StrEnum):
    """What kept known pages out of the result."""

    MAX_PAGES = "max_pages"
    TIMEOUT = "timeout"
    SIZE = "size"


class Coverage(BaseModel):
    """How much of the site is in the result.

    Attributes:
        pages_found: Page URLs that the crawl knew at its end, including those that it did not fetch.
        truncated_by: What kept some of them out, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one, or None.
    """

    model_config = ConfigDict(frozen=True)

    pages_found: int
    truncated_by: Truncation | None = None
    shortened_delay: int | None = None


class Archive(BaseModel):
    """What a worker stored in S3. Sizes are bytes.

    Attributes:
        coverage: How much of the site it holds; None for archives of earlier releases.
        changed: Whether its files differ from those of the website's completed generation before it; true for the
            first one, None for archives of earlier releases.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    file_size: int
    total_files: int
    sha256: str
    content_bytes: int
    quality: Quality | None = None
    coverage: Coverage | None = None
    changed: bool | None = None


class ScanResult(StrEnum):
    """What GuardDuty says of a file, in its own words."""

    CLEAN = "NO_THREATS_FOUND"
    INFECTED = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"


class Failure(BaseModel):
    """Why a generation, or one page of it, failed."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str


MALWARE_FOUND = Failure(
    code="malware_found",
    message="The malware scan objected to the files, so they were deleted. The website may carry something harmful.",
)


class PageError(BaseModel):
    """Why a page is missing from the result."""

    model_config = ConfigDict(frozen=True)

    url: str
    code: str
    detail: str


class Progress(BaseModel):
    """How far a crawl is, in pages."""

    model_config = ConfigDict(frozen=True)

    pages_crawled: int = 0
    total_pages: int = 0
    pages_failed: int = 0

    @property
    def percentage(self) -> int:
        """Whole percent of the crawl; the last ones are kept for packing and storing."""
        if self.total_pages == 0:
            return 0
        done = self.pages_crawled + self.pages_failed
        return min(95, 95 * done // max(self.total_pages, done))


_LONGEST_POLL = 10  # seconds
_QUIET_SECONDS = 3  # each so many seconds without a change make a client wait one second longer


class Generation(BaseModel):
    """One generation with everything its worker needs.

    Attributes:
        month: The month whose quota was reserved.
        correlation_id: ID of the request that started it, by which all its log lines are found.
        trigger: What started it.
        paid: Whether its user had a paid plan when it was started.
        lost_seconds: Seconds of crawling that came to nothing: of earlier attempts, and, once it failed or was
            cancelled, of the last one. Each attempt counts for its timeout at most.
        limited_by_plan: Whether ``settings.max_pages`` is the plan's limit rather than a choice of the user.
        held: Whether it is in no queue yet, because its user has as many running as the plan allows.
        fence: Rises with each claim; each write names the fence it claimed, so that a worker that lost its lease
            cannot write any more.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    user_id: str
    website_id: str
    website_name: str
    website_url: str
    settings: CrawlSettings
    month: str
    quota_ledger: str | None = None
    files_kept_days: int
    queue: QueueName
    correlation_id: str = ""
    trigger: Trigger = Trigger.MANUAL
    paid: bool = True
    lost_seconds: int = 0
    limited_by_plan: bool = False
    status: Status = Status.PENDING
    held: bool = False
    fence: int = 0
    attempts: int = 0
    created_at: Moment
    enqueued_at: Moment | None = None
    started_at: Moment | None = None
    lease_expires_at: Moment | None = None
    progressed_at: Moment | None = None
    completed_at: Moment | None = None
    pages_crawled: int = 0
    total_pages: int = 0
    pages_failed: int = 0
    progress_percentage: int = 0
    error_code: str | None = None
    error_message: str | None = None
    archive: Archive | None = None
    expires_at: Moment | None = None

    @property
    def coverage(self) -> Coverage | None:
        """How much of the site is in the result; None until it completed."""
        return self.archive.coverage if self.archive is not None else None

    @property
    def changed(self) -> bool | None:
        """Whether the files differ from those of the completed generation before; None until it completed."""
        return self.archive.changed if self.archive is not None else None

    @property
    def warnings(self) -> list[str]:
        """Sentences about what is missing from the result and what to change, and about how the site was crawled."""
        coverage = self.coverage
        if coverage is None:
            return []
        sentences = []
        if coverage.truncated_by is not None:
            sentences.append(self._truncation_warning(coverage, coverage.truncated_by))
        if coverage.shortened_delay is not None:
            sentences.append(
                f"The site's robots.txt asks for {coverage.shortened_delay} seconds between two requests; the crawl"
                " kept 10 seconds."
            )
        return sentences

    def _truncation_warning(self, coverage: Coverage, truncated_by: Truncation) -> str:
        included = (
            f"{self.pages_crawled} of {max(coverage.pages_found, self.pages_crawled)} pages are included."
        )
        match truncated_by:
            case Truncation.MAX_PAGES if self.limited_by_plan:
                advice = f"Your plan allows {self.settings.max_pages} pages; a larger plan includes more."
            case Truncation.MAX_PAGES:
                advice = "Raise max_pages to include more."
            case Truncation.TIMEOUT:
                advice = "Raise timeout to include more."
            case Truncation.SIZE:
                advice = "The result reached its greatest size; exclude large pages to include others."
        return f"{included} {advice}"

    @property
    def lane(self) -> Lane:
        """The queue in which it waits."""
        return Lane.of(self.queue, browser=self.settings.use_playwright)

    @property
    def duration_seconds(self) -> float | None:
        """Seconds of the attempt that ended the generation."""
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds(), 1)

    @property
    def retry_delay(self) -> timedelta:
        """How long to wait before the next crawl after this attempt failed."""
        return timedelta(seconds=min(300, 5 * 4 ** max(0, self.attempts - 1)))

    def can_download(self, time: datetime) -> bool:
        """Tell whether its files are there at ``time``."""
        return self.status is Status.COMPLETED and self.archive is not None and not self.is_expired(time)

    def is_expired(self, time: datetime) -> bool:
        """Tell whether its files have passed their days at ``time``."""
        return self.expires_at is not None and self.expires_at <= time

    def is_abandoned(self, time: datetime) -> bool:
        """Tell whether a worker claimed it and has not been heard of since its lease ended."""
        return (
            self.status is Status.PROCESSING
            and self.lease_expires_at is not None
            and self.lease_expires_at < time
        )

    def deadline(self, timeout: timedelta) -> datetime | None:
        """Return when the running attempt must be over, given the longest time one may take."""
        return self.started_at + timeout if self.started_at is not None else None

    def claimed(self, *, time: datetime, lease: timedelta) -> "Generation":
        """Return it as held by a new worker: the fence one higher, a new attempt, a lease.

        Raises:
            Conflict: It has ended, or another worker's lease still holds.
        """
        self._must_allow(Status.PROCESSING)
        if self.held:
            raise Conflict("not_claimable", "The generation waits for others of its user.")
        if self.status is not Status.PENDING and not self.is_abandoned(time):
            raise Conflict("not_claimable", "Another worker holds the generation.")
        return self.model_copy(
            update={
                "status": Status.PROCESSING,
                "fence": self.fence + 1,
                "attempts": self.attempts + 1,
                # Whoever claims it got it from a queue, even where the note of that comes later than the claim.
                "enqueued_at": self.enqueued_at or time,
                "started_at": time,
                # The worker of an abandoned attempt was last heard of when its lease was extended.
                "lost_seconds": self.lost_seconds + self._attempt_seconds(self.lease_expires_at),
                "lease_expires_at": time + lease,
                "pages_crawled": 0,
                "total_pages": 0,
                "pages_failed": 0,
                "progress_percentage": 0,
                "error_code": None,
                "error_message": None,
            }
        )

    def progressed(self, progress: Progress, at: datetime | None = None) -> "Generation":
        """Return it with how far its crawl is, and since when."""
        return self.model_copy(
            update={
                **progress.model_dump(),
                "progress_percentage": progress.percentage,
                "progressed_at": at or self.progressed_at,
            },
        )

    def retry_after(self, time: datetime) -> int:
        """Return the seconds after which a client should look again: 1, and up to 10 while nothing changes."""
        changed = max(
            moment for moment in (self.created_at, self.started_at, self.progressed_at) if moment is not None
        )
        return min(_LONGEST_POLL, max(1, int((time - changed).total_seconds() / _QUIET_SECONDS)))

    def completed(self, *, time: datetime, archive: Archive, progress: Progress) -> "Generation":
        """Return it as completed with ``archive``; its files expire by the plan it was started under."""
        return self._ended(
            Status.COMPLETED,
            time,
            archive=archive,
            expires_at=time + timedelta(days=self.files_kept_days),
            pages_crawled=progress.pages_crawled,
            # Neither number may fall at the end: clients watch them.
            total_pages=max(self.total_pages, progress.total_pages),
            pages_failed=progress.pages_failed,
            progress_percentage=100,
        )

    def failed(self, *, time: datetime, failure: Failure) -> "Generation":
        """Return it as failed for ``failure``."""
        return self._ended(
            Status.FAILED,
            time,
            error_code=failure.code,
            error_message=failure.message,
            lost_seconds=self._lost_until(time),
        )

    def cancelled(self, *, time: datetime, reason: Failure | None = None) -> "Generation":
        """Return it as cancelled; the next write of its worker is refused.

        Args:
            time: Time of the cancellation.
            reason: Why, if not its user cancelled it.
        """
        why = {} if reason is None else {"error_code": reason.code, "error_message": reason.message}
        return self._ended(Status.CANCELLED, time, lost_seconds=self._lost_until(time), **why)

    def handed_back(
        self,
        *,
        failure: Failure | None = None,
        attempt_counts: bool = True,
        ended_at: datetime | None = None,
    ) -> "Generation":
        """Return it as waiting again after an attempt that did not end it.

        Args:
            failure: Why the attempt ended, shown while it waits.
            attempt_counts: False where the attempt was interrupted through no fault of the site.
            ended_at: When the attempt ended; None if its time does not count as lost.
        """
        self._must_allow(Status.PENDING)
        return self.model_copy(
            update={
                "status": Status.PENDING,
                "lease_expires_at": None,
                "lost_seconds": self.lost_seconds + self._attempt_seconds(ended_at),
                "attempts": self.attempts - (0 if attempt_counts else 1),
                "error_code": failure.code if failure else None,
                "error_message": failure.message if failure else None,
            }
        )

    def _ended(self, status: Status, time: datetime, **changes: object) -> "Generation":
        self._must_allow(status)
        return self.model_copy(
            update={"status": status, "completed_at": time, "lease_expires_at": None, **changes}
        )

    def _lost_until(self, time: datetime) -> int:
        running = self.status is Status.PROCESSING
        return self.lost_seconds + (self._attempt_seconds(time) if running else 0)

    def _attempt_seconds(self, ended_at: datetime | None) -> int:
        """Return the seconds of the last attempt, which counts for its timeout at most."""
        if self.started_at is None or ended_at is None:
            return 0
        return max(0, min(self.settings.timeout, int((ended_at - self.started_at).total_seconds())))

    def _must_allow(self, following: Status) -> None:
        if self.status.is_final:
            raise Conflict("already_ended", f"The generation is already {self.status}.")
        if following not in MOVES[self.status]:
            raise Conflict("not_claimed", f"A generation that is {self.status} cannot become {following}.")


def archive_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of an attempt's archive; no two attempts share one."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.zip"


def owner_of(key: str) -> tuple[str, str]:
    """Return the user's and the generation's id of an archive's key.

    Raises:
        ValueError: It is no archive's key.
    """
    folder, *ids = key.split("/")
    if folder != "generations" or len(ids) != 3:
        raise ValueError(f"{key} is no archive's key")
    return ids[0], ids[1]


def answers_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the site's answers as an attempt got them, for the next generation to compare with."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.answers"


def shared_answers_key(host: str) -> str:
    """Return the S3 key of a host's answers that all who crawl it may use."""
    return f"shared/{hashlib.sha256(host.encode()).hexdigest()}.answers"


def errors_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the pages that an attempt missed."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.errors.json"


def index_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the index of an attempt's archive; it stays when the archive expires."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.index.json"


def found_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the page URLs that an attempt found."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.found.gz"


def extracts_prefix(user_id: str, generation_id: str) -> str:
    """Return the S3 prefix of files that were taken out of an archive because they are large."""
    return f"{archive_prefix(user_id, generation_id)}extract."


def extract_key(user_id: str, generation_id: str, fence: int, path: str) -> str:
    """Return the S3 key of a file that was taken out of an attempt's archive."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:32]
    return f"{extracts_prefix(user_id, generation_id)}{fence}.{digest}"


def checkpoint_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of where an attempt's crawl was; what is forgotten there vanishes after a day."""
    return f"checkpoints/{user_id}/{generation_id}/{fence}"


def file_keys(generation: Generation) -> list[str]:
    """Return the S3 keys of the files that a generation that expire with the plan's days."""
    return [
        key(generation.user_id, generation.id, fence)
        for fence in range(1, generation.fence + 1)
        for key in (archive_key, answers_key)
    ]


def all_keys(generation: Generation) -> list[str]:
    """Return the S3 keys of everything that a generation's attempts may have left."""
    return file_keys(generation) + [
        key(generation.user_id, generation.id, fence)
        for fence in range(1, generation.fence + 1)
        for key in (errors_key, index_key, found_key)
    ]


def archive_prefix(user_id: str, generation_id: str) -> str:
    """Return the S3 prefix under which all files of a generation lie."""
    return f"{user_archive_prefix(user_id)}{generation_id}/"


def user_archive_prefix(user_id: str) -> str:
    """Return the S3 prefix of all archives of a user."""
    return f"generations/{user_id}/"


def user_prefixes(user_id: str) -> tuple[str, ...]:
    """Return all S3 prefixes that hold files of a user."""
    return (user_archive_prefix(user_id), f"checkpoints/{user_id}/")


def download_name(website_name: str, generation_id: str) -> str:
    """Return the file name that a download is saved under: ASCII, safe on every file system."""
    ascii_name = unicodedata.normalize("NFKD", website_name).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", ascii_name).strip("-.")[:60].rstrip("-.")
    return f"llmready_{safe or 'website'}_{generation_id}.zip"
