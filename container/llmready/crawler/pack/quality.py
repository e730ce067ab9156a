"""Rate an llms.txt from 0 to 100 by the rules that validators of the format publish.

The rules come from `llms-txt-audit` 0.1 and `llms-txt-kit` 0.1 (PyPI), and from `@25xcodes/llmstxt-parser`
1.2 and `afdocs` 0.22 (npm). Rules that every archive satisfies are not rated, such as one H1 and absolute
links. Tests verify them. `reader_rules` adds rules for problems that readers notice.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from llmready.crawler.model import Quality
from llmready.crawler.pack.reader_rules import judged_sections, points_of_division, reader_rules
from llmready.crawler.pack.score_reasons import by_share, have, pages, reason, share
from llmready.crawler.pack.text_faults import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmready.crawler.model import Coverage, PageFailure, Reason
    from llmready.crawler.pack.outline import Outline
    from llmready.crawler.pack.text_faults import TextFaults
    from llmready.crawler.urls import Url

LONGEST_PAGE = 50_000
"""Bytes of a page up to which agents read it whole (afdocs, `page-size-markdown`)."""

FEWEST_WORDS = 8
"""Words below which a page counts as nearly empty."""

MOST_WORDS_OF_FORM = 200
"""Greatest number of words of a page that counts as a form of a private area. A longer page is a text about
the subject.
"""

FEWEST_LINKS = 3
MOST_UNDIVIDED = 20
"""Number of pages in a single section above which sections are missing."""

MOST_TARGETS = 3
"""Maximum number of dead links in a remedy."""

LONGEST_REMEDY = 400

_PRIVATE = frozenset({
    "admin", "account", "cart", "checkout", "login", "logout", "signin", "signup", "sign-in", "sign-up", "wp-admin",
})  # fmt: skip
_DOCUMENTATION = frozenset(
    {"docs", "doc", "documentation", "guide", "guides", "help", "manual", "reference", "blog"}
)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[?::1\]?")


def judge(
    outline: Outline,
    described: Sequence[dict[str, Any]],
    failures: Sequence[PageFailure],
    coverage: Coverage | None,
    faults: TextFaults,
) -> Quality:
    """Rate an archive.

    Args:
        outline: Sections with their pages.
        described: Pages as the manifest lists them.
        failures: Pages that are missing.
        coverage: Coverage of the crawl, or None.
        faults: Faults in the texts of the pages.
    """
    rules = chain(
        _of_index(outline, described),
        _of_answers(len(described), failures, faults),
        _of_pages(described),
        reader_rules(outline, coverage, len(failures), faults),
    )
    reasons = sorted(
        (found for found in rules if found.points), key=lambda found: (-found.points, found.code)
    )
    return Quality(max(0, 100 - sum(found.points for found in reasons)), tuple(reasons))


def _of_answers(count: int, failures: Sequence[PageFailure], faults: TextFaults) -> Iterator[Reason]:
    """Rate the site's responses. `count` is the number of pages in the result."""
    gone = sorted(failure.url for failure in failures if is_gone(failure))
    broken = sorted(failure.url for failure in failures if not is_gone(failure))
    every = count + len(failures)
    # afdocs `llms-txt-links-resolve` and `http-status-codes`: what a site links to should answer.
    yield reason(
        "pages_failed",
        f"{pages(len(broken), every)} did not answer.",
        share(len(broken), every, 25),
        "Check that the site answers these URLs without an error and in time, or name them in exclude_patterns.",
        broken,
    )
    # Pages that only a menu or sitemap.xml links to are listed themselves.
    yield reason(
        "dead_links",
        f"{pages(len(gone), every)} that the site links to do not exist (404 or 410)"
        + (f"; {len(faults.linking):,} pages link to them." if len(faults.linking) > 1 else "."),
        share(len(gone), every, 25),
        f"Correct or remove the links to {', '.join(gone[:MOST_TARGETS])}."[:LONGEST_REMEDY],
        faults.linking or gone,
    )


def _of_pages(described: Sequence[dict[str, Any]]) -> Iterator[Reason]:
    # afdocs `page-size-markdown`.
    yield by_share(
        "long_pages",
        f"more than {LONGEST_PAGE:,} bytes; many agents cut such pages off.",
        "Divide these pages on the site, for example one page for each chapter.",
        [page["url"] for page in described if page["bytes"] > LONGEST_PAGE],
        of=len(described),
        most=5,
    )
    # afdocs `rendering-strategy` and `single-fetch-completeness`: a page that is empty without its scripts.
    yield by_share(
        "thin_pages",
        f"fewer than {FEWEST_WORDS} words.",
        "Turn on use_playwright if scripts write these pages; otherwise name them in exclude_patterns.",
        [page["url"] for page in described if page["words"] < FEWEST_WORDS],
        of=len(described),
        most=25,
    )


def _of_index(outline: Outline, described: Sequence[dict[str, Any]]) -> Iterator[Reason]:
    entries, count = outline.entries, len(outline.entries)
    home = entries[0].page.url
    # llms-txt-audit `summary-missing` (10 points), llms-txt-kit "Has a blockquote summary".
    yield reason(
        "summary_missing",
        "The front page has neither a description nor text that would summarise the site.",
        0 if outline.has_summary else 10,
        'Write <meta name="description"> on the front page: one or two sentences about the site.',
        [home],
    )
    # llms-txt-kit "Links to key pages": at least three.
    yield reason(
        "few_links",
        "There are fewer than three pages to list.",
        10 if count < FEWEST_LINKS else 0,
        "Link further pages, or turn on use_playwright if scripts write the links; check include_patterns.",
        [entry.page.url for entry in entries],
    )
    # Lists by tag, forms and the like in `Optional` need no description.
    judged = [entry for section in judged_sections(outline) for entry in section.entries]
    # llms-txt-audit `missing-link-note` (2 points each), llms-txt-kit "Links have descriptions", llmstxt-parser.
    yield by_share(
        "links_without_description",
        "no description.",
        'Write a <meta name="description"> or a first paragraph for these pages.',
        [entry.page.url for entry in judged if not entry.description],
        of=len(judged),
        most=20,
    )
    # llms-txt-audit `sections-missing`, llms-txt-kit "Uses section headings".
    yield reason(
        "one_section",
        f"All {count:,} pages are in one section, because the site has no navigation or folders that divide them.",
        points_of_division(count) if len(outline.sections) == 1 and count > MOST_UNDIVIDED else 0,
        "Divide the pages by the parts of a navigation, or by folders in their URLs.",
    )
    # llms-txt-kit "All links use HTTPS".
    yield reason(
        "not_https",
        "The site is served over http; its links are not secure.",
        0 if _is_secure(home) else 5,
        "Serve the site over https, and change the website's URL to https.",
        [home],
    )
    # llms-txt-audit `private-looking-url` (10 points each).
    short = {page["url"] for page in described if page["words"] <= MOST_WORDS_OF_FORM}
    private = [
        entry.page.url for entry in entries if str(entry.page.url) in short and _is_private(entry.page.url)
    ]
    yield reason(
        "private_pages",
        f"{have(len(private), count)} an address of a private area, such as /login.",
        min(10, 2 * len(private)),
        "Name these pages in exclude_patterns.",
        private,
    )


def _is_secure(url: Url) -> bool:
    """Return whether a URL is https, or on this machine."""
    return url.scheme == "https" or _LOOPBACK.fullmatch(url.host) is not None


def _is_private(url: Url) -> bool:
    """Return whether a whole segment of a path is the name of a private area, outside of documentation about it."""
    parts = url.path.lower().strip("/").split("/")
    return not _PRIVATE.isdisjoint(parts) and _DOCUMENTATION.isdisjoint(parts)
