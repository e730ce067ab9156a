"""How the site is presented: its name, its summary, its sections, each page's title and description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.pack.descriptions import bounded, page_descriptions, plain
from crawler.pack.sections import divide
from crawler.pack.titles import page_titles, site_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.frontier.urls import Url
    from crawler.pack.store import StoredPage

LONGEST_SUMMARY = 500


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
    """The whole site in the order of reading; `has_summary` says whether the site gave the summary."""

    site_name: str
    summary: str
    has_summary: bool
    sections: list[Section]

    @property
    def entries(self) -> list[Entry]:
        """All pages, section by section."""
        return [entry for section in self.sections for entry in section.entries]


def make_outline(pages: Sequence[StoredPage], start: Url, text_of: Callable[[StoredPage], str]) -> Outline:
    """Arrange the pages of a site.

    Parameters: `pages`, at least one; `start`, where the crawl began; `text_of`, which reads the Markdown of a
    page. The result depends on nothing else, and not on the order of `pages`.
    """
    pages = sorted(pages, key=lambda page: page.url)
    home = min(
        pages, key=lambda page: (page.url.key != start.key, page.depth, len(page.url.target), page.url)
    )
    site = site_name(pages, home)
    titles = page_titles(pages, home, site)
    descriptions = page_descriptions(pages, titles, text_of)
    summary = plain(home.description) or plain(home.excerpt)
    sections = [
        Section(part.title, [Entry(page, titles[page.url], descriptions[page.url]) for page in part.pages])
        for part in divide(pages, home, titles, site.name, text_of)
    ]
    return Outline(
        site_name=site.name,
        summary=bounded(summary or f"The pages of {site.name}, as Markdown.", LONGEST_SUMMARY),
        has_summary=bool(summary),
        sections=sections,
    )
