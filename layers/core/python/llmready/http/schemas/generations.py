"""Bodies of ``/generations``."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, Tag

from llmready.domain.archive import Quality, Truncation
from llmready.domain.changes import MOST_LISTED
from llmready.domain.clock import now
from llmready.domain.generation import Generation, Status, Trigger
from llmready.domain.recommendation import Recommendation, recommend
from llmready.http.schemas.common import Answer, Request, Timestamp, Url, branch, exactly_one_of
from llmready.usecases.compare_generations import Comparison
from llmready.usecases.start_generation import StartedGeneration


class StartById(Request):
    """Generate one of the user's websites, named by its ID."""

    website_id: Annotated[str, Field(min_length=1, max_length=64)]
    url: None = None


class StartByUrl(Request):
    """Generate the user's website with this URL. If the user has no such website, it is added."""

    url: Url
    website_id: None = None


StartBody = Annotated[
    Annotated[StartById, Tag(branch("website_id"))] | Annotated[StartByUrl, Tag(branch("url"))],
    exactly_one_of("website_id", "url"),
]


class Started(Answer):
    """A generation that was accepted."""

    generation_id: str
    status: Status
    message: str

    @classmethod
    def of(cls, started: StartedGeneration) -> "Started":
        """Return the answer to a start."""
        follows = (
            "You will receive an email when it completes."
            if started.is_confirmed
            else "Confirm your address to get an email when it completes."
        )
        return cls(
            generation_id=started.id,
            status=Status.PENDING,
            message=f"Generation started successfully. {follows}",
        )


class QuotaAnswer(Answer):
    """The quota of the current month."""

    can_generate: bool
    generations_used: int
    generations_limit: int
    remaining_generations: int
    resets_at: Timestamp = Field(description="Time when the monthly quota resets.")
    message: str


class GenerationAnswer(Answer):
    """A generation. Sizes are bytes, durations seconds."""

    id: str
    website_id: str
    status: Status
    progress_percentage: int
    pages_crawled: int
    total_pages: int
    pages_failed: int
    error_message: str | None
    error_code: str | None
    created_at: Timestamp
    started_at: Timestamp | None
    completed_at: Timestamp | None
    duration_seconds: float | None
    can_download: bool
    file_size: int | None
    total_files: int | None
    sha256: str | None
    expires_at: Timestamp | None
    recommendation: Recommendation | None
    quality: Annotated[
        Quality | None,
        Field(
            description="Score of its llms.txt from 0 to 100, with reasons for deductions. Null until completion."
        ),
    ]
    trigger: Trigger = Field(description="How it was started: `manual`, `schedule` or `api` (an API key).")
    changed: bool | None = Field(
        description="Whether the files differ from the previous completed generation. Null until completion."
    )
    pages_found: int | None = Field(
        description="Number of known page URLs, also of pages that were not fetched. Null until completion."
    )
    truncated_by: Truncation | None = Field(
        description="The limit that excluded known pages from the result."
    )
    warnings: list[str] = Field(
        description="Sentences that explain what is missing and how to change it.",
        examples=[["100 of 526 pages are included. Raise max_pages to include more."]],
    )

    @classmethod
    def of(cls, generation: Generation, time: datetime) -> "GenerationAnswer":
        """Return a generation as the API shows it at ``time``."""
        return cls.model_validate(_shown(generation, time))


class HistoryEntry(GenerationAnswer):
    """A generation in the history."""

    website_name: str
    website_url: str

    @classmethod
    def of(cls, generation: Generation, time: datetime) -> "HistoryEntry":
        """Return a generation as the history shows it at ``time``."""
        shown = _shown(generation, time)
        return cls.model_validate(
            {**shown, "website_name": generation.website_name, "website_url": generation.website_url}
        )


class History(Answer):
    """One page of generations, newest first. To get the next page, send ``next_cursor`` as ``cursor``."""

    items: list[HistoryEntry]
    total: int
    page: int
    per_page: int
    pages: int
    next_cursor: str | None


class PageErrorAnswer(Answer):
    """A page that is missing from the result, and why."""

    url: str
    code: str
    detail: str


class PageErrors(Answer):
    """Pages that are missing from a generation, in the order of their URLs. At most the first thousand are listed."""

    items: list[PageErrorAnswer]
    next_cursor: str | None


class FileAnswer(Answer):
    """A file of an archive.

    ``title``, ``url`` and ``section`` describe the page in the file. They are null for files without a page.
    """

    path: str = Field(examples=["md/guide/start.md"])
    bytes: int
    tokens: int | None = Field(description="Estimated number of tokens.")
    title: str | None = Field(examples=["Start"])
    url: str | None = Field(examples=["https://example.com/guide/start"])
    section: str | None = Field(description="Section of llms.txt that lists it.", examples=["Guide"])


class FilesAnswer(Answer):
    """The files of an archive."""

    items: list[FileAnswer]


class FileLinkAnswer(Answer):
    """Presigned URL of a file that is too large for an answer; valid until ``expires_at``."""

    download_url: str
    expires_at: Timestamp
    file_size: int


class PageAnswer(Answer):
    """A page that is in only one of two generations."""

    url: str
    title: str | None


class ChangedPageAnswer(PageAnswer):
    """A page whose text changed."""

    words_before: int | None
    words_after: int | None


class ChangesAnswer(Answer):
    """The changes since an earlier generation. Each list has up to 1,000 pages, sorted by URL."""

    since: str = Field(description="ID of the earlier generation.")
    added: list[PageAnswer]
    removed: list[PageAnswer]
    changed: list[ChangedPageAnswer]
    unchanged: int
    llms_txt_diff: str | None = Field(
        description="Unified diff of the two llms.txt files. Empty if they are equal. Null if one has expired or is "
        "too large."
    )

    @classmethod
    def of(cls, comparison: Comparison) -> "ChangesAnswer":
        """Return a comparison as the API shows it."""
        changes = comparison.changes
        return cls(
            since=comparison.since,
            added=[PageAnswer.model_validate(page) for page in changes.added[:MOST_LISTED]],
            removed=[PageAnswer.model_validate(page) for page in changes.removed[:MOST_LISTED]],
            changed=[
                ChangedPageAnswer(
                    url=after.url or "",
                    title=after.title,
                    words_before=before.words,
                    words_after=after.words,
                )
                for before, after in changes.changed[:MOST_LISTED]
            ],
            unchanged=changes.unchanged,
            llms_txt_diff=comparison.llms_txt_diff,
        )


class DownloadAnswer(Answer):
    """Presigned URL of the files; valid until ``expires_at``."""

    download_url: str
    expires_at: Timestamp
    file_size: int
    sha256: str


def shown_generation(generation: Generation) -> dict[str, object]:
    """Return a generation as the API shows it now, as JSON values."""
    return GenerationAnswer.of(generation, now()).model_dump(mode="json")


def _shown(generation: Generation, time: datetime) -> dict[str, object]:
    archive = generation.archive
    recommendation = (
        recommend(pages=generation.pages_crawled, content_bytes=archive.content_bytes)
        if archive is not None and generation.status is Status.COMPLETED
        else None
    )
    coverage = generation.coverage
    return {
        **{name: getattr(generation, name) for name in _SAME},
        "pages_found": coverage.pages_found if coverage else None,
        "truncated_by": coverage.truncated_by if coverage else None,
        "can_download": generation.can_download(time),
        "file_size": archive.file_size if archive else None,
        "total_files": archive.total_files if archive else None,
        "sha256": archive.sha256 if archive else None,
        "recommendation": recommendation,
        "quality": archive.quality if archive and generation.status is Status.COMPLETED else None,
    }


_SAME = (
    "id",
    "website_id",
    "status",
    "progress_percentage",
    "pages_crawled",
    "total_pages",
    "pages_failed",
    "error_message",
    "error_code",
    "created_at",
    "started_at",
    "completed_at",
    "duration_seconds",
    "expires_at",
    "trigger",
    "changed",
    "warnings",
)
