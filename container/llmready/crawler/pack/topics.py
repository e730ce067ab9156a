"""Divide the main section of a site without folders, by the site's own lists or by the first words of addresses."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.pack.words import readable, segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmready.crawler.model import StoredPage

MOST_TOGETHER = 60
"""Maximum number of pages of one section. A larger section is divided if most of its pages have a topic."""

FEWEST_OF_TOPIC = 4
COVERED = 0.6
"""Minimum share of pages with a topic for dividing a section."""

MOST_OF_ONE = 0.8
"""Share of pages above which a topic does not divide a section."""

_BETWEEN = re.compile(r"[-_.+]")
_KIND = re.compile(r"[a-z]{3,}(?=[A-Z])")
"""Prefixes that generators of references write before the name of an item: “class” in `classMatrix_base`."""


def topics_of(
    pages: Sequence[StoredPage], lists: Iterable[tuple[str, Iterable[str]]]
) -> dict[str, list[StoredPage]]:
    """Return the pages of each topic, or nothing if the section cannot be divided.

    Pages without a topic are left out.

    Args:
        pages: Pages of the section.
        lists: Titles of the site's lists by category, each with the keys of its links.
    """
    return _accepted(pages, _by_lists(pages, lists)) or _accepted(pages, _by_first_word(pages))


def _by_lists(
    pages: Sequence[StoredPage], lists: Iterable[tuple[str, Iterable[str]]]
) -> dict[str, list[StoredPage]]:
    waiting = {page.url.key: page for page in pages}
    found: defaultdict[str, list[StoredPage]] = defaultdict(list)
    for title, keys in lists:
        found[title] += [waiting.pop(key) for key in dict.fromkeys(keys) if key in waiting]
    return found


def _by_first_word(pages: Sequence[StoredPage]) -> dict[str, list[StoredPage]]:
    found: defaultdict[str, list[StoredPage]] = defaultdict(list)
    for page in pages:
        parts = segments(page.url)
        word, *rest = _BETWEEN.split(parts[-1]) if parts else [""]
        if rest and len(word) > 1 and not word.isdecimal():
            kind = _KIND.match(word)
            found[readable(kind[0] if kind else word)].append(page)
    return found


def _accepted(
    pages: Sequence[StoredPage], topics: dict[str, list[StoredPage]]
) -> dict[str, list[StoredPage]]:
    kept = {topic: group for topic, group in topics.items() if len(group) >= FEWEST_OF_TOPIC}
    sizes = [len(group) for group in kept.values()]
    is_division = (
        len(kept) > 1 and sum(sizes) >= COVERED * len(pages) and max(sizes) < MOST_OF_ONE * len(pages)
    )
    return kept if is_division else {}
