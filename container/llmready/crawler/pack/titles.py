"""The name of the site, and a title for each page that tells it from the others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from llmready.crawler.convert.characters import clean_line
from llmready.crawler.pack.words import readable, segments, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url

LONGEST_TITLE = 200

_SEPARATOR = re.compile("\\s+[|\\-\u2013\u2014·•»«:]{1,2}\\s+|\\s*[|·•»]\\s+")
_COLON = re.compile(r":\s+")
_EXTRA = frozenset((
    "docs", "doc", "documentation", "website", "site", "blog", "the", "official", "home", "help", "manual", "guide",
    "reference", "wiki", "a", "of", "for",
))  # fmt: skip
_MEANINGLESS = frozenset((
    "index", "home", "homepage", "home page", "untitled", "untitled document", "document", "page", "readme", "main",
    "default", "contents", "table of contents", "no title", "title", "new page", "root",
))  # fmt: skip
_BRACKETS = re.compile(r"\s\(([^()]{3,80})\)$")
_MANUAL_SECTION = re.compile(r"\(\d\w?\)$")


class SiteName(NamedTuple):
    """What the site is called, and what its titles begin or end with besides."""

    name: str
    affixes: frozenset[str] = frozenset()


def site_name(pages: Sequence[StoredPage], home: StoredPage) -> SiteName:
    """Find the name of a site: what its pages say, else what their titles have in common, else its front page's."""
    titles = [_plain(page.title) for page in pages]
    affixes = frozenset(
        affix for affix in (_common(titles, -1), _common(titles, 0), _common_brackets(titles)) if affix
    )
    stated = Counter(name for page in pages if (name := _plain(page.site_name)))
    if stated:
        name = max(stated, key=lambda text: (stated[text], text))
        if _plain(home.site_name) or stated[name] * 2 >= len(pages):
            return SiteName(shortened(name, LONGEST_TITLE), affixes)
    if affixes:
        longest = _common(titles, -1) or _common(titles, 0) or _common_brackets(titles)
        return SiteName(shortened(longest, LONGEST_TITLE), affixes)
    title = _plain(home.title) or _plain(home.heading)
    first = _MANUAL_SECTION.sub("", _SEPARATOR.split(title)[0] or title)
    if first.casefold() in _MEANINGLESS or first.casefold() == "welcome":
        first = _plain(home.heading) if _plain(home.heading).casefold() not in _MEANINGLESS else ""
    return SiteName(shortened(first, LONGEST_TITLE) or home.url.host, affixes)


def page_titles(pages: Sequence[StoredPage], home: StoredPage, site: SiteName) -> dict[Url, str]:
    """Give each page a title without the site's name; no two pages share one."""
    plain = {page.url: _own_title(page, site, is_home=page is home) for page in pages}
    return _told_apart(pages, plain)


def _plain(title: str) -> str:
    return clean_line(title.replace("\u00b6", "").replace("\u200b", ""))


def _common(titles: Sequence[str], place: int) -> str:
    """Return the part that most titles end (-1) or begin (0) with, beside a separator."""
    split = _ends if place else _beginnings
    parts = Counter(part for title in titles for part in split(title))
    # A beginning is more often the name of a section than an end is: more titles have to share it.
    needed = max(2, len(titles) / 2) if place else max(3, len(titles) * 0.7)
    shared = [part for part in parts if parts[part] >= needed]
    if not shared:
        return ""
    # "Borg - Deduplicating Archiver" is one name where nearly all that end in its second part have its first, too.
    most = max(parts[part] for part in shared)
    return max((part for part in shared if parts[part] >= 0.9 * most), key=lambda part: (len(part), part))


def _ends(title: str) -> list[str]:
    return [title[separator.end() :] for separator in _SEPARATOR.finditer(title)]


def _beginnings(title: str) -> list[str]:
    # Doxygen writes no space before its colon.
    colon = _COLON.search(title)
    found = [title[: separator.start()] for separator in _SEPARATOR.finditer(title)]
    return [*found, title[: colon.start()]] if colon and title[: colon.start()] not in found else found


def _common_brackets(titles: Sequence[str]) -> str:
    """Return what most titles end with in brackets, as Javadoc writes the name of the whole."""
    ends = Counter(found[1] for found in map(_BRACKETS.search, titles) if found)
    if not ends:
        return ""
    end = max(ends, key=lambda text: (ends[text], text))
    return end if ends[end] >= max(3, len(titles) / 2) else ""


def _own_title(page: StoredPage, site: SiteName, *, is_home: bool) -> str:
    title = _without_site(_plain(page.title), site)
    heading = _without_site(_plain(page.heading), site)
    nameless = not title or _is_site(title, site) or title.casefold() in _MEANINGLESS
    if nameless and not is_home:
        useful = heading and heading.casefold() not in _MEANINGLESS and not _is_site(heading, site)
        own = _from_path(page.url)
        title = heading if useful else title if own.isdecimal() else own or title
    return shortened(title or heading, LONGEST_TITLE) or _from_path(page.url) or page.url.host


def _without_site(title: str, site: SiteName) -> str:
    for _ in range(3):
        ends = [
            separator for separator in _SEPARATOR.finditer(title) if _is_site(title[separator.end() :], site)
        ]
        if ends:
            title = title[: ends[0].start()].strip()
            continue
        beginnings = [
            separator
            for separator in (*_SEPARATOR.finditer(title), *_COLON.finditer(title))
            if _is_site(title[: separator.start()], site)
        ]
        if not beginnings:
            break
        title = title[max(separator.end() for separator in beginnings) :].strip()
    # Last, because the site's name may end in brackets itself.
    brackets = _BRACKETS.search(title)
    return title[: brackets.start()].strip() if brackets and _is_site(brackets[1], site) else title


def _is_site(text: str, site: SiteName) -> bool:
    """Say whether a text only names the site: “Name”, “Name docs”, “The Name documentation”."""
    text, name = text.casefold().strip(), site.name.casefold()
    if text == name or any(text == affix.casefold() for affix in site.affixes):
        return True
    rest = text.replace(name, " ", 1) if name and name in text else None
    return rest is not None and set(rest.split()) <= _EXTRA


def _from_path(url: Url) -> str:
    parts = segments(url)
    return readable(parts[-1]) if parts else ""


def _told_apart(pages: Sequence[StoredPage], titles: dict[Url, str]) -> dict[Url, str]:
    """Qualify the titles that several pages share by what tells these pages apart."""
    groups: defaultdict[str, list[StoredPage]] = defaultdict(list)
    for page in pages:
        groups[titles[page.url].casefold()].append(page)
    taken = {key for key, group in groups.items() if len(group) == 1}
    result = {group[0].url: titles[group[0].url] for group in groups.values() if len(group) == 1}
    for key in sorted(groups):
        group = groups[key]
        if len(group) == 1:
            continue
        for page, title in zip(group, _qualified(group, titles), strict=True):
            result[page.url] = _free(title, taken)
            taken.add(result[page.url].casefold())
    return result


def _qualified(group: Sequence[StoredPage], titles: dict[Url, str]) -> list[str]:
    plain = [titles[page.url] for page in group]
    headings = [shortened(_plain(page.heading), LONGEST_TITLE) for page in group]
    if all(headings) and _distinct(headings, group):
        return headings
    for way in _WAYS:
        marks = [shortened(way(page), 80) for page in group]
        if _distinct(marks, group):
            return [
                f"{title} ({mark})" if mark and mark.casefold() != title.casefold() else title
                for title, mark in zip(plain, marks, strict=True)
            ]
    return [f"{title} ({page.url.target})" for title, page in zip(plain, group, strict=True)]


def _distinct(texts: Iterable[str], group: Sequence[StoredPage]) -> bool:
    folded = [text.casefold() for text in texts]
    return len(set(folded)) == len(group) and folded.count("") <= 1


def _crumb(page: StoredPage) -> str:
    return page.breadcrumbs[-2] if len(page.breadcrumbs) > 1 else ""


def _parent(page: StoredPage) -> str:
    return readable(segments(page.url)[-2]) if len(segments(page.url)) > 1 else ""


def _file(page: StoredPage) -> str:
    return _from_path(page.url)


def _first(page: StoredPage) -> str:
    parts = segments(page.url)
    return readable(parts[0]) if parts else ""


def _whole(page: StoredPage) -> str:
    return " / ".join(readable(part) for part in segments(page.url))


_WAYS: tuple[Callable[[StoredPage], str], ...] = (_crumb, _parent, _file, _first, _whole)


def _free(title: str, taken: set[str]) -> str:
    if title.casefold() not in taken:
        return title
    return next(name for number in count(2) if (name := f"{title} ({number})").casefold() not in taken)
