"""Bodies of ``/generations``."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from llmready.domain.generation import Generation, Quality, Status
from llmready.domain.recommendation import Recommendation, recommend
from llmready.http.schemas.common import Answer, Request, Timestamp


class StartBody(Request):
    """Which website to generate."""

    website_id: Annotated[str, Field(min_length=1, max_length=64)]


class Started(Answer):
    """A generation that was accepted."""

    generation_id: str
    status: Status
    message: str = "Generation started successfully. You will receive an email when it completes."


class QuotaAnswer(Answer):
    """What the month still allows."""

    can_generate: bool
    generations_used: int
    generations_limit: int
    remaining_generations: int
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
            description="How good its llms.txt is, from 0 to 100, and what cost points; null until it completed."
        ),
    ]

    @classmethod
    def of(cls, generation: Generation, time: datetime) -> "GenerationAnswer":
        """Return what the user sees of a generation at ``time``."""
        return cls.model_validate(_shown(generation, time))


class HistoryEntry(GenerationAnswer):
    """A generation in the history."""

    website_name: str
    website_url: str

    @classmethod
    def of(cls, generation: Generation, time: datetime) -> "HistoryEntry":
        """Return what the history shows of a generation at ``time``."""
        shown = _shown(generation, time)
        return cls.model_validate(
            {**shown, "website_name": generation.website_name, "website_url": generation.website_url}
        )


class History(Answer):
    """One page of generations, newest first; ``next_cursor`` walks on without counting."""

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
    """Pages that a generation missed, in the order of their URLs; at most the first thousand."""

    items: list[PageErrorAnswer]
    next_cursor: str | None


class DownloadAnswer(Answer):
    """Where the files are; the URL is good until ``expires_at``."""

    download_url: str
    expires_at: Timestamp
    file_size: int
    sha256: str


def _shown(generation: Generation, time: datetime) -> dict[str, object]:
    archive = generation.archive
    recommendation = (
        recommend(pages=generation.pages_crawled, content_bytes=archive.content_bytes)
        if archive is not None and generation.status is Status.COMPLETED
        else None
    )
    return {
        **{name: getattr(generation, name) for name in _SAME},
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
)
