"""Limits for pages that are parsed by the algorithm of the HTML standard.

The algorithm takes quadratic time and memory for deeply nested elements, for tags with many attributes, and for many
open formatting elements. Pages that exceed a limit are read only by the converter's parser, which has its own limits.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 5000
MOST_ATTRIBUTES = 5000
MOST_REOPENED = 200_000
"""Formatting elements that a parser may open again in the blocks of one page."""

_TAG_START = re.compile(r"<[A-Za-z]")
_LONG_TAG = 10_000
"""Characters of a tag from which its attributes are counted."""

_TAG = re.compile(
    r"<(?:(?P<end>/)|(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd|tr|td|th|"
    r"thead|tbody|option|path|circle|ellipse|line|polygon|polyline|rect|stop|use|g)[\s/>]))(?P<name>[a-z][^\s/>]{0,40})",
    re.IGNORECASE,
)
_FORMATTING_OR_START = re.compile(
    r"<(?:(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])|[a-z])", re.IGNORECASE
)
_FEW_OPEN = 50
"""Open formatting elements below which nothing is counted: real pages leave some open."""


def is_sane(html: str) -> bool:
    """Return whether a page is within the limits: depth, attributes of a tag, formatting that is opened again."""
    if any(len(tag.split()) > MOST_ATTRIBUTES for tag in _long_tags(html)):
        return False
    if _reopens_too_much(html):
        return False
    if html.count("<") - html.count("</") <= DEEPEST:
        return True
    open_tags: Counter[str] = Counter()
    depth = 0
    for tag in _TAG.finditer(html):
        name = tag["name"]
        if not tag["end"]:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > DEEPEST:
            return False
    return True


def _long_tags(html: str) -> Iterator[str]:
    """Yield the long tags of a page, each from its first sign to its end, in linear time."""
    end = -1
    while start := _TAG_START.search(html, end + 1):
        end = html.find(">", start.end())
        end = end if end >= 0 else len(html)
        if end - start.start() > _LONG_TAG:
            yield html[start.start() : end]


def _reopens_too_much(html: str) -> bool:
    open_ones = reopened = 0
    for tag in _FORMATTING_OR_START.finditer(html):
        if tag[1] is None:
            if open_ones > _FEW_OPEN:
                reopened += open_ones
                if reopened > MOST_REOPENED:
                    return True
        elif tag[1]:
            open_ones = max(0, open_ones - 1)
        else:
            open_ones += 1
    return False
