"""Find the place of each page in the site's navigation: its label, the enclosing sections, its position."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from llmready.crawler.pack.menu_order import order_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmready.crawler.model import StoredPage
    from llmready.crawler.store.navigation import SiteNavigation

MOST_OF_ALL = 0.8
"""Minimum share of pages below a name that is not the name of a section."""

MOST_COPIES = 10
"""Maximum number of redirects that are followed."""

NUMBER = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3})*\.?|[IVXLC]{1,6}\.)\s+(?=\S)")
"""Number of a chapter before its name."""


@dataclass(slots=True)
class Place:
    """The place of a page in the site's links: its label, its sections (outermost first) and its position."""

    label: str
    parts: tuple[str, ...]
    rank: int


def places_of(
    navigation: SiteNavigation | None, pages: Mapping[str, StoredPage], links: Iterable[tuple[str, str]]
) -> dict[str, Place]:
    """Return the places of pages by the keys of their URLs.

    Args:
        navigation: Navigation of the site, or None.
        pages: Pages by the keys of their URLs.
        links: Labels and keys of the links in the text of the front page. The navigation has priority over
            them.
    """
    labels: defaultdict[str, Counter[str]] = defaultdict(Counter)
    parts: defaultdict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    rows = []
    if navigation:
        menus = navigation.menus()
        shown = Counter(chain.from_iterable(menus))
        keys = {number: key_of_page(navigation.links[number].url.key, pages, navigation) for number in shown}
        ordered = (dict.fromkeys(keys[number] for number in menu) for menu in menus)
        rows = [row for keyed in ordered if (row := [key for key in keyed if key is not None])]
        for number, times in shown.items():
            key, (label, _, names) = keys[number], navigation.links[number]
            if key is not None:
                labels[key][NUMBER.sub("", label)] += times
                parts[key][tuple(NUMBER.sub("", name) for name in names)] += times
    chosen = _without_common({key: _innermost(votes) for key, votes in parts.items()})
    found = {
        key: Place(
            max(labels[key], key=lambda text: (labels[key][text], -len(text), text)), chosen[key], rank
        )
        for rank, key in enumerate(order_of(rows))
    }
    for label, key in links:
        if key in pages:
            found.setdefault(key, Place(label, (), len(found)))
    return found


def _innermost(votes: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the enclosing sections that most menus have, including inner sections that some menus show collapsed."""
    most = max(votes, key=lambda names: (bool(names), votes[names], len(names), names))
    longer = [names for names in votes if names[: len(most)] == most]
    return max(longer, key=lambda names: (len(names), votes[names], names))


def labels_of(navigation: SiteNavigation | None) -> dict[str, str]:
    """Return the label of each page in the first menu that has it, by the keys of the URLs."""
    labels: dict[str, str] = {}
    if navigation:
        for number in dict.fromkeys(chain.from_iterable(navigation.menus())):
            link = navigation.links[number]
            labels.setdefault(link.url.key, link.label)
    return labels


def key_of_page(key: str, pages: Mapping[str, StoredPage], navigation: SiteNavigation) -> str | None:
    """Return the key of the page that a link leads to, after redirects and the replacement of copies, or None."""
    for _ in range(MOST_COPIES):
        if key in pages or key not in navigation.copies:
            break
        key = navigation.copies[key]
    return key if key in pages else None


def _without_common(parts: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Remove outer names that enclose nearly all pages, such as the site's name or “Documentation”."""
    while True:
        heads = Counter(names[0] for names in parts.values() if names)
        head = max(heads, key=lambda name: (heads[name], name), default="")
        if (
            not head
            or heads[head] < MOST_OF_ALL * heads.total()
            or all(len(names) < 2 for names in parts.values())
        ):
            return parts
        parts = {key: names[1:] if names[:1] == (head,) else names for key, names in parts.items()}
