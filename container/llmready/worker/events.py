"""The events that a crawler writes to its standard output, one JSON object per line. Each is validated."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from llmready.domain.archive import Truncation

_Count = Annotated[int, Field(ge=0, le=10**12)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class Started(_Event):
    """The crawl has begun."""

    event: Literal["started"]


class Progressed(_Event):
    """Progress of the crawl, in pages."""

    event: Literal["progress"]
    pages_crawled: _Count
    total_pages: _Count
    pages_failed: _Count


class Waiting(_Event):
    """The crawler was told to wait, and its last requests have ended."""

    event: Literal["waiting"]


class Moved(_Event):
    """The site redirected to another host.

    Attributes:
        url: URL of its start page there.
    """

    event: Literal["moved"]
    url: Annotated[str, Field(pattern=r"^https?://", max_length=2500)]


class PageFailed(_Event):
    """A page is missing from the result."""

    event: Literal["page_failed"]
    url: Annotated[str, Field(min_length=1, max_length=2500)]
    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    detail: Annotated[str, Field(min_length=1, max_length=2500)]


class Reason(_Event):
    """One reason why an llms.txt has less than 100 points."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    detail: Annotated[str, Field(min_length=1, max_length=300)]
    points: Annotated[int, Field(ge=1, le=100)]
    pages: Annotated[list[Annotated[str, Field(min_length=1, max_length=2500)]], Field(max_length=5)] = []
    remedy: Annotated[str, Field(max_length=500)] = ""


class Quality(_Event):
    """The quality of an llms.txt."""

    score: Annotated[int, Field(ge=0, le=100)]
    reasons: Annotated[list[Reason], Field(max_length=20)]


class Completed(_Event):
    """The archive is complete.

    Attributes:
        content_bytes: Size of the pages before they are packed.
        pages_found: Number of page URLs that the crawl knew at its end. 0 if the crawler does not report it.
        truncated_by: The limit that excluded some of them from the archive, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one.
        partial_sitemaps: Number of the site's sitemaps that could be read only in part.
        over_http: Whether http was used because https does not work.
        simplified: Whether arranging the pages took too long, so that they are in one list.
    """

    event: Literal["completed"]
    pages_crawled: _Count
    pages_failed: _Count
    total_files: _Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    content_bytes: _Count
    quality: Quality
    pages_found: _Count = 0
    truncated_by: Truncation | None = None
    shortened_delay: Annotated[int, Field(ge=1, le=86_400)] | None = None
    partial_sitemaps: _Count = 0
    over_http: bool = False
    simplified: bool = False


class Failed(_Event):
    """The crawl failed. ``detail`` is a sentence for the owner of the site."""

    event: Literal["failed"]
    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    detail: Annotated[str, Field(min_length=1, max_length=500)]
    transient: bool


Event = Started | Moved | Progressed | Waiting | PageFailed | Completed | Failed

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def event_from(line: bytes) -> Event | None:
    """Return the event in a line, or None if the line is not a valid event."""
    try:
        return _EVENT.validate_json(line)
    except ValidationError:
        return None
