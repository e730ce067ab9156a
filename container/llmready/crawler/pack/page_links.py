"""Read the links in the Markdown of a page: their labels, and the headings or list entries above them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.kinds import gives_way, kind_of
from llmready.crawler.pack.places import NUMBER
from llmready.crawler.page.excerpt import plain
from llmready.crawler.urls import BadUrl, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LINKS = 200
_HEADING = re.compile(r"#{1,6} +(\S.{0,200})$")
_ITEM = re.compile(r"- (?:\w{1,6}\\?\. +)?\[([^\[\]\n]{1,120})\]\(")
_TARGET = re.compile(r"\]\((https?://[^()\s]{1,2000})\)")
_LABELLED = re.compile(r"(?<!!)\[([^\[\]\n]{1,120})\]\((https?://[^()\s]{1,2000})\)")


def labelled_links(markdown: str, origin: str) -> Iterator[tuple[str, str]]:
    """Yield the labels of links to a site's own pages, with the keys of the pages' URLs."""
    for label, target in _LABELLED.findall(markdown[:400_000]):
        if target.startswith(origin):
            yield plain(label), _key(target)


def names_of_links(markdown: str, home: str) -> list[str]:
    """Return the labels of a page's links that show what the page lists, as plain text without duplicates.

    Further links to the same target (“Continue reading”) and labels with several targets (“Add to cart”) are
    left out. Links to the front page, to lists and to forms are left out, too.

    Args:
        markdown: Markdown of the page.
        home: URL of the front page.
    """
    targets: defaultdict[str, set[str]] = defaultdict(set)
    firsts: dict[str, str] = {}
    for written, address in _LABELLED.findall(markdown[:200_000])[:_MOST_LINKS]:
        label = plain(written)
        target = address.partition("#")[0]
        targets[label].add(target)
        firsts.setdefault(target, label)
    found = (
        label
        for target, label in firsts.items()
        if len(targets[label]) == 1 and target != home and not _is_list(target)
    )
    return list(dict.fromkeys(found))


def links_under_headings(markdown: str, origin: str) -> Iterator[tuple[str, str]]:
    """Yield each link with the heading above it, or the list entry below which it is indented."""
    heading = entry = ""
    found: list[tuple[str, str, str]] = []
    below: defaultdict[str, set[str]] = defaultdict(set)
    for line in markdown[:1_000_000].split("\n"):
        if title := _HEADING.match(line):
            heading, entry = plain(title[1]), ""
        elif item := _ITEM.match(line):
            entry = NUMBER.sub("", plain(item[1]))
        elif line and not line.startswith(" "):
            entry = ""
        for target in _TARGET.findall(line):
            if target.startswith(origin):
                key = _key(target)
                found.append((heading, entry, key))
                if line.startswith(" "):
                    below[entry].add(key)
    # Entries whose sub-entries are only headings of the same page are not sections.
    parts = {entry for entry, keys in below.items() if entry and len(keys) > 1}
    divided = {heading for heading, entry, _ in found if entry in parts} if len(parts) > 1 else set()
    for heading, entry, key in found:
        # The heading above a table of contents does not belong to it: it may be the author's name.
        name = entry if entry in parts and len(parts) > 1 else "" if heading in divided else heading
        if name:
            yield name, key


def _is_list(target: str) -> bool:
    try:
        return gives_way(kind_of(parse(target)))
    except BadUrl:
        return False


def _key(target: str) -> str:
    try:
        return parse(target).key
    except BadUrl:
        return ""
