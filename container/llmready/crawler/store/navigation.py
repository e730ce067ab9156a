"""Collect the navigation of a site from all of its pages: each menu once, whichever pages show it.

Sidebars and tables of contents stand on inner pages, and many show only the part that the page belongs to.
"""

from __future__ import annotations

import json
from array import array
from typing import Any

from llmready.crawler.convert.characters import clean_line
from llmready.crawler.model import NavLink
from llmready.crawler.page.character_references import text_of
from llmready.crawler.urls import Url, join

MOST_LINKS = 1_000_000
"""Links of all menus that are kept; each takes four bytes."""

MOST_ADDRESSES = 50_000
"""Resolved addresses that are remembered."""

_MARKS = " \t\u00b6\u00a0\u00bb\u203a\u25b8\u25b6\u25be\u25bc\u276f\u2192>/|+\u2304\u2026"


class SiteNavigation:
    """The menus of a site. The result does not depend on the order in which pages are added."""

    def __init__(self) -> None:
        self._read: set[tuple[Url, str]] = set()
        self._numbers: dict[NavLink, int] = {}
        self._links: list[NavLink] = []
        # A menu is a row of numbers of links, with the first place that it has on any page.
        self._menus: dict[bytes, int] = {}
        self._addresses: dict[tuple[Url, str], Url | None] = {}
        self._labels: dict[str, str] = {}
        self._copies: dict[str, str] = {}
        self._size = 0

    def add(self, written: str, page: Url, base: Url) -> None:
        """Add the menus of a page.

        Parameters: `written`, as the converter reports them; `page`, its URL; `base`, which its links are
        relative to.
        """
        # A page's link to itself differs from page to page, and relative ones from folder to folder.
        key = (page if '"#"' in written else base.folder, written)
        if not written or key in self._read or self._size > MOST_LINKS:
            return
        self._read.add(key)
        for place, menu in enumerate(json.loads(written)):
            numbers = array("I")
            for label, address, *parts in menu:
                url = page if address == "#" else self._resolved(base, address)
                name = self._label(label)
                if url is None or not name:
                    continue
                names = tuple(text for text in map(self._label, parts) if text)
                numbers.append(self._number(NavLink(name, url, names)))
            if numbers:
                row = numbers.tobytes()
                if row not in self._menus:
                    self._size += len(numbers)
                self._menus[row] = min(place, self._menus.get(row, place))

    def note_copy(self, copy: Url, original: Url) -> None:
        """Note that two URLs have the same content, or that one leads to the other."""
        if copy.key != original.key:
            self._copies[copy.key] = original.key

    @property
    def copies(self) -> dict[str, str]:
        """Keys of URLs that lead to, or copy, other pages, with the keys of these."""
        return self._copies

    def menus(self) -> list[tuple[NavLink, ...]]:
        """Return all menus: those that stand first on their pages first, then the longest first."""
        found = []
        for row, place in self._menus.items():
            numbers = array("I")
            numbers.frombytes(row)
            found.append((place, tuple(self._links[number] for number in numbers)))
        return [menu for _, menu in sorted(found, key=lambda one: (one[0], -len(one[1]), one[1]))]

    def state(self) -> dict[str, Any]:
        """Return everything as data for JSON."""
        rows = [[place, list(array("I", row))] for row, place in self._menus.items()]
        return {"links": [list(link) for link in self._links], "menus": rows, "copies": self._copies}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> SiteNavigation:
        """Return what `state` describes. Raises: KeyError, ValueError, TypeError."""
        found = cls()
        for label, url, parts in state["links"]:
            found._number(NavLink(label, Url(*url), tuple(parts)))
        for place, numbers in state["menus"]:
            if not all(0 <= number < len(found._links) for number in numbers):
                raise ValueError("a menu has a link that is not there")
            found._menus[array("I", numbers).tobytes()] = place
            found._size += len(numbers)
        found._copies = dict(state["copies"])
        return found

    def _number(self, link: NavLink) -> int:
        number = self._numbers.setdefault(link, len(self._links))
        if number == len(self._links):
            self._links.append(link)
        return number

    def _resolved(self, base: Url, address: str) -> Url | None:
        key = (base.folder, address)
        if key not in self._addresses:
            if len(self._addresses) >= MOST_ADDRESSES:
                self._addresses.clear()
            self._addresses[key] = join(base, text_of(address).partition("#")[0])
        return self._addresses[key]

    def _label(self, written: str) -> str:
        if written not in self._labels:
            if len(self._labels) >= MOST_ADDRESSES:
                self._labels.clear()
            self._labels[written] = clean_line(text_of(written)).strip(_MARKS)
        return self._labels[written]
