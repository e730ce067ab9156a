"""Limit the items of a page to what fits into one answer of a function."""

import json
from collections.abc import Iterable

from llmready.adapters.dynamodb.table import Item

# Bytes of JSON in ASCII. Lambda answers at most 6 MB, including the quoting of the body as a JSON string.
_MOST_BYTES = 2_500_000


def first_page(items: Iterable[Item], limit: int) -> tuple[list[Item], bool]:
    """Return the first items that fit into one answer, and whether more follow.

    Args:
        items: The items. No more are read than needed.
        limit: Maximum number of items. At least one item is returned, even if it is too large.
    """
    page: list[Item] = []
    left = _MOST_BYTES
    for item in items:
        left -= len(json.dumps(item, default=str))
        if page and (left < 0 or len(page) == limit):
            return page, True
        page.append(item)
    return page, False
