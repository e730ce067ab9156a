"""Limits for pages that are parsed by the algorithm of the HTML standard.

The algorithm takes quadratic time and memory for deeply nested elements, for tags with many attributes, and for many
open formatting elements. Pages that exceed a limit are read only by the converter's parser, which has its own limits.
"""

from __future__ import annotations

import re
from collections import Counter

DEEPEST = 5000
MOST_ATTRIBUTES = 5000
MOST_REOPENED = 200_000
"""Formatting elements that a parser may open again in the blocks of one page."""

_LONG_TAG = re.compile(r"<[A-Za-z][^>]{10000,}")
_TAG = re.compile(
    r"<(?:(?P<end>/)|(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd|tr|td|th|"
    r"thead|tbody|option|path|circle|rect|use|g)[\s/>]))(?P<name>[A-Za-z][^\s/>]{0,40})"
)
_FORMATTING_OR_START = re.compile(
    r"<(?:(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])|[a-z])", re.IGNORECASE
)
_FEW_OPEN = 50
"""Open formatting elements below which nothing is counted: real pages leave some open."""


def is_sane(html: str) -> bool:
    """Return whether a page is within the limits: depth, attributes of a tag, formatting that is opened again."""
    if any(len(tag[0].split()) > MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(html)):
        return False
    if _reopens_too_much(html):
        return False
    if html.count("<") <= 2 * DEEPEST:
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
