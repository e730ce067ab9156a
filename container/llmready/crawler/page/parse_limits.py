"""Recognise pages whose structure makes a parser of the HTML standard slow; only our own converter reads those.

The standard's algorithm takes quadratic time in the depth of nested elements and in the attributes of a tag.
"""

from __future__ import annotations

import re
from collections import Counter

DEEPEST = 5000
MOST_ATTRIBUTES = 5000

_LONG_TAG = re.compile(r"<[A-Za-z][^>]{10000,}")
_TAG = re.compile(
    r"<(?:(?P<end>/)|(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd|tr|td|th|"
    r"thead|tbody|option|path|circle|rect|use|g)[\s/>]))(?P<name>[A-Za-z][^\s/>]{0,40})"
)


def is_sane(html: str) -> bool:
    """Tell whether a page nests at most 5,000 elements and has no tag with more than 5,000 attributes."""
    if any(len(tag[0].split()) > MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(html)):
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
