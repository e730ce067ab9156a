"""Blocks that stand at the edge of page after page: notices, licences, calls to subscribe. Once seen, they are noise.

Which they are is known when all pages are there, and does not depend on the order in which they came.
"""

from __future__ import annotations

import hashlib
from collections import Counter

MOST_EDGE_BLOCKS = 6
"""Blocks at either end of a page that are looked at."""

LONGEST_BLOCK = 400
"""Characters of a block above which it counts as text."""

FEWEST_PAGES = 10
SHARE = 0.5
"""A block is noise that stands at the edge of so many pages, and of this part of them."""

MOST_BLOCKS = 500_000
"""Blocks that are counted; beyond it, those that are new count for nothing."""


class Repeats:
    """Counts the blocks at the edges of pages."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._pages = 0

    def note(self, markdown: str) -> None:
        """Count the blocks of a page."""
        self._pages += 1
        # The ends alone: a page has hundreds of blocks.
        lead = _lead(markdown.split("\n\n", MOST_EDGE_BLOCKS + 1)[: MOST_EDGE_BLOCKS + 1])
        tail = _tail(markdown.rsplit("\n\n", MOST_EDGE_BLOCKS))
        for key in {_key(block) for block in (*lead, *tail)}:
            if key in self._counts or len(self._counts) < MOST_BLOCKS:
                self._counts[key] += 1

    def found(self) -> bool:
        """Say whether any block repeats."""
        return any(self._is_noise(count) for count in self._counts.values())

    def without(self, markdown: str) -> str:
        """Return a page without the blocks at its edges that repeat; it keeps at least half of its text."""
        blocks = markdown.split("\n\n")
        first = 1 if blocks[0].startswith("# ") else 0
        lead = self._run(_lead(blocks))
        while lead and blocks[first + lead - 1].startswith("#"):
            # What follows a heading is its own.
            lead -= 1
        rest = blocks[:first] + blocks[first + lead :]
        tail = self._run(_tail(rest))
        kept = "\n\n".join(rest[: len(rest) - tail])
        return kept if 2 * len(kept) >= len(markdown) else markdown

    def _run(self, blocks: list[str]) -> int:
        for number, block in enumerate(blocks):
            if not self._is_noise(self._counts[_key(block)]):
                return number
        return len(blocks)

    def _is_noise(self, count: int) -> bool:
        return count >= FEWEST_PAGES and count >= SHARE * self._pages


def _lead(blocks: list[str]) -> list[str]:
    start = 1 if blocks[0].startswith("# ") else 0
    return _movable(blocks[start : start + MOST_EDGE_BLOCKS])


def _tail(blocks: list[str]) -> list[str]:
    """Return the blocks at the end of a page, the last one first, without its first."""
    return _movable(blocks[:0:-1][:MOST_EDGE_BLOCKS])


def _movable(blocks: list[str]) -> list[str]:
    """Return the blocks up to one that is long, part of code, or of what stands above it."""
    for number, block in enumerate(blocks):
        if len(block) > LONGEST_BLOCK or "```" in block or "~~~" in block or block[:1] in ("", " ", "\n"):
            return blocks[:number]
    return blocks


def _key(block: str) -> bytes:
    return hashlib.blake2b(block.encode(), digest_size=12).digest()
