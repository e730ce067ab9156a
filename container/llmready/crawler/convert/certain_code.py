"""Decide which code of a text all parsers of Markdown read as code.

Parsers differ in what is a table, in which lines continue a quotation or an empty list item, and in where a code span
ends at a table. Where they can differ, code of one parser is text of another one, and tags in it are raw HTML.
"""

from __future__ import annotations

import re

_TAG_OR_DESTINATION = re.compile(rb"<[A-Za-z/!?]|\][(:]")
_BEFORE_INDENTED_CODE = frozenset({"", "Paragraph", "Heading"})
"""Blocks after which four spaces begin code in all parsers. After a list or a quotation, they may continue it."""
_SIGNS_OF_TABLE = b" \t>*+0123456789.)|:-"
_SIGNS = b" \t>*+=#|:~`.)([]0123456789-"
"""Signs of a line that some parser may read as an empty item, an empty quotation or the line below a heading."""
_BEGINS_ITEM = re.compile(rb"(?:[-*+]|\d[.)])[ \t]")
_LONGEST_LINE = 200
"""Bytes of a line that are examined."""


class CertainCode:
    """Follows the events of a parser of one text, and judges its code.

    Args:
        source: The text in UTF-8.
        knows_tables: Whether the parser reads tables. Another one then may find a table where this one finds none.
    """

    def __init__(self, source: bytes, *, knows_tables: bool) -> None:
        self._source = source
        self._knows_tables = knows_tables
        self._depth = 0
        self._last_block = ""
        self._paragraph = (0, 0)
        self._may_be_table: bool | None = None

    def start(self, name: str, start: int, end: int) -> None:
        """Take the start of a part and its range of bytes."""
        self._depth += 1
        if name == "Paragraph":
            self._paragraph = (start, end)
            self._may_be_table = None

    def end(self, name: str) -> None:
        """Take the end of a part."""
        self._depth -= 1
        if self._depth == 0:
            self._last_block = name
        if name == "Paragraph":
            self._paragraph = (0, 0)

    def has_block(self, start: int, end: int, *, is_indented: bool) -> bool:
        """Return whether a block of code is code for all parsers. Call it before `start`."""
        if not self._matters(start, end):
            return True
        line_start = self._source.rfind(b"\n", 0, start) + 1
        if not self._source[: min(line_start, _LONGEST_LINE)].strip():
            return True
        before = self._source[max(0, line_start - _LONGEST_LINE) : max(0, line_start - 1)]
        last_line = before.rstrip().rpartition(b"\n")[2]
        if not is_indented:
            # A fence may follow the marker of an item, continue an item that has only its marker so far, or be the
            # head of a table.
            is_in_item = _BEGINS_ITEM.search(self._source, line_start, start) is not None
            second = self._source.find(b"\n", start, end) + 1 or end
            is_head = _may_be_below_head(self._source[second : self._end_of_line(second, end)])
            is_item_empty = start > line_start and not last_line.strip(_SIGNS)
            return not (is_in_item or is_head or is_item_empty)
        if self._depth or self._last_block not in _BEFORE_INDENTED_CODE:
            return False
        is_after_blank = not before.rpartition(b"\n")[2].strip()
        return is_after_blank and bool(last_line.strip(_SIGNS))

    def has_span(self, start: int, end: int) -> bool:
        """Return whether a code span is code for all parsers."""
        if not self._matters(start, end):
            return True
        if self._source.find(b"\n", start, end) >= 0:
            return False
        if not self._knows_tables or not self._paragraph[0] <= start < self._paragraph[1]:
            return True
        if self._may_be_table is None:
            lines = self._source[slice(*self._paragraph)].split(b"\n")
            self._may_be_table = any(map(_may_be_below_head, lines))
        return not self._may_be_table

    def _end_of_line(self, start: int, end: int) -> int:
        line_end = self._source.find(b"\n", start, end)
        return end if line_end < 0 else line_end

    def _matters(self, start: int, end: int) -> bool:
        return _TAG_OR_DESTINATION.search(self._source, start, end) is not None


def _may_be_below_head(line: bytes) -> bool:
    """Return whether some parser may read a line as the one below the head of a table."""
    return b"-" in line and (b"|" in line or b":" in line) and not line.strip(_SIGNS_OF_TABLE)
