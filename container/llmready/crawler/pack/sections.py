"""The parts of a site, with the names and the order that the site itself uses.

A page belongs to its part of the navigation. Without such a part, it belongs to the part in its breadcrumbs. Without
breadcrumbs, the first folder that divides the site is its part. A folder has the name of the site's links to it. On a
site without folders, the headings of the front page or the upper level of its table of contents are the parts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from llmready.crawler.kinds import Kind
from llmready.crawler.pack import topics
from llmready.crawler.pack.folders import kind_within, natural, shared_folders
from llmready.crawler.pack.generic_names import is_placeholder
from llmready.crawler.pack.page_links import labelled_links, links_under_headings
from llmready.crawler.pack.places import MOST_OF_ALL, places_of
from llmready.crawler.pack.posts import FEWEST_POSTS, MOST_TOGETHER, are_posts, divided, is_post, newest_first
from llmready.crawler.pack.section_names import LONGEST_NAME, is_label, names_a_part
from llmready.crawler.pack.words import readable, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.store.navigation import SiteNavigation
    from llmready.crawler.urls import Url

FIRST = "Overview"
REST = "More pages"
OPTIONAL = "Optional"
"""The format's name of the section that readers with little space can skip."""

MOST_SECTIONS = 40
FLAT = 12
"""Number of pages without a section above which the headings of the front page are used."""

SHORTEST_NAME = 3
"""Letters of a folder's name below which it does not describe the content."""

_POSTS = "\0posts"  # Key of posts that have no name.
_YEAR = re.compile(r"(?:19|20)\d\d")
_CHAPTERS = ("Chapter ", "Appendix ")
_CHAPTER = re.compile(r"(?:Chapter |Appendix )?(\d{1,3}|[A-Z])\.(?=\d| )")


@dataclass(slots=True)
class Part:
    """A part of the site with its pages in reading order."""

    title: str
    pages: list[StoredPage] = field(default_factory=list)


def divide(
    pages: Sequence[StoredPage],
    home: StoredPage,
    titles: Mapping[Url, str],
    site_name: str,
    text_of: Callable[[StoredPage], str],
    *,
    navigation: SiteNavigation | None = None,
    is_english: bool = True,
) -> list[Part]:
    """Return the parts of a site in order: important first, `Optional` last.

    `home` is the front page, and `text_of` reads the Markdown of a page. If `is_english` is false, no English names
    are added. Pages without a part, and the front page, are then in a part with an empty title.
    """
    division = _Division(
        pages, home, titles, site_name, text_of, navigation=navigation, is_english=is_english
    )
    return division.parts()


class _Division:
    def __init__(
        self,
        pages: Sequence[StoredPage],
        home: StoredPage,
        titles: Mapping[Url, str],
        site_name: str,
        text_of: Callable[[StoredPage], str],
        *,
        navigation: SiteNavigation | None,
        is_english: bool,
    ) -> None:
        self._is_english = is_english
        self._home = home
        self._titles = titles
        self._site_name = site_name.casefold()
        # All posts, if some are in a section, so that the sections of one blog stay together in their order.
        self._whole: dict[str, list[StoredPage]] = {}
        self._under_headings: set[Url] = set()
        self._text_of = text_of
        self._by_key = {page.url.key: page for page in pages}
        self._home_text = text_of(home)
        self._places = places_of(navigation, self._by_key, labelled_links(self._home_text, home.url.origin))
        # The front page of a book may be a copy of its first chapter.
        self._is_chapter = navigation is not None and home.url.key in navigation.copies.values()
        self._shared_path = shared_folders(pages, home)
        self._shared = len(self._shared_path)
        self._own = {page.url: segments(page.url)[self._shared :] for page in pages}
        self._folders = Counter(folder for parts in self._own.values() for folder in parts[:-1][:1])

    def parts(self) -> list[Part]:
        groups: defaultdict[str, list[StoredPage]] = defaultdict(list)
        names: dict[str, Counter[str]] = defaultdict(Counter)
        optional: list[StoredPage] = []
        by_navigation = self._by_navigation()
        by_crumbs = self._by_crumbs()
        for page in self._by_key.values():
            if page is not self._home and self._is_optional(page):
                optional.append(page)
                continue
            is_front = page is self._home and not self._is_chapter
            named = "" if is_front else by_navigation.get(page.url) or by_crumbs.get(page.url, "")
            name = named or self._folder_name(page)
            groups[name.casefold()].append(page)
            names[name.casefold()][name] += 1
        if not groups:
            return [Part(OPTIONAL, self._ordered(optional))]
        self._fold_small(groups)
        self._by_headings(groups, names)
        self._posts_together(groups, names)
        self._by_topic(groups, names, optional)
        self._heads_of_parts(groups)
        titles = {key: _commonest(names[key]) for key in groups if key}
        number = {key: place for place, key in enumerate(self._whole)}

        def rank(key: str) -> tuple[object, ...]:
            return (*self._rank(self._whole.get(key, groups[key])), number.get(key, 0), titles[key])

        ranked = sorted((key for key in groups if key), key=rank)
        rest = [page for key in ranked[MOST_SECTIONS:] for page in groups[key]]
        if not self._is_english:
            groups[""] = [*groups.get("", ()), *rest]
            rest = []
        first = FIRST if self._is_english else ""
        parts = [Part(first, self._ordered(groups[""]))] if groups.get("") else []
        parts += [Part(titles[key], self._ordered(groups[key], key)) for key in ranked[:MOST_SECTIONS]]
        if rest:
            parts.append(Part(REST, self._ordered(rest)))
        if optional:
            parts.append(Part(OPTIONAL, self._ordered(optional)))
        return parts

    def _is_optional(self, page: StoredPage) -> bool:
        title = self._titles[page.url]
        # For example, an image of a gallery without a text.
        is_wordless = is_placeholder(title) and not page.excerpt and not page.description
        return is_wordless or kind_within(page.url, title, self._shared_path) is not Kind.CONTENT

    def _by_navigation(self) -> dict[Url, str]:
        """Return the parts in the navigation. Each part also gets the pages below its own folder."""
        named: dict[str, str] = {}
        # A heading above generated lists, such as Javadoc's “Class” above “Use”, is not the name of a part.
        places = {key: one for key, one in self._places.items() if not self._is_optional(self._by_key[key])}
        heads = Counter(place.parts[0] for place in places.values() if place.parts)
        for key, place in places.items():
            if place.parts and heads[place.parts[0]] > 1 and self._is_name(place.parts[0]):
                named[key] = place.parts[0]
            elif heads[place.label] > 1 and self._is_name(place.label):
                named[key] = place.label
        votes: defaultdict[str, set[str]] = defaultdict(set)
        for key in places:
            parts = self._own[self._by_key[key].url]
            if len(parts) > 1:
                votes[parts[0]].add(named.get(key, ""))
        found: dict[Url, str] = {}
        for key, page in self._by_key.items():
            parts = self._own[page.url]
            name = named.get(key, "")
            if not name and len(parts) > 1 and len(votes.get(parts[0], ())) == 1:
                name = next(iter(votes[parts[0]]))
            if name:
                found[page.url] = name
        return found if len(set(found.values())) > 1 or len(found) < len(self._by_key) / 2 else {}

    def _by_crumbs(self) -> dict[Url, str]:
        found = {}
        for page in self._by_key.values():
            crumbs = [crumb for crumb in page.breadcrumbs if self._is_name(crumb)]
            if crumbs and crumbs[-1].casefold() in (
                self._titles[page.url].casefold(),
                page.heading.casefold(),
            ):
                crumbs.pop()
            if crumbs:
                found[page.url] = crumbs[0]
        counts = Counter(found.values())
        return {url: name for url, name in found.items() if counts[name] > 1} if len(counts) > 1 else {}

    def _is_name(self, text: str) -> bool:
        return names_a_part(text) and text.casefold() != self._site_name

    def _folder_name(self, page: StoredPage) -> str:
        parts = self._own[page.url]
        if not parts or page is self._home or (len(parts) == 1 and parts[0] not in self._folders):
            return ""
        head = parts[0]
        is_short = len(head) < SHORTEST_NAME and page.page_type == "article" and page.lang[:2] in ("en", "")
        if _YEAR.fullmatch(head) or is_short:
            return "Posts" if self._is_english else ""
        folder = "/" + "/".join([*segments(page.url)[: self._shared], head])
        package = self._by_key.get(f"{folder}/package-summary.html")
        if package and 1 < len(self._titles[package.url]) <= LONGEST_NAME:
            # Javadoc's page of a package: its full name is clearer than its folder.
            return self._titles[package.url]
        index = self._by_key.get(folder)
        place = self._places.get(index.url.key) if index else None
        if place and self._is_name(place.label):
            return place.label
        if head in self._headings:
            return self._headings[head]
        title = self._titles[index.url] if index else ""
        return title if 1 < len(title) <= LONGEST_NAME / 2 else readable(head)

    @cached_property
    def _headings(self) -> dict[str, str]:
        """Headings of the front page below which most of its links to a folder's pages are, by folder."""
        found: dict[str, str] = {}
        for heading, key in links_under_headings(self._home_text, self._home.url.origin):
            found.setdefault(key, heading)
        inner = {key: page for key, page in self._by_key.items() if len(self._own[page.url]) > 1}
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for key, heading in found.items():
            if key in inner:
                counts[self._own[inner[key].url][0]][heading] += 1
        titles = (self._titles[page.url] for page in inner.values())
        taken = {title.casefold() for title in (self._home.heading, *titles)}
        most = {head: (_commonest(headings), headings) for head, headings in counts.items()}
        return {
            head: heading
            for head, (heading, headings) in most.items()
            if headings[heading] * 3 >= headings.total() * 2
            and heading.casefold() not in taken
            and self._is_part_heading(heading)
        }

    def _is_part_heading(self, heading: str) -> bool:
        return is_label(heading) and self._is_name(heading)

    def _fold_small(self, groups: dict[str, list[StoredPage]]) -> None:
        """Move the page of a section with a single page to the pages without a section."""
        for key in [key for key, group in groups.items() if key and len(group) == 1]:
            groups[""].extend(groups.pop(key))

    def _by_headings(self, groups: dict[str, list[StoredPage]], names: dict[str, Counter[str]]) -> None:
        loose = {page.url.key: page for page in groups.get("", ()) if page is not self._home}
        if len(loose) <= FLAT:
            return
        found: defaultdict[str, list[StoredPage]] = defaultdict(list)
        for heading, key in links_under_headings(self._home_text, self._home.url.origin):
            page = loose.get(key)
            if page is not None and self._is_part_heading(heading):
                found[heading].append(page)
                del loose[key]
        self._by_numbers(found, loose)
        for heading, group in found.items():
            # A heading above links to nearly all pages does not divide the site.
            if 1 < len(group) < MOST_OF_ALL * len(self._by_key):
                groups[heading.casefold()].extend(group)
                names[heading.casefold()][heading] += 1
                taken = {page.url for page in group}
                self._under_headings |= taken
                groups[""] = [page for page in groups[""] if page.url not in taken]

    def _posts_together(self, groups: dict[str, list[StoredPage]], names: dict[str, Counter[str]]) -> None:
        """Move posts without a section into a separate section, and divide very many posts."""
        loose = [page for page in groups.get("", ()) if page is not self._home and is_post(page)]
        if FEWEST_POSTS <= len(loose) < len(groups[""]) - 1 or len(loose) > FLAT:
            name = self._name_of_posts(loose)
            if name or len(loose) > MOST_TOGETHER:
                # Many posts without a section name are divided by year below.
                groups[""] = [page for page in groups[""] if page is self._home or not is_post(page)]
                groups[name.casefold() or _POSTS].extend(loose)
                names[name.casefold() or _POSTS][name] += 1
        for key, group in list(groups.items()):
            if key and len(group) > MOST_TOGETHER and are_posts(group):
                name = _commonest(names[key])
                posts = [page for page in group if is_post(page)]
                groups[key] = [page for page in group if not is_post(page)]
                for part, members in divided(name, posts).items():
                    self._whole.setdefault(part.casefold(), posts)
                    groups[part.casefold()].extend(members)
                    names[part.casefold()][part] += 1
                if not groups[key]:
                    del groups[key]

    def _by_topic(
        self,
        groups: dict[str, list[StoredPage]],
        names: dict[str, Counter[str]],
        optional: Sequence[StoredPage],
    ) -> None:
        """Divide a section that holds most of a large site and that neither navigation nor folders divide."""
        for key, group in list(groups.items()):
            pages = [page for page in group if page is not self._home]
            if len(pages) <= topics.MOST_TOGETHER or 2 * len(pages) < len(self._by_key) or key in self._whole:
                continue
            lists = (
                (
                    self._titles[page.url],
                    [key for _, key in labelled_links(self._text_of(page), page.url.origin)],
                )
                for page in optional
                if kind_within(page.url, "", self._shared_path) is Kind.CATEGORY
            )
            found = topics.topics_of(pages, lists)
            divided_off = {page.url for members in found.values() for page in members}
            groups[key] = [page for page in group if page.url not in divided_off]
            for topic, members in found.items():
                groups[topic.casefold()].extend(members)
                names[topic.casefold()][topic] += 1
            if not groups[key]:
                del groups[key]

    def _heads_of_parts(self, groups: dict[str, list[StoredPage]]) -> None:
        """Move a page into the part with its name, such as the page of a category into the part with its products."""
        # Posts are ordered newest first; the page that lists them is not among them.
        parts = {key for key, group in groups.items() if key and not are_posts(group)}
        for key, group in list(groups.items()):
            titles = {page.url: self._titles[page.url].casefold() for page in group if page is not self._home}
            heads = [page for page in group if key != titles.get(page.url, key) in parts]
            for page in heads:
                groups[titles[page.url]].append(page)
                group.remove(page)
            if not group:
                del groups[key]

    def _name_of_posts(self, posts: Sequence[StoredPage]) -> str:
        """Return the title of the page that lists most posts, or an English word if allowed, or nothing."""
        keys = {page.url.key for page in posts}
        for page in self._by_key.values():
            if page is self._home or is_post(page) or page.depth > 1:
                continue
            listed = keys & {key for _, key in labelled_links(self._text_of(page), page.url.origin)}
            if len(listed) * 2 >= min(len(keys), FLAT) and self._is_name(self._titles[page.url]):
                return self._titles[page.url]
        return "Posts" if self._is_english else ""

    def _by_numbers(self, found: Mapping[str, list[StoredPage]], loose: dict[str, StoredPage]) -> None:
        """Move numbered sections to their chapter: 8.5 to chapter 8."""
        chapters: dict[str, list[StoredPage]] = {}
        placed = [(page, group) for group in found.values() for page in group]
        # A preface may have numbers without the word "chapter".
        for page, group in sorted(placed, key=lambda one: not self._titles[one[0].url].startswith(_CHAPTERS)):
            if number := _CHAPTER.match(self._titles[page.url]):
                chapters.setdefault(number[1], group)
        for key, page in list(loose.items()):
            number = _CHAPTER.match(self._titles[page.url])
            if number and number[1] in chapters:
                chapters[number[1]].append(page)
                del loose[key]

    def _rank(self, pages: Iterable[StoredPage]) -> tuple[int, tuple[object, ...]]:
        """Return the position of a part among the links of the front page."""
        pages, places = list(pages), self._places
        ranks = sorted(places[page.url.key].rank if page.url.key in places else len(places) for page in pages)
        # The text of a front page may link any page early, so only its menus are considered.
        is_listed = self._under_headings.issuperset(page.url for page in pages)
        return (ranks[len(ranks) // 2 if is_listed else 0], min(natural(page.url) for page in pages))

    def _ordered(self, pages: Sequence[StoredPage], title: str = "") -> list[StoredPage]:
        """Order a part's pages: the front page, the part's own first page and its links, then by path."""
        last = len(self._by_key)
        head = next((page for page in pages if title and self._titles[page.url].casefold() == title), None)
        index = head or min(pages, key=lambda page: (len(segments(page.url)), natural(page.url)))
        links: dict[str, int] = {}
        if index is not self._home:
            for _, key in labelled_links(self._text_of(index), index.url.origin):
                links.setdefault(key, len(links))
        own = self._own[index.url]
        starts_part = head is not None or (len(own) == 1 and len(pages) > 1 and own[0] in self._folders)

        posts = are_posts(pages)

        def rank(page: StoredPage) -> tuple[object, ...]:
            place = self._places.get(page.url.key)
            return (
                page is not self._home,
                not (starts_part and page is index),
                newest_first(page) if posts else (),
                place.rank if place else last,
                links.get(page.url.key, last),
                natural(page.url),
            )

        return sorted(pages, key=rank)


def _commonest(names: Counter[str]) -> str:
    return max(names, key=lambda name: (names[name], name))
