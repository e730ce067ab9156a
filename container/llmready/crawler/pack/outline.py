"""Arrange a site: its name, its summary, its sections, and the title and description of each page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmready.crawler.languages import language_of
from llmready.crawler.pack.descriptions import bounded, page_descriptions, stated_descriptions
from llmready.crawler.pack.generic_names import is_placeholder
from llmready.crawler.pack.no_descriptions import describes
from llmready.crawler.pack.places import labels_of
from llmready.crawler.pack.sections import FIRST, OPTIONAL, REST, Part
from llmready.crawler.pack.site_languages import one_language, site_languages
from llmready.crawler.pack.steps import Steps
from llmready.crawler.pack.titles import SiteName, page_titles, site_name, stated_titles
from llmready.crawler.pack.translations import arrange, front_page
from llmready.crawler.pack.words import is_mostly_foreign, listed
from llmready.crawler.page.excerpt import SENTENCE, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.store.navigation import SiteNavigation
    from llmready.crawler.urls import Url

LONGEST_SUMMARY = 500
LONGEST_COMPARED = 60
"""Number of characters by which a teaser, which may be cut, is recognised."""

LEAST_NAMES, MOST_NAMES = 2, 8
"""Maximum number of section or page names in the summary of a site without a description."""

_INTRODUCTION = re.compile(
    r"(?i)(?:\d+\.\s+)?(?:what is\b|introduction$|about(?: [\w ]{1,40})?$|overview$|readme$)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as the archive presents it."""

    page: StoredPage
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the site."""

    title: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole site in reading order.

    Attributes:
        has_summary: Whether the summary comes from the site.
        notes: Sentences for the manifest.
        is_simplified: Whether arranging the pages took too long, so that they are in one list.
    """

    site_name: str
    summary: str
    has_summary: bool
    sections: list[Section]
    is_english: bool = True
    notes: tuple[str, ...] = ()
    is_simplified: bool = False

    @property
    def entries(self) -> list[Entry]:
        """All pages, section by section."""
        return [entry for section in self.sections for entry in section.entries]


def make_outline(
    pages: Sequence[StoredPage],
    start: Url,
    text_of: Callable[[StoredPage], str],
    navigation: SiteNavigation | None = None,
    languages: Sequence[str] = (),
) -> Outline:
    """Arrange the pages of a site.

    The result does not depend on the order of `pages`. If a step takes too long, the pages are in one list.

    Args:
        pages: Pages of the site, at least one.
        start: URL at which the crawl began.
        text_of: Reads the Markdown of a page.
        navigation: Navigation of the site, or None.
        languages: Languages that have sections, the main language first. Empty for all languages.
    """
    pages = sorted(pages, key=lambda page: page.url)
    home = min(pages, key=lambda page: _rank_as_front_page(page, start))
    steps = Steps(len(pages))
    found = steps.run(lambda: site_languages(pages, home, text_of), lambda: one_language(pages, home))
    chosen = [one for one in map(language_of, languages) if one in found.of.values()]
    main = chosen[0] if chosen else found.main
    of_main = [page for page in pages if found.of[page.url] == main] or [home]
    lead = front_page(of_main, home)
    site = steps.run(lambda: site_name(pages, home), lambda: SiteName(home.url.host))
    titles = steps.run(
        lambda: page_titles(pages, home, site, labels_of(navigation)), lambda: stated_titles(pages)
    )
    descriptions = steps.run(
        lambda: page_descriptions(pages, titles, text_of), lambda: stated_descriptions(pages)
    )
    stated = _stated(lead, pages, descriptions)
    if stated and stated == plain(lead.tagline):
        descriptions[lead.url] = bounded(stated)
    parts = steps.run(
        lambda: arrange(
            pages,
            home,
            titles,
            site.name,
            text_of,
            navigation=navigation,
            languages=found._replace(main=main),
            chosen=chosen,
        ),
        lambda: [
            Part(FIRST if main in ("", "en") else site.name, [home, *(p for p in pages if p is not home)])
        ],
    )
    sections = [
        Section(part.title, [Entry(page, titles[page.url], descriptions[page.url]) for page in part.pages])
        for part in parts
    ]
    return Outline(
        site_name=site.name,
        summary=bounded(stated or _introduction(sections) or _contents(site.name, sections), LONGEST_SUMMARY),
        has_summary=bool(stated),
        sections=sections,
        is_english=main in ("", "en") and not is_mostly_foreign(page.title for page in of_main),
        notes=_notes(languages, chosen),
        is_simplified=steps.is_exceeded,
    )


def _rank_as_front_page(page: StoredPage, start: Url) -> tuple[object, ...]:
    """Return the sort key that puts the most likely front page first.

    The banner of a frameset is unlikely, because it has no text.
    """
    is_wordless = not (page.excerpt or page.description)
    return (page.url.key != start.key, page.depth, is_wordless, len(page.url.target), page.url)


def _notes(languages: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
    if not languages or chosen:
        return ()
    return (f"No page is in a chosen language ({', '.join(languages)}); all languages have sections.",)


def _stated(home: StoredPage, pages: Sequence[StoredPage], descriptions: Mapping[Url, str]) -> str:
    """Return the description of the site on its front page.

    A teaser, which is the text of another page, is not used.
    """
    others = {
        plain(text).casefold()[:LONGEST_COMPARED]
        for page in pages
        if page is not home
        for text in (descriptions[page.url], page.excerpt)
        if text
    }
    found = descriptions[home.url]
    sentence = found if SENTENCE.search(found) else ""
    for text in map(plain, (home.description, home.tagline, home.excerpt, sentence)):
        is_own = text == plain(home.tagline) or text.casefold()[:LONGEST_COMPARED] not in others
        if text and describes(text) and (is_own or text == plain(home.description)):
            return text
    return ""


def _introduction(sections: Sequence[Section]) -> str:
    """Return the first sentences of the site's introduction."""
    for section in sections:
        for entry in section.entries:
            text = plain(entry.page.description) or plain(entry.page.excerpt)
            if text and describes(text) and _INTRODUCTION.match(entry.title):
                return text
    return ""


def _contents(name: str, sections: Sequence[Section]) -> str:
    """Return the names of the sections, or of the pages if there is only one section."""
    titles = [section.title for section in sections if section.title not in (FIRST, REST, OPTIONAL)]
    if len(titles) < LEAST_NAMES:
        named = [entry.title for section in sections[:1] for entry in section.entries[1:]]
        titles = [title for title in named if not is_placeholder(title)]
    if len(titles) < LEAST_NAMES:
        return name
    return f"{name}: {listed(titles, MOST_NAMES, '.')}"
