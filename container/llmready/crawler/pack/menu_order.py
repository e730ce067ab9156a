"""Merge the menus of a site into one order of its pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPEST = 50
"""Maximum nesting of menus."""


def order_of(menus: Sequence[Sequence[str]]) -> list[str]:
    """Merge menus, which come in the order of the site, into one order.

    Menus that have most of their entries in common are states of one menu, such as a sidebar with different
    parts expanded. An entry that only one state contains is placed after its predecessor in that state. A
    longer menu replaces the entry that it shares with a shorter menu. For example, a sidebar shares its first
    page with the top bar.
    """
    families = _Families(menus)
    placed: dict[str, None] = {}
    opened: set[int] = set()

    def place(number: int, depth: int) -> None:
        opened.add(number)
        for entry in families.orders[number]:
            host = families.of_entry[entry]
            if host not in opened and depth < DEEPEST:
                place(host, depth + 1)
            placed.setdefault(entry)

    for number in sorted(range(len(families.orders)), key=families.firsts.__getitem__):
        if number not in opened:
            place(number, 0)
    return list(placed)


class _Families:
    """Merged states of one menu: the entries in order, and the position of the first entry."""

    def __init__(self, menus: Sequence[Sequence[str]]) -> None:
        self.orders: list[list[str]] = []
        self.entries: list[set[str]] = []
        self.firsts: list[int] = []
        self.of_entry: dict[str, int] = {}
        for place in sorted(range(len(menus)), key=lambda place: (-len(menus[place]), place)):
            self._add(menus[place], place)

    def _add(self, menu: Sequence[str], place: int) -> None:
        shared = Counter(self.of_entry[entry] for entry in menu if entry in self.of_entry)
        family, count = max(shared.items(), key=lambda one: (one[1], -one[0]), default=(-1, 0))
        if count * 2 <= len(menu):
            family = len(self.orders)
            self.orders.append([])
            self.entries.append(set())
            self.firsts.append(place)
        self.firsts[family] = min(self.firsts[family], place)
        known = self.entries[family]
        if known.issuperset(menu):
            return
        _insert(self.orders[family], known, menu)
        known.update(menu)
        for entry in menu:
            self.of_entry.setdefault(entry, family)


def _insert(order: list[str], known: set[str], menu: Sequence[str]) -> None:
    """Insert missing entries after the entries that precede them in a menu. `known` are the existing entries."""
    after: dict[str, list[str]] = {}
    leading: list[str] = []
    last = ""
    for entry in menu:
        if entry in known:
            last = entry
        elif last:
            after.setdefault(last, []).append(entry)
        else:
            leading.append(entry)
    first = next((entry for entry in menu if entry in known), "")
    merged: list[str] = []
    for entry in order:
        if entry == first:
            merged += leading
        merged.append(entry)
        merged += after.get(entry, ())
    order[:] = dict.fromkeys(merged if first else [*merged, *leading])
