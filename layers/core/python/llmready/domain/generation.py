"""A generation: one run that turns a website into files, and the states it passes through."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.active_generation import MOVES, ActiveGeneration, Status
from llmready.domain.archive import Archive, Coverage, Truncation
from llmready.domain.clock import Moment
from llmready.domain.errors import Conflict
from llmready.domain.website import CrawlSettings

__all__ = [
    "FAILED_TOO_LONG",
    "HOST_BUSY",
    "MALWARE_FOUND",
    "MOVES",
    "ActiveGeneration",
    "Failure",
    "Generation",
    "PageError",
    "Progress",
    "Status",
    "Trigger",
]


class Trigger(StrEnum):
    """What started a generation."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    API = "api"


class Failure(BaseModel):
    """Why a generation, or one page of it, failed."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str


MALWARE_FOUND = Failure(
    code="malware_found",
    message="The malware scan found a problem in the files, so they were deleted. The website may contain malware.",
)
FAILED_TOO_LONG = Failure(
    code="failed_crawl_limit",
    message="Your failed and cancelled crawls took 60 minutes today, so this generation was stopped. Nothing was "
    "charged. You can start generations again tomorrow (UTC).",
)
HOST_BUSY = Failure(
    code="host_busy",
    message="Crawls of the same host take turns, and this one waited too long for its turn. Nothing was charged."
    " Start the generation again later.",
)


class PageError(BaseModel):
    """Why a page is missing from the result."""

    model_config = ConfigDict(frozen=True)

    url: str
    code: str
    detail: str


class Progress(BaseModel):
    """Progress of a crawl in pages."""

    model_config = ConfigDict(frozen=True)

    pages_crawled: int = 0
    total_pages: int = 0
    pages_failed: int = 0

    @property
    def percentage(self) -> int:
        """Whole percent of the crawl. The last five are for packing and storing the archive."""
        if self.total_pages == 0:
            return 0
        done = self.pages_crawled + self.pages_failed
        return min(95, 95 * done // max(self.total_pages, done))


_LONGEST_POLL = 10  # seconds
_QUIET_SECONDS = 3  # each so many seconds without a change make a client wait one second longer


class Generation(ActiveGeneration):
    """One generation with everything its worker needs.

    Attributes:
        month: The month whose quota was reserved.
        trigger: What started it.
        lost_seconds: Seconds of crawling without a result. They include earlier attempts, and the last attempt of a
            failed or cancelled generation. An attempt counts for at most its timeout, and without the time that it
            waited for other crawls of its host.
        waited_seconds: Seconds that the last attempt waited for other crawls of its host.
        limited_by_plan: Whether ``settings.max_pages`` is the plan's limit rather than a choice of the user.
        fence: A number that each claim increments. Each write requires the fence of the claim. A worker that lost its
            lease can therefore no longer write.
    """

    website_id: str
    website_name: str
    settings: CrawlSettings
    month: str
    quota_ledger: str | None = None
    files_kept_days: int
    trigger: Trigger = Trigger.MANUAL
    lost_seconds: int = 0
    waited_seconds: int = 0
    limited_by_plan: bool = False
    fence: int = 0
    attempts: int = 0
    progressed_at: Moment | None = None
    completed_at: Moment | None = None
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
        """Whether the files differ from the previous completed generation. None until this generation completed."""
        return self.archive.changed if self.archive is not None else None

    @property
    def is_free(self) -> bool:
        """Whether it completed without costing quota: a scheduled run that found the files unchanged."""
        return self.status is Status.COMPLETED and self.trigger is Trigger.SCHEDULE and self.changed is False

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user.

        They say what is missing from the result, what to change, and how the site was crawled.
        """
        coverage = self.coverage
        if coverage is None:
            return []
        sentences = []
        if coverage.over_http:
            sentences.append("https does not work on this site, so the pages were read over http.")
        if coverage.truncated_by is not None:
            sentences.append(self._truncation_warning(coverage, coverage.truncated_by))
        if coverage.shortened_delay is not None:
            sentences.append(
                f"The site's robots.txt asks for {coverage.shortened_delay} seconds between two requests; the "
                "crawl waited 10 seconds."
            )
        if coverage.partial_sitemaps:
            sentences.append(
                f"{coverage.partial_sitemaps} of the site's sitemaps could be read only in part; pages may be"
                " missing. The notes in manifest.json name them."
            )
        if coverage.simplified:
            sentences.append("Arranging the pages took too long, so llms.txt lists them without sections.")
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
                advice = "The result reached its maximum size; exclude large pages to include others."
        return f"{included} {advice}"

    @property
    def duration_seconds(self) -> float | None:
        """Duration in seconds of the attempt that ended the generation."""
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds(), 1)

    @property
    def retry_delay(self) -> timedelta:
        """How long to wait before the next crawl after this attempt failed."""
        return timedelta(seconds=min(300, 5 * 4 ** max(0, self.attempts - 1)))

    def can_download(self, time: datetime) -> bool:
        """Return whether its files can be downloaded at ``time``."""
        return self.status is Status.COMPLETED and self.archive is not None and not self.is_expired(time)

    def is_expired(self, time: datetime) -> bool:
        """Return whether its files have expired at ``time``."""
        return self.expires_at is not None and self.expires_at <= time

    def claimed(self, *, time: datetime, lease: timedelta) -> "Generation":
        """Return the generation as leased by a new worker, with a higher fence and one more attempt.

        Args:
            time: Current time.
            lease: How long the lease lasts.

        Raises:
            Conflict: It has ended, is queued by plan limit, or is leased by another worker.
        """
        self._must_allow(Status.PROCESSING)
        if self.waiting:
            raise Conflict(
                "not_claimable", "The generation waits until another generation of its user has ended."
            )
        if self.status is not Status.PENDING and not self.is_abandoned(time):
            raise Conflict("not_claimable", "Another worker has leased the generation.")
        return self.model_copy(
            update={
                "status": Status.PROCESSING,
                "fence": self.fence + 1,
                "attempts": self.attempts + 1,
                # A worker can only have received it from a queue, even if that was not recorded yet.
                "enqueued_at": self.enqueued_at or time,
                "started_at": time,
                # The last sign of life of an abandoned attempt is the time at which its lease was extended.
                "lost_seconds": self.lost_seconds + self._attempt_seconds(self.lease_expires_at),
                "waited_seconds": 0,
                "lease_expires_at": time + lease,
                "pages_crawled": 0,
                "total_pages": 0,
                "pages_failed": 0,
                "progress_percentage": 0,
                "error_code": None,
                "error_message": None,
            }
        )

    def progressed(
        self, progress: Progress, at: datetime | None = None, *, waited: float = 0.0
    ) -> "Generation":
        """Return the generation with new progress of its crawl.

        Args:
            progress: The progress.
            at: Time of the change; None keeps the stored time.
            waited: Seconds that the attempt has waited for other crawls of its host.
        """
        return self.model_copy(
            update={
                **progress.model_dump(),
                "progress_percentage": progress.percentage,
                "progressed_at": at or self.progressed_at,
                "waited_seconds": int(waited),
            },
        )

    def retry_after(self, time: datetime) -> int:
        """Return the seconds after which a client should poll again: 1, and up to 10 while nothing changes."""
        changed = max(
            moment for moment in (self.created_at, self.started_at, self.progressed_at) if moment is not None
        )
        return min(_LONGEST_POLL, max(1, int((time - changed).total_seconds() / _QUIET_SECONDS)))

    def expiry(self, time: datetime) -> datetime:
        """Return when files that are stored at ``time`` expire, after the number of days of the plan at the start."""
        return time + timedelta(days=self.files_kept_days)

    def completed(self, *, time: datetime, archive: Archive, progress: Progress) -> "Generation":
        """Return the generation as completed. Its files expire after the number of days of the plan at its start."""
        return self._ended(
            Status.COMPLETED,
            time,
            archive=archive,
            expires_at=self.expiry(time),
            pages_crawled=progress.pages_crawled,
            # Neither number may decrease at the end, because clients show them.
            total_pages=max(self.total_pages, progress.total_pages),
            pages_failed=progress.pages_failed,
            progress_percentage=100,
        )

    def failed(self, *, time: datetime, failure: Failure) -> "Generation":
        """Return the generation as failed."""
        return self._ended(
            Status.FAILED,
            time,
            error_code=failure.code,
            error_message=failure.message,
            lost_seconds=self._lost_until(time),
        )

    def cancelled(self, *, time: datetime, reason: Failure | None = None) -> "Generation":
        """Return the generation as cancelled. The next write of its worker is refused.

        Args:
            time: Time of the cancellation.
            reason: The reason, if somebody other than its user cancels it.
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
        """Return the generation as pending again after an attempt that did not end it.

        Args:
            failure: Why the attempt ended; shown until the next attempt.
            attempt_counts: False if the attempt was interrupted for a reason that has nothing to do with the site.
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
        if self.status is not Status.PROCESSING:
            return self.lost_seconds
        # An abandoned attempt ended when its lease ended, however late somebody notices it.
        return self.lost_seconds + self._attempt_seconds(min(time, self.lease_expires_at or time))

    def _attempt_seconds(self, ended_at: datetime | None) -> int:
        """Return the seconds that the last attempt crawled, which are its timeout at most."""
        if self.started_at is None or ended_at is None:
            return 0
        crawled = int((ended_at - self.started_at).total_seconds()) - self.waited_seconds
        return max(0, min(self.settings.timeout, crawled))

    def _must_allow(self, following: Status) -> None:
        if self.status.is_final:
            raise Conflict("already_ended", f"The generation is already {self.status}.")
        if following not in MOVES[self.status]:
            raise Conflict("not_claimed", f"A generation that is {self.status} cannot become {following}.")
