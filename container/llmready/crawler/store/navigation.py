"""Collect the menus of a site from all of its pages, each menu once.

Sidebars and tables of contents are on inner pages, and many show only the part to which the page belongs.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from llmready.crawler.characters import clean_line
from llmready.crawler.deadline import in_time
from llmready.crawler.kinds import names_a_list, names_a_step, names_a_widget
from llmready.crawler.model import NavLink
from llmready.crawler.page.character_references import text_of
from llmready.crawler.urls import Url, join

MOST_LINKS = 1_000_000
"""Greatest number of links of all menus that are kept. Each takes four bytes."""

FEWEST_LINKS = 4
FEWEST_PAGES = 3
"""A menu counts if it has this many links, or is on this many pages, or is on the start page."""

BYTES_OF_A_LINK = array("I").itemsize
MOST_REMEMBERED = 50_000
"""Unresolved links and labels that are cached, because most pages of a site have the same ones."""

_UNKNOWN = -1
"""The number of a link that was not read yet."""

_MARKS = " \t\u00b6\u00a0\u00bb\u203a\u25b8\u25b6\u25be\u25bc\u276f\u2192>/|+\u2304\u2026"


class SiteNavigation:
    """The menus of a site. The result does not depend on the order in which pages are added."""

    def __init__(self) -> None:
        # By the digest of the menus as they were written, which may take kilobytes on each page.
        self._read: dict[tuple[Url, bytes], list[bytes]] = {}
        self._numbers: dict[NavLink, int] = {}
        self._links: list[NavLink] = []
        # A menu is an array of link numbers, with its first position on any page, and the number of pages that
        # contain it.
        self._menus: dict[bytes, int] = {}
        self._shown: Counter[bytes] = Counter()
        # Link numbers by the unresolved links of a folder; None for links that do not count.
        self._written: dict[Url, dict[tuple[str, ...], int | None]] = {}
        self._remembered = 0
        self._labels: dict[str, str] = {}
        self._copies: dict[str, str] = {}
        self._size = 0

    def add(self, written: str, page: Url, base: Url, *, is_whole: bool) -> None:
        """Add the menus of a page.

        Args:
            written: Menus as the converter reports them.
            page: URL of the page.
            base: Base URL of the links.
            is_whole: Whether short menus count as well. They count on the start page and in a frame.

        Raises:
            Failure: Reading the menus takes too long (page_too_slow). None of them is added.
        """
        # A page's link to itself differs from page to page, and relative ones from folder to folder.
        if not written or self._size > MOST_LINKS:
            return
        digest = blake2b(written.encode(), digest_size=16).digest()
        key = (page if '"#"' in written else base.folder, digest)
        if key not in self._read:
            placed = in_time(lambda: self._rows(written, page, base), page)
            for place, row in placed:
                if row not in self._menus:
                    self._size += len(row) // BYTES_OF_A_LINK
                self._menus[row] = min(place, self._menus.get(row, place))
            self._read[key] = [row for _, row in placed]
        for row in self._read[key]:
            self._shown[row] += FEWEST_PAGES if is_whole else 1

    def _rows(self, written: str, page: Url, base: Url) -> list[tuple[int, bytes]]:
        """Read the menus of a page into rows of numbers of links, each with its position on the page.

        It may be interrupted: links that were already read stay known, which changes no result.
        """
        rows = []
        folder = base.folder
        in_folder = self._written.setdefault(folder, {})
        on_site = self._written.setdefault(folder._replace(path="/"), {})
        for place, menu in enumerate(json.loads(written)):
            numbers = array("I")
            own: set[int] = set()
            for link in map(tuple, menu):
                if link[1] == "#":
                    number = self._read_link(link, page)
                    own.update(() if number is None else (number,))
                else:
                    known = on_site if link[1].startswith("/") else in_folder
                    number = known.get(link, _UNKNOWN)
                    if number == _UNKNOWN:
                        number = self._read_link(link, join(base, text_of(link[1]).partition("#")[0]))
                        known[link] = number
                        self._remembered += 1
                if number is not None:
                    numbers.append(number)
            if own and any(
                self._links[number].url.key == page.key for number in numbers if number not in own
            ):
                # The address "#" is that of the button which opens the menu with the page.
                numbers = array("I", (number for number in numbers if number not in own))
            if numbers:
                rows.append((place, numbers.tobytes()))
        if self._remembered > MOST_REMEMBERED:
            self._written.clear()
            self._remembered = 0
        return rows

    def _read_link(self, link: tuple[str, ...], url: Url | None) -> int | None:
        """Return the number of a link of a menu, or None for one that does not count.

        Args:
            link: Label, address and names of the surrounding parts, as written.
            url: URL to which the link leads, or None.
        """
        label, _, *parts = link
        name = self._label(label)
        names = tuple(text for text in map(self._label, parts) if text)
        is_listed = any(map(names_a_widget, names)) or (names and names_a_list(names[-1]))
        if url is None or not name or is_listed or names_a_step(name):
            return None
        return self._number(NavLink(name, url, names))

    def note_copy(self, copy: Url, original: Url) -> None:
        """Record that two URLs have the same content, or that one redirects to the other."""
        if copy.key != original.key:
            self._copies[copy.key] = original.key

    @property
    def copies(self) -> dict[str, str]:
        """The keys of URLs that redirect to another page or are its copies, each with the key of this page."""
        return self._copies

    @property
    def links(self) -> Sequence[NavLink]:
        """All links of the menus. The number of a link is its index in this list."""
        return self._links

    def menus(self) -> list[Sequence[int]]:
        """Return all menus as numbers of links, ordered by position on their pages, then by length (longest first).

        A short menu on only one or two pages links neighbouring pages. It is not a navigation of the site.
        """
        found = []
        for row, place in self._menus.items():
            if len(row) < FEWEST_LINKS * BYTES_OF_A_LINK and self._shown[row] < FEWEST_PAGES:
                continue
            numbers = array("I")
            numbers.frombytes(row)
            found.append((place, numbers))
        found.sort(key=lambda one: (one[0], -len(one[1]), [self._links[number] for number in one[1]]))
        return [numbers for _, numbers in found]

    def parts(self, part_of: Callable[[NavLink], str | None]) -> defaultdict[str, SiteNavigation]:
        """Divide the menus. All parts together take as long to read as the whole.

        Args:
            part_of: Returns the part to which a link belongs, or None for a link that belongs to none.

        Returns:
            The menus of each part, in the order of the whole page. Other parts have no menus.
        """
        rows: defaultdict[str, list[Sequence[int]]] = defaultdict(list)
        known = list(map(part_of, self._links))
        for menu in self.menus():
            found: defaultdict[str, list[int]] = defaultdict(list)
            for number in menu:
                if (part := known[number]) is not None:
                    found[part].append(number)
            for part, numbers in found.items():
                rows[part].append(numbers)
        parts: defaultdict[str, SiteNavigation] = defaultdict(lambda: _Part(self._links, self._copies, []))
        parts.update({part: _Part(self._links, self._copies, menus) for part, menus in rows.items()})
        return parts

    def state(self) -> dict[str, Any]:
        """Return everything as data for JSON."""
        rows = [[place, self._shown[row], list(array("I", row))] for row, place in self._menus.items()]
        return {"links": [list(link) for link in self._links], "menus": rows, "copies": self._copies}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> SiteNavigation:
        """Create the object from what `state` returned. Raises: KeyError, ValueError, TypeError."""
        found = cls()
        for label, url, parts in state["links"]:
            found._number(NavLink(label, Url(*url), tuple(parts)))
        for place, shown, numbers in state["menus"]:
            if not all(0 <= number < len(found._links) for number in numbers):
                raise ValueError("a menu has a link that is not there")
            row = array("I", numbers).tobytes()
            found._menus[row], found._shown[row] = place, shown
            found._size += len(numbers)
        found._copies = dict(state["copies"])
        return found

    def _number(self, link: NavLink) -> int:
        number = self._numbers.get(link)
        if number is None:
            # In this order, so that each number belongs to a link even after an interruption in between.
            self._links.append(link)
            number = self._numbers[link] = len(self._links) - 1
        return number

    def _label(self, written: str) -> str:
        if written not in self._labels:
            if len(self._labels) >= MOST_REMEMBERED:
                self._labels.clear()
            self._labels[written] = clean_line(text_of(written)).strip(_MARKS)
        return self._labels[written]


class _Part(SiteNavigation):
    """Menus of a part of a site, which were chosen from those of the whole."""

    def __init__(self, links: list[NavLink], copies: dict[str, str], menus: list[Sequence[int]]) -> None:
        super().__init__()
        self._links = links
        self._copies = copies
        self._chosen = menus

    def menus(self) -> list[Sequence[int]]:
        return self._chosen
