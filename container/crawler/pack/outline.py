"""How the site is presented: its name, its summary, its sections, each page's title and description."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crawler.convert.sanitise import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.frontier.urls import Url
    from crawler.pack.store import StoredPage

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 300
ROOT_SECTION = "Overview"

_SEPARATOR = re.compile("\\s+[|\\-\u2013\u2014·•»«:]{1,2}\\s+|\\s*[|·•»]\\s+")
_WORDS = re.compile(r"[-_+.\s]+")
_CAPITALS = {
    "api",
    "apis",
    "cli",
    "faq",
    "faqs",
    "sdk",
    "ui",
    "ux",
    "url",
    "urls",
    "http",
    "https",
    "html",
    "css",
    "sql",
}
_CAPITALS |= {
    "json",
    "xml",
    "yaml",
    "rest",
    "aws",
    "seo",
    "pdf",
    "ai",
    "llm",
    "llms",
    "rfc",
    "ssh",
    "tls",
    "dns",
    "ci",
}


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
    """The whole site in the order of reading."""

    site_name: str
    summary: str
    sections: list[Section]

    @property
    def entries(self) -> list[Entry]:
        """All pages, section by section."""
        return [entry for section in self.sections for entry in section.entries]


def make_outline(pages: Sequence[StoredPage], start: Url) -> Outline:
    """Arrange the pages of a site.

    Parameters: `pages`, at least one; `start`, where the crawl began. The result depends on nothing else.
    """
    home = min(pages, key=lambda page: (page.url != start, page.depth, len(page.url.target), page.url))
    suffix = _common_suffix(pages)
    name = _site_name(pages, home, suffix)
    repeated = _repeated(page.description for page in pages)
    entries = [
        Entry(page, _title(page, name, suffix), _shortened(_description(page, repeated), LONGEST_DESCRIPTION))
        for page in pages
    ]
    summary = home.description or home.excerpt or f"The pages of {name}, as Markdown."
    return Outline(name, _shortened(clean_line(summary), 500), _sections(entries))


def _site_name(pages: Sequence[StoredPage], home: StoredPage, suffix: str) -> str:
    named = Counter(clean_line(page.site_name) for page in pages if page.site_name.strip())
    if named:
        return _shortened(max(named, key=lambda name: (named[name], name)), LONGEST_TITLE)
    if suffix:
        return suffix
    title = clean_line(home.title) or clean_line(home.heading)
    parts = _SEPARATOR.split(title)
    return _shortened(parts[0] or title, LONGEST_TITLE) or home.url.host


def _common_suffix(pages: Sequence[StoredPage]) -> str:
    """Return the part after the last separator that most titles share, or nothing."""
    ends = Counter(
        _SEPARATOR.split(clean_line(page.title))[-1] for page in pages if _SEPARATOR.search(page.title)
    )
    if not ends:
        return ""
    end = max(ends, key=lambda text: (ends[text], text))
    return end if ends[end] >= max(2, len(pages) / 2) else ""


def _title(page: StoredPage, site_name: str, suffix: str) -> str:
    title = clean_line(page.title)
    for _ in range(3):
        found = list(_SEPARATOR.finditer(title))
        if not found or not _is_site(title[found[-1].end() :], site_name, suffix):
            break
        title = title[: found[-1].start()].strip()
    if not title or (_is_site(title, site_name, suffix) and page.heading.strip() and page.url.path != "/"):
        title = clean_line(page.heading) or title
    return _shortened(title, LONGEST_TITLE) or _from_path(page.url)


def _is_site(text: str, site_name: str, suffix: str) -> bool:
    """Say whether the end of a title only names the site: "Name", "Name docs", "The Name documentation"."""
    text, name = text.casefold().strip(), site_name.casefold()
    if text in (name, suffix.casefold()):
        return True
    rest = text.replace(name, " ", 1) if name and name in text else None
    extra = {
        "docs",
        "doc",
        "documentation",
        "website",
        "site",
        "blog",
        "the",
        "official",
        "home",
        "help",
        "manual",
    }
    return rest is not None and set(rest.split()) <= extra


def _description(page: StoredPage, repeated: set[str]) -> str:
    description = clean_line(page.description)
    return description if description and description not in repeated else clean_line(page.excerpt)


def _repeated(texts: Iterable[str]) -> set[str]:
    """Return descriptions that so many pages share that they describe none of them."""
    counts = Counter(clean_line(text) for text in texts)
    return {text for text, count in counts.items() if count > 2}


def _sections(entries: Sequence[Entry]) -> list[Section]:
    shared = _shared_folders([entry.page.url for entry in entries])
    folders = {entry.page.url: _folders(entry.page.url)[shared:] for entry in entries}
    heads = {parts[0] for parts in folders.values() if parts}
    groups: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        parts = folders[entry.page.url]
        own = _page_name(entry.page.url)
        head = parts[0] if parts else own if own in heads else ""
        groups[_readable(head) if head else ROOT_SECTION].append(entry)
    ordered = sorted(
        groups.items(), key=lambda group: (group[0] != ROOT_SECTION, group[0].casefold(), group[0])
    )
    return [Section(title, sorted(group, key=_reading_order)) for title, group in ordered]


def _shared_folders(urls: Sequence[Url]) -> int:
    """Return how many leading folders all pages have in common: /docs/ alone would be no division."""
    first, *rest = [_folders(url) for url in urls]
    count = len(first)
    for parts in rest:
        count = min(count, len(parts))
        while parts[:count] != first[:count]:
            count -= 1
    return count


def _folders(url: Url) -> list[str]:
    return [part for part in url.path.split("/")[1:-1] if part]


def _page_name(url: Url) -> str:
    return url.path.rpartition("/")[2].partition(".")[0]


def _reading_order(entry: Entry) -> tuple[object, ...]:
    url = entry.page.url
    parts = [part for part in url.key.partition("?")[0].split("/") if part]
    # Numbers count as numbers, so that chapter 2 comes before chapter 10.
    natural = [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in _pieces("/".join(parts))]
    return (natural, url.query, url.path)


def _pieces(text: str) -> list[str]:
    return [piece[:18] if piece.isdecimal() else piece for piece in re.split(r"([0-9]+)", text) if piece]


def _from_path(url: Url) -> str:
    parts = [part for part in url.key.partition("?")[0].split("/") if part]
    return _readable(parts[-1].partition(".")[0] or parts[-1]) if parts else url.host


def _readable(segment: str) -> str:
    words = [word for word in _WORDS.split(clean_line(unquote(segment, errors="replace"))) if word]
    text = " ".join(word.upper() if word.casefold() in _CAPITALS else word for word in words) or segment
    return text[:1].upper() + text[1:]


def _shortened(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
