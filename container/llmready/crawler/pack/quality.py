"""Rate an llms.txt from 0 to 100 by the rules that validators of the format publish.

Each rule names its source: `llms-txt-audit` 0.1 and `llms-txt-kit` 0.1 (PyPI), `@25xcodes/llmstxt-parser`
1.2 (npm), `afdocs` 0.22 (npm), which implements the Agent-Friendly Documentation Spec. Rules
that every archive keeps (one H1, absolute links, each page once, no file over 50,000 characters) are not rated; tests
show them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llmready.crawler.model import Quality, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmready.crawler.model import PageFailure
    from llmready.crawler.pack.outline import Outline
    from llmready.crawler.urls import Url

LONGEST_PAGE = 50_000
"""Bytes of a page up to which agents read it whole (afdocs, `page-size-markdown`)."""

FEWEST_WORDS = 8
"""Words below which a page counts as nearly empty."""

FEWEST_LINKS = 3
MOST_UNDIVIDED = 20
"""Pages in a single section from which on sections are missed."""

_PRIVATE = frozenset({
    "admin", "account", "cart", "checkout", "login", "logout", "signin", "signup", "sign-in", "sign-up", "wp-admin",
})  # fmt: skip
_DOCUMENTATION = frozenset(
    {"docs", "doc", "documentation", "guide", "guides", "help", "manual", "reference", "blog"}
)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[?::1\]?")


def judge(outline: Outline, described: Sequence[dict[str, Any]], failures: Sequence[PageFailure]) -> Quality:
    """Rate what was written.

    Parameters: `outline`; `described`, the pages as the manifest lists them; `failures`, pages that are missing.
    """
    reasons = [reason for reason in _rules(outline, described, failures) if reason.points]
    reasons.sort(key=lambda reason: (-reason.points, reason.code))
    return Quality(max(0, 100 - sum(reason.points for reason in reasons)), tuple(reasons))


def _rules(
    outline: Outline, described: Sequence[dict[str, Any]], failures: Sequence[PageFailure]
) -> Iterable[Reason]:
    yield from _of_index(outline)
    count, broken = len(described), len(failures)
    # afdocs `llms-txt-links-resolve` and `http-status-codes`: what a site links to should answer.
    detail = f"{_pages(broken, count + broken)} did not answer."
    yield Reason("pages_failed", detail, _share(broken, count + broken, 25))
    # afdocs `page-size-markdown`.
    long = sum(page["bytes"] > LONGEST_PAGE for page in described)
    detail = f"{_have(long, count)} more than {LONGEST_PAGE:,} bytes; many agents cut such pages off."
    yield Reason("long_pages", detail, _share(long, count, 10))
    # afdocs `rendering-strategy` and `single-fetch-completeness`: a page that is empty without its scripts.
    thin = sum(page["words"] < FEWEST_WORDS for page in described)
    detail = f"{_have(thin, count)} fewer than {FEWEST_WORDS} words; they may need the browser."
    yield Reason("thin_pages", detail, _share(thin, count, 15))


def _of_index(outline: Outline) -> Iterable[Reason]:
    entries, count = outline.entries, len(outline.entries)
    # llms-txt-audit `summary-missing` (10 points), llms-txt-kit "Has a blockquote summary".
    detail = "The front page has neither a description nor text that would summarise the site."
    yield Reason("summary_missing", detail, 0 if outline.has_summary else 10)
    # llms-txt-kit "Links to key pages": at least three.
    detail = "There are fewer than three pages to list."
    yield Reason("few_links", detail, 10 if count < FEWEST_LINKS else 0)
    # llms-txt-audit `missing-link-note` (2 points each), llms-txt-kit "Links have descriptions", llmstxt-parser.
    bare = sum(not entry.description for entry in entries)
    yield Reason(
        "links_without_description", f"{_have(bare, count)} no description.", _share(bare, count, 20)
    )
    # llms-txt-audit `sections-missing`, llms-txt-kit "Uses section headings".
    detail = f"All {count:,} pages stand in one section, because nothing on the site divides them."
    yield Reason("one_section", detail, 5 if len(outline.sections) == 1 and count > MOST_UNDIVIDED else 0)
    # llms-txt-kit "All links use HTTPS".
    detail = "The site is served over http; its links are not secure."
    yield Reason("not_https", detail, 0 if _is_secure(entries[0].page.url) else 5)
    # llms-txt-audit `private-looking-url` (10 points each).
    private = sum(_is_private(entry.page.url) for entry in entries)
    detail = f"{_have(private, count)} an address of a private area, such as /login."
    yield Reason("private_pages", detail, min(10, 2 * private))


def _is_secure(url: Url) -> bool:
    """Tell whether a URL is https, or on this machine, where it needs not be."""
    return url.scheme == "https" or _LOOPBACK.fullmatch(url.host) is not None


def _is_private(url: Url) -> bool:
    """Tell whether a whole segment of a path names a private area, outside of documentation about it."""
    parts = url.path.lower().strip("/").split("/")
    return not _PRIVATE.isdisjoint(parts) and _DOCUMENTATION.isdisjoint(parts)


def _share(some: int, of: int, most: int) -> int:
    """Return the points of `some` out of `of`, in proportion to `most`; at least 1 where `some` is not 0."""
    return max(1, round(most * some / of)) if some else 0


def _pages(some: int, of: int) -> str:
    return f"{some:,} of {of:,} pages"


def _have(some: int, of: int) -> str:
    return f"{_pages(some, of)} {'has' if some == 1 else 'have'}"
