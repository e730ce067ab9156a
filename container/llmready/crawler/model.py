"""Plain data that the steps of a crawl exchange. This module imports only URLs and failure codes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from llmready.crawler.failures import Code
    from llmready.crawler.urls import Url


class NavLink(NamedTuple):
    """A link in a page's navigation: its label, its target, and the names of the parts around it, outermost first."""

    label: str
    url: Url
    parts: tuple[str, ...]


@dataclass(slots=True)
class StoredPage:
    """The facts of one page of the result. Its Markdown is kept in the page store.

    Attributes:
        url: URL of the page on the crawled site, normalised.
        depth: Number of links from the start page.
        title: Content of `<title>`, or the title in a front matter.
        heading: Text of the first heading.
        description: Description in the page's meta tags or front matter.
        site_name: Name of the site as the page states it.
        excerpt: First paragraph of prose; empty where the page has a description.
        digest: SHA-256 of title and Markdown, in hex.
        lang: Language as a BCP 47 tag, empty where unknown.
        modified: Last change in ISO 8601, empty where unknown.
        published: Date of the publication as YYYY-MM-DD or YYYY-MM, empty where unknown.
        topic: Category or topic that the page states.
        offer: Price and properties of the page's product, as far as the page shows them.
        headings: First headings in the Markdown, at most three.
        app_name: Name of the site in its web app manifest; stored only for the front page.
        brands: Names of the site in structured data; stored only for the front page.
        logos: Names of the site in its logo or site title; stored only for the front page.
        tagline: Tagline of the site beside its name; stored only for the front page.
        canonical: Canonical URL that the page names, if it is on another host. Otherwise empty.
        page_type: `article`, `documentation`, `forum`, `product`, `collection`, `listing` or `service`. Empty
            for a page that is not HTML.
        breadcrumbs: Labels of the page's breadcrumbs, outermost first.
    """

    url: Url
    depth: int
    title: str
    heading: str
    description: str
    site_name: str
    excerpt: str
    digest: str
    lang: str = ""
    modified: str = ""
    published: str = ""
    topic: str = ""
    offer: str = ""
    canonical: str = ""
    headings: tuple[str, ...] = ()
    app_name: str = ""
    brands: tuple[str, ...] = ()
    logos: tuple[str, ...] = ()
    tagline: str = ""
    page_type: str = ""
    breadcrumbs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that is missing from the result: its URL, a stable code, and a sentence for the site's owner."""

    url: str
    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is below 100.

    Attributes:
        code: Stable name of the rule.
        detail: A sentence that describes the problem.
        points: Points that it deducts.
        pages: URLs of the first affected pages, at most five.
        remedy: A sentence with the setting or the change of the site that fixes the problem.
    """

    code: str
    detail: str
    points: int
    pages: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """The score of an llms.txt from 0 to 100, and the reasons for deductions."""

    score: int
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the score and its reasons as data for JSON."""
        return {
            "score": self.score,
            "reasons": [
                {
                    "code": reason.code,
                    "detail": reason.detail,
                    "points": reason.points,
                    "pages": list(reason.pages),
                    "remedy": reason.remedy,
                }
                for reason in self.reasons
            ],
        }


class Truncation(StrEnum):
    """The limit that excluded known pages from the result."""

    MAX_PAGES = "max_pages"
    TIMEOUT = "timeout"
    SIZE = "size"


_ADVICE = {
    Truncation.MAX_PAGES: "Raise {max_pages} to include more.",
    Truncation.TIMEOUT: "Raise {timeout} to include more.",
    Truncation.SIZE: "The crawl reached its maximum size; exclude large pages to include others.",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a site is in the result.

    Attributes:
        pages_crawled: Pages of the result.
        pages_found: Page URLs that the crawl knew at its end, including those that it did not fetch.
        truncated_by: The limit that excluded some of them, or None.
        shortened_delay: Seconds of the site's Crawl-delay if the crawl kept a shorter one, or None.
        left_out: Numbers of missing pages by kind; empty if all missing pages are content.
        partial_sitemaps: Number of the site's sitemaps that could be read only in part.
        over_http: Whether http was used because https does not work.
        simplified: Whether arranging the pages took too long, so that they are in one list.
    """

    pages_crawled: int
    pages_found: int
    truncated_by: Truncation | None = None
    shortened_delay: int | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    partial_sitemaps: int = 0
    over_http: bool = False
    simplified: bool = False

    def warnings(self, *, max_pages: str = "max_pages", timeout: str = "timeout") -> list[str]:
        """Return sentences for the user: what is missing in the result, and which setting would include more.

        Args:
            max_pages: Name of this setting in the sentences.
            timeout: Name of this setting in the sentences.
        """
        sentences = []
        if self.over_http:
            sentences.append("https does not work on this site, so the pages were read over http.")
        if self.truncated_by is not None:
            advice = _ADVICE[self.truncated_by].format(max_pages=max_pages, timeout=timeout)
            sentences.append(f"{self.pages_crawled} of {self.pages_found} pages are included. {advice}")
            if self.left_out:
                kinds = ", ".join(f"{count} {kind}" for kind, count in self.left_out)
                sentences.append(f"Left out, by the kind of page: {kinds}.")
        if self.shortened_delay is not None:
            sentences.append(
                f"The site's robots.txt asks for {self.shortened_delay} seconds between two requests; the "
                "crawl waited 10 seconds."
            )
        if self.partial_sitemaps:
            sentences.append(
                f"{self.partial_sitemaps} of the site's sitemaps could be read only in part; pages may be missing."
                " The notes in manifest.json name them."
            )
        if self.simplified:
            sentences.append("Arranging the pages took too long, so llms.txt lists them without sections.")
        return sentences


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """A finished crawl: the paths of its files, and figures about them. Sizes are in bytes."""

    out: Path
    archive: Path | None
    pages_crawled: int
    pages_failed: int
    total_files: int
    file_size: int
    sha256: str | None
    content_bytes: int
    site_name: str
    quality: Quality
    coverage: Coverage
