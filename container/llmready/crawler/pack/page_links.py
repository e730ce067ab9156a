"""Read the links in the Markdown of a page: their labels, and the headings or entries that they stand under."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.pack.places import NUMBER
from llmready.crawler.page.excerpt import plain
from llmready.crawler.urls import BadUrl, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"#{1,6} +(\S.{0,200})$")
_ITEM = re.compile(r"- (?:\w{1,6}\\?\. +)?\[([^\[\]\n]{1,120})\]\(")
_TARGET = re.compile(r"\]\((https?://[^()\s]{1,2000})\)")
_LABELLED = re.compile(r"(?<!!)\[([^\[\]\n]{1,120})\]\((https?://[^()\s]{1,2000})\)")


def labelled_links(markdown: str, origin: str) -> Iterator[tuple[str, str]]:
    """Yield the labels of links to a site's own pages, with the keys of the pages' URLs."""
    for label, target in _LABELLED.findall(markdown[:400_000]):
        if target.startswith(origin):
            yield plain(label), _key(target)


def links_under_headings(markdown: str, origin: str) -> Iterator[tuple[str, str]]:
    """Yield each link with the heading that it stands under, or the entry of a list that it is indented below."""
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
    # Entries that only list the headings of their own pages divide nothing.
    parts = {entry for entry, keys in below.items() if entry and len(keys) > 1}
    for heading, entry, key in found:
        name = entry if entry in parts and len(parts) > 1 else heading
        if name:
            yield name, key


def _key(target: str) -> str:
    try:
        return parse(target).key
    except BadUrl:
        return ""
