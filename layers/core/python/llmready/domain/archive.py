"""The archive of a generation, its quality score, its coverage of the site, and its malware scan result."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from llmready.domain.change_summary import ChangeSummary


class QualityReason(BaseModel):
    """A reason for which points are deducted from the score of an llms.txt."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    points: int
    pages: list[str] = Field(
        default=[], description="URLs of at most five affected pages; empty for archives of earlier releases."
    )
    remedy: str = Field(
        default="",
        description="The setting or the change of the site that fixes the problem; empty for archives of earlier"
        " releases.",
    )


class Quality(BaseModel):
    """The quality score of an llms.txt, from 0 to 100, with the reasons for deductions."""

    model_config = ConfigDict(frozen=True)

    score: int
    reasons: list[QualityReason]


class Truncation(StrEnum):
    """The limit that excluded known pages from the result."""

    MAX_PAGES = "max_pages"
    TIMEOUT = "timeout"
    SIZE = "size"


class Coverage(BaseModel):
    """How much of the site is in the result.

    Attributes:
        pages_found: Page URLs that the crawl knew at its end, including those that it did not fetch.
        truncated_by: The limit that excluded some of them, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one, or None.
        partial_sitemaps: Number of the site's sitemaps that could be read only in part.
        over_http: Whether http was used because https does not work.
        simplified: Whether arranging the pages took too long, so that they are in one list.
    """

    model_config = ConfigDict(frozen=True)

    pages_found: int
    truncated_by: Truncation | None = None
    shortened_delay: int | None = None
    partial_sitemaps: int = 0
    over_http: bool = False
    simplified: bool = False


class Archive(BaseModel):
    """What a worker stored in S3. Sizes are bytes.

    Attributes:
        coverage: How much of the site is in the archive; None for archives of earlier releases.
        changed: Whether its files differ from those of the website's previous completed generation. True for
            the first generation. None for archives of earlier releases.
        summary: The changes that a scheduled run found.
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
    summary: ChangeSummary | None = None


class ScanResult(StrEnum):
    """Result of a GuardDuty malware scan, with the values that GuardDuty uses."""

    CLEAN = "NO_THREATS_FOUND"
    INFECTED = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"
