"""Determine the name of the site and a distinct title for each page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from html import unescape
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from llmready.crawler.characters import clean_line
from llmready.crawler.languages import language_in, name_of
from llmready.crawler.pack.generic_names import is_placeholder, is_site_name, without_welcome
from llmready.crawler.pack.words import readable, segments, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url

LONGEST_TITLE = 200

_MARKS = "|\\-\\u2013\\u2014\\u2015\\u2012·•∙»«\\u203a\\u2039:~→/"
_CJK = "\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af"
_SEPARATOR = re.compile(
    rf"\s[{_MARKS}]{{1,3}}\s|\s?[|·•»\u203a]\s|\s?[\uff5c\u4e28\uff0d\uff1a\u2502\u2014]{{1,2}}\s?"
    rf"|\s[\u30fb\uff0f\uff5e\u301c@]\s|(?<=[{_CJK}])[-_|\u2013]|[-_|\u2013](?=[{_CJK}])"
)
"""Separators between the parts of a title, which contains only single spaces.

In scripts without spaces, no spaces surround a separator.
"""

_COLON = re.compile(r":\s+")
_MOST_MARKS = 8
"""Number of separators that are examined from each end of a title."""
_LOOSE = " \t|-\u2013\u2014\u2015·•»«\u203a\u2039:\uff5c\uff0d\uff1a"
_EXTRA = frozenset((
    "docs", "doc", "documentation", "website", "site", "blog", "the", "official", "home", "help", "manual", "guide",
    "reference", "wiki", "a", "of", "for",
))  # fmt: skip
_END = re.compile(r":\s+([^:]{3,80})$")
_BRACKETS = re.compile(r"\s\(([^()]{3,80})\)$")
_MANUAL_SECTION = re.compile(r"\(\d\w?\)$")
SHARED = 0.5
"""Minimum share of pages with the same title or heading that belongs to the site, not to a page."""

LONGEST_CODE = 2
LONGEST_TAG = 7
FEWEST_OF_PART = 3
"""An end that at least so many titles of a folder share is the name of the folder."""


class SiteName(NamedTuple):
    """The name of the site, repeated parts of its titles, and titles and headings that most pages share."""

    name: str
    affixes: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()


def site_name(pages: Sequence[StoredPage], home: StoredPage) -> SiteName:
    """Find the name of a site.

    The first source with a usable name counts. These are, in order: structured data, meta tags, the logo, the
    part that titles have in common, the title of the front page, its heading, the host.
    """
    titles = [_plain(page.title) for page in pages]
    common = [
        _common(titles, -1),
        _common(titles, 0),
        _common_behind(titles, _END),
        _common_behind(titles, _BRACKETS),
    ]
    affixes = frozenset(affix for affix in (*common, *_common_of_parts(pages)) if affix)
    repeated = _repeated(pages)
    candidates = [*home.brands, _stated(pages, home), home.app_name]
    same = max(Counter(titles).items(), key=lambda item: (item[1], item[0]))
    if same[1] >= max(2, 0.7 * len(titles)):
        # If all pages have the same title, its end is common to them as well. In most such titles, the name comes
        # first.
        candidates += [_first_part(same[0]), _plain(home.heading)]
    else:
        candidates += [logo for logo in home.logos if _is_known(logo, titles)]
        candidates += [affix for affix in common if affix]
    candidates += [_first_part(_plain(home.title)), *_parts(_plain(home.title)), *home.logos]
    candidates += [_plain(home.heading), *home.headings]
    name = next((name for name in map(_plain, candidates) if is_site_name(name)), "")
    return SiteName(shortened(without_welcome(name), LONGEST_TITLE) or home.url.host, affixes, repeated)


def _stated(pages: Sequence[StoredPage], home: StoredPage) -> str:
    """Return the name in the meta tags of the front page or of most pages."""
    stated = Counter(name for page in pages if (name := _plain(page.site_name)) and is_site_name(name))
    if not stated:
        return ""
    name = max(stated, key=lambda text: (stated[text], text))
    own = _plain(home.site_name)
    if stated[name] * 2 >= len(pages):
        return name
    return own if is_site_name(own) else ""


def _is_known(name: str, titles: Sequence[str]) -> bool:
    """Return whether a title contains the alternative text of a logo, which may also describe a picture."""
    return any(name.casefold() in title.casefold() for title in titles)


def _first_part(title: str) -> str:
    return _MANUAL_SECTION.sub("", _parts(title)[0] if _parts(title) else title)


def _parts(title: str) -> list[str]:
    parts = [part.strip() for part in _SEPARATOR.split(title) if part.strip()]
    by_colon = _COLON.split(title)
    # "Name: Home" has two parts, but "Name: what it is for" is one.
    return by_colon if len(parts) == 1 and any(map(is_placeholder, by_colon)) else parts


def _repeated(pages: Sequence[StoredPage]) -> frozenset[str]:
    """Return the titles and headings that many pages have. They come from a template, for example from its logo."""
    counts: Counter[str] = Counter()
    for page in pages:
        own = (page.title, page.heading, *page.headings)
        counts.update({text.casefold() for text in map(_plain, own) if text})
    least = max(3, SHARED * len(pages))
    return frozenset(text for text, number in counts.items() if number >= least)


def _common_of_parts(pages: Sequence[StoredPage]) -> list[str]:
    """Return the ends that all titles of a first folder share, such as the site's name in another language."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for page in pages:
        folders = segments(page.url)[:-1]
        parts[folders[0] if folders else ""].append(_plain(page.title))
    found = []
    for titles in parts.values():
        ends = Counter(end for title in set(titles) for end in _ends(title))
        shared = [end for end in ends if ends[end] >= max(FEWEST_OF_PART, 0.9 * len(set(titles)))]
        found += [max(shared, key=lambda end: (len(end), end))] if shared else []
    return found


def page_titles(
    pages: Sequence[StoredPage], home: StoredPage, site: SiteName, labels: Mapping[str, str] | None = None
) -> dict[Url, str]:
    """Give each page a title without the site's name; no two pages share one.

    Args:
        pages: Pages of the site.
        home: The front page.
        site: Name of the site.
        labels: Labels in the navigation, by the keys of URLs.
    """
    labels = labels or {}
    plain = {
        page.url: _own_title(page, site, labels.get(page.url.key, ""), is_home=page is home) for page in pages
    }
    if sum(_plain(page.title).casefold().startswith(site.name.casefold()) for page in pages) == 1:
        # Only the front page's title begins with the site's name, so the rest of this title is a slogan.
        plain[home.url] = _without_slogan(home, site, plain[home.url])
    return _told_apart(pages, plain)


def stated_titles(pages: Sequence[StoredPage]) -> dict[Url, str]:
    """Return the title that each page states.

    If several pages have the same title, the path is added. Takes little time.
    """
    titles = {page.url: shortened(_plain(page.title), LONGEST_TITLE) for page in pages}
    counts = Counter(title.casefold() for title in titles.values())
    return {
        url: title if title and counts[title.casefold()] == 1 else f"{title} ({url.target})".lstrip()
        for url, title in titles.items()
    }


def _without_slogan(home: StoredPage, site: SiteName, title: str) -> str:
    whole = _plain(home.title).casefold()
    is_removed = title.casefold() != whole and whole.startswith(site.name.casefold())
    return shortened(site.name, LONGEST_TITLE) if is_removed else title


def _plain(title: str) -> str:
    text = clean_line(unescape(title).replace("\u00b6", "").replace("\u200b", ""))
    return text.strip(_LOOSE) if text[:1] in _LOOSE or text[-1:] in _LOOSE else text


def _common(titles: Sequence[str], place: int) -> str:
    """Return the part that most titles end (-1) or begin (0) with, beside a separator."""
    split = _ends if place else _beginnings
    parts = Counter(part for title in titles for part in split(title))
    # The beginning of a title is more often the name of a section than its end, so more titles must share it.
    needed = max(2, len(titles) / 2) if place else max(3, len(titles) * 0.7)
    shared = [part for part in parts if parts[part] >= needed]
    if not shared:
        return ""
    # "Borg - Deduplicating Archiver" is one name if nearly all titles with its second part also have its first part.
    most = max(parts[part] for part in shared)
    return max((part for part in shared if parts[part] >= 0.9 * most), key=lambda part: (len(part), part))


def _ends(title: str) -> list[str]:
    ends = (title[mark.end() :] for mark in _marks(title, _SEPARATOR))
    return [end for end in ends if len(end) <= LONGEST_TITLE]


def _beginnings(title: str) -> list[str]:
    # Doxygen writes no space before its colon.
    colon = _COLON.search(title)
    marks = [*_marks(title, _SEPARATOR), *([colon] if colon else [])]
    found = dict.fromkeys(title[: mark.start()] for mark in marks)
    return [beginning for beginning in found if len(beginning) <= LONGEST_TITLE]


def _marks(title: str, mark: re.Pattern[str]) -> list[re.Match[str]]:
    """Return the first and the last separators of a title. A hostile title may consist of hundreds of separators."""
    marks = list(mark.finditer(title))
    return marks if len(marks) <= 2 * _MOST_MARKS else [*marks[:_MOST_MARKS], *marks[-_MOST_MARKS:]]


def _common_behind(titles: Sequence[str], mark: re.Pattern[str]) -> str:
    """Return the end in brackets or after a colon that most titles have in common, as in Javadoc and gtk-doc."""
    ends = Counter(found[1] for found in map(mark.search, titles) if found)
    if not ends:
        return ""
    end = max(ends, key=lambda text: (ends[text], text))
    return end if ends[end] >= max(3, len(titles) / 2) else ""


def _own_title(page: StoredPage, site: SiteName, label: str, *, is_home: bool) -> str:
    """Return the page's own title: its `<title>`, a heading, its label in the navigation, or its path."""
    title = _without_site(_plain(page.title), site)
    if is_home and site.name != page.url.host and title.casefold() == _plain(page.tagline).casefold():
        # A front page is titled with the site's name and tagline; the tagline already sums up the site.
        return shortened(site.name, LONGEST_TITLE)
    if not _is_nameless(title, site) and _plain(page.title).casefold() not in site.repeated:
        return shortened(title, LONGEST_TITLE)
    headings = [_without_site(_plain(text), site) for text in (page.heading, *page.headings)]
    own = [
        text
        for text in headings
        if len(text) > 1 and not _is_nameless(text, site) and text.casefold() not in site.repeated
    ]
    if is_home:
        named = title if title and not is_placeholder(title) else ""
        called = "" if site.name == page.url.host else site.name
        candidates = (named, called, *own, _plain(page.title), site.name)
        return shortened(next(filter(None, candidates)), LONGEST_TITLE)
    path = _from_path(page.url)
    # The number of a post or the code of a language is less informative than a shared title.
    if not own and site.name != page.url.host and (language := _language_of_front_page(page.url)):
        return shortened(f"{site.name} ({name_of(language)})", LONGEST_TITLE)
    candidates = (*own, label, "" if path.isdecimal() or len(path) <= LONGEST_CODE else path)
    found = next((text for text in candidates if text and not is_placeholder(text)), "")
    return shortened(found or title or path, LONGEST_TITLE) or page.url.host


def _language_of_front_page(url: Url) -> str:
    """Return the language of a front page such as `/fr/`, or an empty text for other addresses."""
    return language_in(url) if len(segments(url)) == 1 and len(segments(url)[0]) <= LONGEST_TAG else ""


def _is_nameless(title: str, site: SiteName) -> bool:
    return is_placeholder(title) or _is_site(title, site)


def _without_site(title: str, site: SiteName) -> str:
    for _ in range(3):
        marks = (*_marks(title, _SEPARATOR), *_marks(title, _COLON))
        ends = [mark.start() for mark in marks if _is_site(title[mark.end() :], site)]
        if ends:
            title = title[: min(ends)].strip()
            continue
        beginnings = [mark for mark in marks if _is_site(title[: mark.start()], site)]
        if not beginnings:
            break
        title = title[max(mark.end() for mark in beginnings) :].strip()
    # Done last, because the site's name itself may end with brackets.
    brackets = _BRACKETS.search(title)
    return title[: brackets.start()].strip() if brackets and _is_site(brackets[1], site) else title


def _is_site(text: str, site: SiteName) -> bool:
    """Return whether a text is only the site's name: “Name”, “Name docs”, “The Name documentation”."""
    text, name = text.casefold().strip(), site.name.casefold()
    if text == name or any(text == affix.casefold() for affix in site.affixes):
        return True
    if (
        name
        and text.startswith(name)
        and (mark := _SEPARATOR.match(text, len(name)))
        and mark.end() < len(text)
    ):
        # The name and a slogan, which differs by language.
        return True
    rest = text.replace(name, " ", 1) if name and name in text else None
    return rest is not None and set(rest.split()) <= _EXTRA


def _from_path(url: Url) -> str:
    parts = segments(url)
    return readable(parts[-1]) if parts else ""


def _told_apart(pages: Sequence[StoredPage], titles: dict[Url, str]) -> dict[Url, str]:
    """Add a distinguishing part to titles that several pages share."""
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
