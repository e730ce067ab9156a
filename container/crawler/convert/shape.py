"""Refuses pages whose shape makes any HTML parser slow.

The standard's own algorithm is quadratic in how deep elements nest and in how many attributes a tag has.
"""

from __future__ import annotations

import re
from collections import Counter

from crawler.failures import Code, Failure

DEEPEST = 5000
MOST_ATTRIBUTES = 5000

_LONG_TAG = re.compile(r"<[A-Za-z][^>]{10000,}")
_TAG = re.compile(
    r"<(?:(?P<end>/)|(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd|tr|td|th|"
    r"thead|tbody|option|path|circle|rect|use|g)[\s/>]))(?P<name>[A-Za-z][^\s/>]{0,40})"
)


def check_shape(html: str) -> None:
    """Refuse a page nested more than 5,000 elements deep, or with a tag of more than 5,000 attributes.

    Raises: Failure (page_too_large).
    """
    for tag in _LONG_TAG.finditer(html):
        if len(tag[0].split()) > MOST_ATTRIBUTES:
            raise Failure(Code.PAGE_TOO_LARGE, "A tag of the page has more attributes than any real page.")
    if html.count("<") <= 2 * DEEPEST:
        return
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
            raise Failure(
                Code.PAGE_TOO_LARGE, "The elements of the page are nested deeper than any real page."
            )
