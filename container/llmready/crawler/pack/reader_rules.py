"""Rate problems that readers of llms.txt notice and that no published rule covers."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from llmready.crawler.kinds import Kind
from llmready.crawler.model import Truncation
from llmready.crawler.pack.generic_names import is_placeholder, is_site_name
from llmready.crawler.pack.score_reasons import by_share, have, pages, reason, share
from llmready.crawler.pack.sections import FIRST, OPTIONAL
from llmready.crawler.pack.text_faults import is_garbled
from llmready.crawler.pack.words import readable, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmready.crawler.model import Coverage, Reason
    from llmready.crawler.pack.outline import Entry, Outline, Section
    from llmready.crawler.pack.text_faults import TextFaults
    from llmready.crawler.urls import Url

COMPARED = 60
"""Number of characters at both ends of a description by which a sentence of a template is recognised."""

FEWEST_ALIKE = 3
"""Minimum number of descriptions with the same beginning or end that count as repeated."""

LONGEST_SITE_NAME = 70
"""Characters above which a site's name counts as a sentence."""

FEWEST_DIVIDED = 20
"""Number of pages above which the balance of sections is rated."""

MANY = 100
"""Number of pages above which missing sections cost more points."""

LEAST_BESIDE_OPTIONAL = 0.1
"""Share of the pages outside of `Optional` below which `Optional` is rated, too."""

MOST_IN_ONE = 0.85
"""Maximum share of the pages in one of several sections."""

MOST_LOOSE = 0.6
"""Maximum share of the pages outside of all sections."""

MOST_OF_ONE_PAGE = 3
"""Number of single-page sections that cost no points."""

LEAST_LETTERS = 12
"""Minimum letters of a text whose script is compared."""

LEAST_OF_OTHER_SCRIPT = 60
"""The same for Latin letters on a page whose language is written in another script."""

LATIN = "Latin"

_OTHER_SCRIPTS = frozenset({
    "am", "ar", "be", "bg", "bn", "el", "fa", "he", "hi", "hy", "ja", "ka", "kk", "km", "ko", "lo", "mk", "mr", "my",
    "ne", "ru", "ta", "te", "th", "uk", "ur", "zh",
})  # fmt: skip
_ADDED = re.compile(r" \(([^()]{1,80})\)$")
_DIGIT = re.compile(r"\d")
_SCRIPTS = {
    "East Asian": re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"),
    "Cyrillic": re.compile(r"[\u0400-\u052f]"),
    "Arabic": re.compile(r"[\u0600-\u06ff]"),
    "Greek": re.compile(r"[\u0370-\u03ff]"),
    "Hebrew": re.compile(r"[\u0590-\u05ff]"),
    "Indic": re.compile(r"[\u0900-\u0dff]"),
    "Thai": re.compile(r"[\u0e00-\u0e7f]"),
}
_LETTER = re.compile(r"[^\W\d_]")
_CONTENT = frozenset({Kind.CONTENT.value, Kind.CHANGES.value})
_CUT = {
    Truncation.MAX_PAGES: "Raise max_pages, or exclude less important pages with exclude_patterns.",
    Truncation.TIMEOUT: "Raise timeout, or exclude less important pages with exclude_patterns.",
    Truncation.SIZE: "Leave out the largest pages with exclude_patterns.",
}


def reader_rules(
    outline: Outline, coverage: Coverage | None, failed: int, faults: TextFaults
) -> Iterator[Reason]:
    """Yield the reasons, also those that cost no points.

    Args:
        outline: Sections with their pages.
        coverage: Coverage of the crawl, or None.
        failed: Number of missing pages.
        faults: Faults in the texts of the pages.
    """
    entries = outline.entries
    yield _site_name(outline)
    yield by_share(
        "generic_titles",
        "a title with little information: a placeholder, an address or a number.",
        "Give each of these pages a <title> or a first heading of its own.",
        _generic_titles(entries, outline.site_name),
        of=len(entries),
        most=20,
    )
    yield _repeated(entries)
    yield by_share(
        "boilerplate",
        "little text that is not also on many other pages.",
        "Mark repeated text as <nav>, <header>, <footer> or <aside>, or give these pages a text of their own.",
        faults.boilerplate(),
        of=max(1, faults.compared),
        most=25,
    )
    yield _balance(outline)
    if coverage is not None:
        yield _cut(coverage, failed)
    yield by_share(
        "mixed_languages",
        "another language than the rest of their section.",
        "Put each translation in a folder of its own, such as /fr/, or crawl one language with include_patterns.",
        [url for section in judged_sections(outline) for url in _foreign(section)],
        of=len(entries),
        most=20,
    )
    yield by_share(
        "garbled_text",
        "characters that were lost or decoded in the wrong encoding.",
        "Save these pages in UTF-8, and declare the encoding in the Content-Type header.",
        faults.garbled,
        of=len(entries),
        most=40,
    )


def judged_sections(outline: Outline) -> list[Section]:
    """Return the sections that are rated: `Optional` only if it contains nearly all pages."""
    sections = [section for section in outline.sections if section.title != OPTIONAL]
    kept = sum(len(section.entries) for section in sections)
    return sections if kept >= LEAST_BESIDE_OPTIONAL * len(outline.entries) else outline.sections


def _site_name(outline: Outline) -> Reason:
    name, home = outline.site_name, outline.entries[0].page.url
    if name == home.host:
        detail = "No page states the name of the site, so the heading of llms.txt is the host."
    elif not is_site_name(name):
        detail = f"The site's name, “{name[:60]}”, is a generic name."
    elif len(name) >= LONGEST_SITE_NAME:
        detail = "The site's name is a sentence rather than a name."
    elif is_garbled(name):
        detail = "The site's name has characters that were decoded in the wrong encoding."
    else:
        return reason("site_name", "The site has a name.", 0, "")
    remedy = 'State the name in <meta property="og:site_name"> or in structured data of the front page.'
    return reason("site_name", detail, 15, remedy, [home])


def _generic_titles(entries: Sequence[Entry], site_name: str) -> list[Url]:
    """Return the pages whose titles are placeholders, or numbers or paths because they have no name."""
    bases = Counter(_ADDED.sub("", entry.title).casefold() for entry in entries)
    found = []
    for place, entry in enumerate(entries):
        page, title = entry.page, entry.title
        # The first page of the list is the front page. It may have the site's name as its title.
        is_site = place > 0 and title.casefold() == site_name.casefold()
        mark = _ADDED.search(title)
        file = readable("".join(segments(page.url)[-1:]))
        added = mark[1] if mark and bases[title[: mark.start()].casefold()] > 1 else ""
        is_number = added != "" and (added.isdecimal() or added == file)
        is_made = is_number and f"({added})" not in f"{page.title}\n{page.heading}"
        is_nameless = is_placeholder(page.title) and is_placeholder(page.heading)
        is_file = is_nameless and title == file and _DIGIT.search(title)
        if is_placeholder(title) or is_site or is_made or is_file or f"({page.url.target})" in title:
            found.append(page.url)
    return found


def _repeated(entries: Sequence[Entry]) -> Reason:
    """Rate descriptions that are equal, or that share a sentence of a template.

    Descriptions that only end alike cost half as much, because a reader sees their different beginnings first.
    """
    texts = [(entry.page.url, entry.description.casefold()) for entry in entries if entry.description]
    whole = Counter(text for _, text in texts)
    starts = Counter(text[:COMPARED] for _, text in texts if len(text) >= COMPARED)
    ends = Counter(text[-COMPARED:] for _, text in texts if len(text) >= COMPARED)
    same = [url for url, text in texts if whole[text] > 1 or starts[text[:COMPARED]] >= FEWEST_ALIKE]
    known = frozenset(same)
    alike = [url for url, text in texts if ends[text[-COMPARED:]] >= FEWEST_ALIKE and url not in known]
    count = len(entries)
    return reason(
        "repeated_descriptions",
        f"{have(len(same) + len(alike), count)} a description that begins or ends like those of others.",
        share(len(same), count, 20) + share(len(alike), count, 10),
        'Write a <meta name="description"> for each page that describes only this page.',
        [*same, *alike],
    )


def _balance(outline: Outline) -> Reason:
    sections = [section for section in outline.sections if section.title != OPTIONAL]
    count = sum(len(section.entries) for section in sections)
    largest = max(sections, key=lambda section: len(section.entries), default=None)
    single = [section for section in sections if len(section.entries) == 1 and section.title != FIRST]
    # Pages without a section are first, under a title of LLMReady or the site's name.
    is_loose = bool(sections) and sections[0].title in (FIRST, outline.site_name)
    detail, found = "", single
    if largest is None or len(sections) == 1 or count <= FEWEST_DIVIDED:
        found = []
    elif len(largest.entries) > MOST_IN_ONE * count:
        detail = f"The section “{largest.title[:80]}” has {len(largest.entries):,} of the {count:,} pages."
        found = [largest]
    elif is_loose and len(sections[0].entries) > MOST_LOOSE * count:
        detail = (
            f"{pages(len(sections[0].entries), count)} belong to no part of the navigation and to no folder."
        )
        found = [sections[0]]
    elif len(single) > MOST_OF_ONE_PAGE and len(single) * 2 >= len(sections):
        detail = f"{len(single):,} of {len(sections):,} sections have a single page."
    return reason(
        "unbalanced_sections",
        detail,
        points_of_division(count) if detail else 0,
        "Divide the site's navigation into parts of similar sizes; llms.txt takes its sections from there.",
        [entry.page.url for section in found for entry in section.entries],
    )


def points_of_division(count: int) -> int:
    """Return the points of missing sections, which depend on the number of pages."""
    return 10 if count > MANY else 5


def _cut(coverage: Coverage, failed: int) -> Reason:
    """Rate the content that was left out because of a limit.

    Lists by tag, searches and similar pages do not count.
    """
    if coverage.truncated_by is None:
        return reason("pages_cut", "No page was left out.", 0, "")
    kept = coverage.pages_crawled
    left = coverage.pages_found - kept - failed
    left -= sum(number for kind, number in coverage.left_out if kind not in _CONTENT)
    left = max(0, left)
    detail = f"{have(left, kept + left)} been left out, because the crawl reached a limit."
    return reason("pages_cut", detail, share(left, kept + left, 5), _CUT[coverage.truncated_by])


def _foreign(section: Section) -> Iterator[Url]:
    """Yield the pages of a section that are in another script or language than most of it."""
    known = [(entry.page.url, *_language(entry)) for entry in section.entries]
    scripts = Counter(script for _, script, _ in known if script)
    if not scripts:
        return
    most = max(scripts, key=lambda one: (scripts[one], one))
    languages = Counter(lang for _, script, lang in known if script == most == LATIN and lang)
    main = max(languages, key=lambda one: (languages[one], one), default="")
    for url, script, lang in known:
        if (script and script != most) or (script == most == LATIN and lang not in ("", main)):
            yield url


def _language(entry: Entry) -> tuple[str, str]:
    """Return the script of a page's title and description, and its language. An unknown value is empty.

    Languages are compared only for text in the Latin script. For other scripts, the script alone is compared, because
    pages often declare the language of their template.
    """
    text = f"{entry.title} {entry.description}"
    lang = entry.page.lang.partition("-")[0].lower()
    letters = len(_LETTER.findall(text))
    script = next((name for name, some in _SCRIPTS.items() if len(some.findall(text)) > 0.3 * letters), LATIN)
    # A short Latin text on a page in Chinese or Russian is a name or a command.
    least = LEAST_LETTERS if script != LATIN or lang not in _OTHER_SCRIPTS else LEAST_OF_OTHER_SCRIPT
    return (script, lang) if letters >= least else ("", "")
