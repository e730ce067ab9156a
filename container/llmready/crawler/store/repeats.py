"""Remove blocks that many pages repeat at their start or end: the site's name, notices, licences, calls to subscribe.

The blocks are known once all pages are stored, and do not depend on the order in which the pages came.
"""

from __future__ import annotations

import hashlib
from collections import Counter

MOST_EDGE_BLOCKS = 6
"""Blocks at either end of a page that are counted."""

LONGEST_BLOCK = 400
"""Greatest length of a block, in characters. A longer block is never removed."""

FEWEST_PAGES = 10
SHARE = 0.5
"""A block is removed where at least FEWEST_PAGES pages, and this share of all pages, repeat it."""

FARTHEST_HEADING = 2
"""Blocks below a first heading that is the site's name, among which the page's own heading stands."""

MOST_BLOCKS = 500_000
"""Different blocks that are counted; further ones are ignored."""


class RepeatedBlocks:
    """Counts the blocks at the start and the end of pages."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._pages = 0

    def note(self, markdown: str) -> None:
        """Count the blocks of a page."""
        self._pages += 1
        # A page may have hundreds of blocks, so only its ends are split.
        lead = _lead(markdown.split("\n\n", MOST_EDGE_BLOCKS + 1)[: MOST_EDGE_BLOCKS + 1])
        tail = _tail(markdown.rsplit("\n\n", MOST_EDGE_BLOCKS))
        title = [markdown.partition("\n\n")[0]] if markdown.startswith("# ") else []
        for key in {_key(block) for block in (*title, *lead, *tail)}:
            if key in self._counts or len(self._counts) < MOST_BLOCKS:
                self._counts[key] += 1

    def found(self) -> bool:
        """Return whether any block is repeated often enough to be removed."""
        return any(self._is_repeated(count) for count in self._counts.values())

    def without(self, markdown: str) -> str:
        """Return a page without the repeated blocks at its start and end.

        If less than half of the page would be left, return all of it.
        """
        blocks = markdown.split("\n\n")
        first = 1 if blocks[0].startswith("# ") else 0
        lead = self._run(_lead(blocks))
        while lead and (blocks[first + lead - 1].startswith("#") or _is_indented(blocks[first + lead :])):
            # A heading is kept, because it belongs to the text below it. An indented block, such as a code block of a
            # list item, would get another meaning without the block above it.
            lead -= 1
        rest = (blocks[:first] if not self._names_the_site(blocks) else []) + blocks[first + lead :]
        tail = self._run(_tail(rest))
        kept = "\n\n".join(rest[: len(rest) - tail])
        return kept if 2 * len(kept) >= len(markdown) else markdown

    def _names_the_site(self, blocks: list[str]) -> bool:
        """Return whether the first heading is on many pages, above the page's own heading."""
        is_repeated = blocks[0].startswith("# ") and self._is_repeated(self._counts[_key(blocks[0])])
        if "\n" in blocks[0] or _is_indented(blocks[1:]):
            return False
        return is_repeated and any(block.startswith("#") for block in blocks[1 : FARTHEST_HEADING + 1])

    def _run(self, blocks: list[str]) -> int:
        for number, block in enumerate(blocks):
            if not self._is_repeated(self._counts[_key(block)]):
                return number
        return len(blocks)

    def _is_repeated(self, count: int) -> bool:
        return count >= FEWEST_PAGES and count >= SHARE * self._pages


def _lead(blocks: list[str]) -> list[str]:
    start = 1 if blocks[0].startswith("# ") else 0
    return _movable(blocks[start : start + MOST_EDGE_BLOCKS])


def _tail(blocks: list[str]) -> list[str]:
    """Return the blocks at the end of a page, the last one first, without the first block of the page."""
    return _movable(blocks[:0:-1][:MOST_EDGE_BLOCKS])


def _movable(blocks: list[str]) -> list[str]:
    """Return the blocks before one that is long, belongs to code, or continues the block above it."""
    for number, block in enumerate(blocks):
        if (
            len(block) > LONGEST_BLOCK
            or "```" in block
            or "~~~" in block
            or block[:1] in ("", " ", "\t", "\n")
        ):
            return blocks[:number]
    return blocks


def _is_indented(blocks: list[str]) -> bool:
    """Return whether the first of these blocks that is not empty is indented."""
    first = next((text for block in blocks if (text := block.strip("\n"))), "")
    return first.startswith((" ", "\t"))


def _key(block: str) -> bytes:
    return hashlib.blake2b(block.encode(), digest_size=12).digest()
