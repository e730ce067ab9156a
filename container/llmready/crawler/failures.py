"""Reasons for which a crawl or a page fails.

To add a reason, add a `Code` of at most 40 small letters and underscores. Add it to `TRANSIENT` if a later crawl may
succeed, and to `_CODE_OF_CRAWL` if a crawl that fails for this reason reports another code.
"""

from __future__ import annotations

from enum import StrEnum

from llmready.crawler.characters import clean_line


class Code(StrEnum):
    """Stable codes for programs."""

    # Reasons that may end a whole crawl.
    BLOCKED_ADDRESS = "blocked_address"
    HOST_BLOCKED = "host_blocked"
    REDIRECTS_ELSEWHERE = "redirects_elsewhere"
    DNS_FAILURE = "dns_failure"
    CONNECTION_FAILED = "connection_failed"
    TIMEOUT = "timeout"
    BAD_CERTIFICATE = "bad_certificate"
    HTTP_ERROR = "http_error"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    ROBOTS_DISALLOWED = "robots_disallowed"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    NO_PAGES = "no_pages"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    BUDGET_EXCEEDED = "budget_exceeded"
    NOT_HTML = "not_html"
    CONVERTER_FAILED = "converter_failed"
    BROWSER_MISSING = "browser_missing"
    DISK_FULL = "disk_full"
    FILES_IN_THE_WAY = "files_in_the_way"
    INTERNAL_ERROR = "internal_error"

    # Reasons that only fail one page.
    PAGE_TOO_LARGE = "page_too_large"
    PAGE_TOO_SLOW = "page_too_slow"
    EMPTY_PAGE = "empty_page"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_ENCODING = "bad_encoding"
    RENDER_FAILED = "render_failed"


TRANSIENT = frozenset(
    {
        Code.DNS_FAILURE,
        Code.CONNECTION_FAILED,
        Code.TIMEOUT,
        Code.SERVER_ERROR,
        Code.RATE_LIMITED,
        Code.ROBOTS_UNREACHABLE,
        Code.CONVERTER_FAILED,
        Code.DISK_FULL,
        Code.INTERNAL_ERROR,
    }
)

_CODE_OF_CRAWL = {
    Code.PAGE_TOO_LARGE: Code.BUDGET_EXCEEDED,
    Code.PAGE_TOO_SLOW: Code.BUDGET_EXCEEDED,
    Code.EMPTY_PAGE: Code.NO_PAGES,
    Code.TOO_MANY_REDIRECTS: Code.HTTP_ERROR,
    Code.BAD_ENCODING: Code.HTTP_ERROR,
    Code.RENDER_FAILED: Code.BUDGET_EXCEEDED,
}


NO_PAGES = frozenset({Code.NOT_HTML, Code.ROBOTS_DISALLOWED})
"""Failures of URLs that are not pages. The manifest does not list them."""

LONGEST_DETAIL = 500
"""Greatest length of a detail, in characters. A longer detail is cut in the middle."""

_TAIL = 120


class Failure(Exception):
    """The failure of a page or of a whole crawl.

    Args:
        code: Reason, for programs.
        detail: A sentence for the owner of the site. It may quote the site, so control characters, invisible
            characters and invalid UTF-8 are removed.
    """

    def __init__(self, code: Code, detail: str) -> None:
        detail = clean_line(detail)
        if len(detail) > LONGEST_DETAIL:
            detail = f"{detail[: LONGEST_DETAIL - _TAIL - 1]}…{detail[-_TAIL:]}"
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    @property
    def transient(self) -> bool:
        """Whether the same crawl may succeed later."""
        return self.code in TRANSIENT

    def of_crawl(self) -> Failure:
        """Return this failure with the code that a whole crawl reports for it."""
        return Failure(_CODE_OF_CRAWL.get(self.code, self.code), self.detail)


def first_error(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error of a group, which may contain other groups."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, ExceptionGroup) else error
