"""The archive of a generation: what a worker stored, and what the malware scanner says of it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.change_summary import ChangeSummary


class QualityReason(BaseModel):
    """What cost an llms.txt points.

    Attributes:
        pages: URLs of pages that it concerns, at most five; empty for archives of earlier releases.
        remedy: The setting or the change of the site that mends it; empty for archives of earlier releases.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    points: int
    pages: list[str] = []
    remedy: str = ""


class Quality(BaseModel):
    """How good an llms.txt is, from 0 to 100, and why it is not 100."""

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
        truncated_by: What kept some of them out, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one, or None.
        partial_sitemaps: Number of the site's sitemaps of which a part only could be read.
        over_http: Whether http was used because https does not work.
    """

    model_config = ConfigDict(frozen=True)

    pages_found: int
    truncated_by: Truncation | None = None
    shortened_delay: int | None = None
    partial_sitemaps: int = 0
    over_http: bool = False


class Archive(BaseModel):
    """What a worker stored in S3. Sizes are bytes.

    Attributes:
        coverage: How much of the site it holds; None for archives of earlier releases.
        changed: Whether its files differ from those of the website's completed generation before it; true for the
            first one, None for archives of earlier releases.
        summary: What a scheduled run found changed.
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
    """What GuardDuty says of a file, in its own words."""

    CLEAN = "NO_THREATS_FOUND"
    INFECTED = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"
