"""Decide which code of a text all parsers of Markdown read as code.

Parsers differ in what is a table, in which lines continue a quotation or an empty list item, and in where a code span
ends at a table. Where they can differ, code of one parser is text of another one, and tags in it are raw HTML.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG_OR_DESTINATION = re.compile(rb"<[A-Za-z/!?]|\][(:]")
_BEFORE_INDENTED_CODE = frozenset({"", "Paragraph", "Heading"})
"""Blocks after which four spaces begin code in all parsers. After a list or a quotation, they may continue it."""
_SIGNS_OF_TABLE = b" \t>*+0123456789.)|:-"
SIGNS = b" \t>*+=#|:~`.)([]0123456789-"
"""Signs of a line that some parser may read as an empty item, an empty quotation or the line below a heading."""
_BEGINS_ITEM = re.compile(rb"(?:[-*+]|\d{1,9}[.)])[ \t]")
_LINE_OF_ITEM = re.compile(rb"^[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_MARKERS = re.compile(rb"(?:[-*+]|\d{1,9}[.)])*")
_ONLY_MARKERS = re.compile(rb"(?:[-*+]|\d{1,9}[.)])+(?:\[[xX]?\])?")
_BACKTICKS = re.compile(rb"`+")
_BRACKETS = re.compile(rb"\\.|\]\(|[\[\]]", re.DOTALL)
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_LONGEST_LINE = 200
"""Bytes of a line that are examined."""
_LONGEST_BLOCK = 1000
"""Bytes of the block before indented code that are examined."""
_MOST_BACKTICKS = 80
"""Greatest number of backticks around a code span that cmark reads as such."""
_LONGEST_FENCE = 255
"""Greatest number of signs of a fence that cmark counts."""
_DEEPEST = 100
"""Depth of blocks beyond which cmark reads no lists."""


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
        self._first = len(source) - len(source.lstrip())
        self._last_block = ""
        self._block = (0, 0)
        self._may_be_table: bool | None = None
        self._is_in_table = False
        self._scanned = 0
        self._line, self._last_line = -1, b""
        self._is_paired, self._is_below_head = True, False
        self._openers = self._openers_from(0)
        self._brackets_from = 0
        self._is_in_label = self._is_in_destination = False
        self._links: deque[tuple[int, int]] = deque()
        self._has_unclear_cells = False
        self.is_out_of_step = False
        """Whether parsers may take the following fences of the text for the opposite."""

    def start(self, name: str, start: int, end: int) -> None:
        """Take the start of a part and its range of bytes."""
        if self._depth == 0:
            self._block = (start, end)
            self._may_be_table = None
        self._depth += 1
        if name in ("Link", "Image"):
            self._links.append((start, end))
        if name == "Table":
            self._is_in_table = True

    def end(self, name: str) -> None:
        """Take the end of a part."""
        self._depth -= 1
        if self._depth == 0:
            self._last_block = name
        if name == "Table":
            self._is_in_table = False

    def has_block(self, start: int, end: int, *, is_indented: bool) -> bool:
        """Return whether a block of code is code for all parsers.

        Call it for each block, in their order, before `start`.
        """
        if is_indented:
            return not self._matters(start, end) or self._has_indented_block(start)
        self.is_out_of_step = self.is_out_of_step or self._may_end_elsewhere(start, end)
        is_certain = not self.is_out_of_step and self._has_fenced_block(start, end)
        if is_certain:
            # A paragraph cannot go on behind it.
            self._scanned = max(
                self._scanned, end if self._source[end - 1 : end] == b"\n" else self._end_of_line(end) + 1
            )
            self._begin_paragraph(self._scanned)
        return is_certain or not self._matters(start, end)

    def _may_end_elsewhere(self, start: int, end: int) -> bool:
        """Return whether parsers may find another end of a fenced block of code."""
        line_start = self._source.rfind(b"\n", 0, start) + 1
        prefix = self._source[line_start:start]
        lines = self._source[start:end].rstrip(b"\n").split(b"\n")
        sign = lines[0][:1]
        fence = lines[0][: len(lines[0]) - len(lines[0].lstrip(sign))]
        inner = lines[1:]
        if len(fence) > _LONGEST_FENCE or (inner and _may_be_head_of_table(lines[0], inner[0])):
            return True
        # Outside of lists and quotations, all parsers find the end of a block that is only indented.
        if not prefix or (not prefix.strip(b" ") and self._follows_paragraph(start)):
            return False
        margin = _BEGINS_ITEM.sub(lambda match: b" " * len(match[0]), prefix)
        for line in inner:
            text = line.strip(b" \t>")
            if text and not line.expandtabs(4).startswith(margin):
                return True
            if text.startswith(fence) and (
                line is not inner[-1] or line.expandtabs(4)[len(margin) :][:1] != sign
            ):
                return True
        before = self._source[max(0, line_start - _LONGEST_LINE) : max(0, line_start - 1)]
        last_line = before.rstrip(b" \t\n>").rpartition(b"\n")[2]
        return not _BEGINS_ITEM.search(prefix) and self._first < line_start and _may_be_empty_item(last_line)

    def _has_indented_block(self, start: int) -> bool:
        return not self.is_out_of_step and self._follows_paragraph(start)

    def _follows_paragraph(self, start: int) -> bool:
        """Return whether a block begins the text, or follows a blank line and a paragraph outside of lists."""
        line_start = self._source.rfind(b"\n", 0, start) + 1
        if self._depth:
            return False
        if self._first >= line_start:
            return True
        if self._last_block not in _BEFORE_INDENTED_CODE:
            return False
        before = self._source[max(0, line_start - _LONGEST_BLOCK) : max(0, line_start - 1)]
        is_after_blank = not before.rpartition(b"\n")[2].strip()
        block, is_whole, _ = before.rstrip()[::-1].partition(b"\n\n")
        if not is_whole and line_start > _LONGEST_BLOCK:
            return False
        block = block[::-1].lstrip(b"\n")
        has_only_signs = not all(line.strip(SIGNS) for line in block.split(b"\n"))
        return is_after_blank and not (block[:1] in b" \t" or has_only_signs or _LINE_OF_ITEM.search(block))

    def _has_fenced_block(self, start: int, end: int) -> bool:
        line_start = self._source.rfind(b"\n", 0, start) + 1
        before = self._source[max(0, line_start - _LONGEST_LINE) : max(0, line_start - 1)]
        prefix = self._source[line_start:start]
        last_line = before.rstrip().rpartition(b"\n")[2]
        if b">" in prefix:
            # Empty lines of a quotation have its sign.
            last_line = before.rstrip(b" \t\n>").rpartition(b"\n")[2]
        # A fence may follow the marker of an item, continue an item that has only its marker so far, or be the head
        # of a table.
        is_in_item = _BEGINS_ITEM.search(prefix) is not None
        second = self._source.find(b"\n", start, end) + 1 or end
        head = self._source[line_start : self._end_of_line(start)]
        is_head = _is_below_head(self._source[second : self._end_of_line(second)], head)
        is_item_empty = bool(prefix) and self._first < line_start and not last_line.strip(SIGNS)
        is_too_long = (
            head.count(head[len(prefix) : len(prefix) + 1]) > _LONGEST_FENCE or self._depth >= _DEEPEST
        )
        if is_in_item or is_head or is_item_empty or is_too_long or b"\t" in prefix:
            return False
        if not prefix.strip(b" ") and self._follows_paragraph(start):
            return True
        # Parsers may differ in which containers the block is. Lines that all begin like the first one are in all of
        # them.
        lines = self._source[second:end].split(b"\n") if prefix else ()
        return all(line.expandtabs(4).startswith(prefix) or not line.strip(b" \t>") for line in lines)

    def has_span(self, start: int, end: int) -> bool:
        """Return whether a code span is code for all parsers. Call it for each span, in their order."""
        self._read_lines(start)
        span = self._source[start:end]
        if self._is_paired:
            # Backticks in a destination are not paired in this way.
            is_known = next(self._openers, -1) == start and not span.startswith(b"`" * (_MOST_BACKTICKS + 1))
            self._is_paired = is_known and not self._may_end_link(span, start)
        if not self._matters(start, end):
            return True
        if b"\n" in span or not self._is_paired or start < self._line or self._has_unclear_cells:
            return False
        if self.is_out_of_step or self._depth >= _DEEPEST:
            return False
        if not self._knows_tables or self._is_in_table:
            return True
        if self._may_be_table is None:
            # Not only the paragraph, because parsers differ in where it begins and ends.
            lines = self._source[slice(*self._block)].split(b"\n")
            self._may_be_table = any(map(_is_below_head, lines[1:], lines))
        # A parser may read the head of a table as a heading, which is another block.
        return not (self._may_be_table or self._is_below_head)

    def _may_end_link(self, span: bytes, start: int) -> bool:
        """Return whether the label or the destination of a link could end within a code span.

        Only a parser that knows the label of the link, from a definition elsewhere, reads a link there.
        """
        for match in _BRACKETS.finditer(self._source, self._brackets_from, start):
            if match[0] in (b"](", b"[", b"]"):
                self._is_in_label = match[0] == b"["
            self._is_in_destination = self._is_in_destination or (
                match[0] == b"](" and not self._is_in_link(match.start())
            )
        self._brackets_from = start
        plain = _ESCAPED.sub(b"", span)
        closes_label = b"]" in plain and b"[" not in plain[: plain.index(b"]")]
        return (closes_label and self._is_in_label) or (b")" in span and self._is_in_destination)

    def _is_in_link(self, position: int) -> bool:
        """Return whether this parser reads a link at a position. Positions must ascend."""
        while self._links and self._links[0][1] <= position:
            self._links.popleft()
        return bool(self._links) and self._links[0][0] <= position

    def _read_lines(self, position: int) -> None:
        """Read the lines up to the one of a position.

        Each line since the last blank one must pair its backticks. Otherwise, a parser that joins these lines
        differently pairs them differently.
        """
        while self._scanned <= position:
            line_end = self._end_of_line(self._scanned)
            text = self._source[self._scanned : line_end]
            if not text.strip(b" \t\r"):
                self._begin_paragraph(line_end)
            elif self._is_paired:
                self._is_paired = _pairs_backticks(text)
            self._is_below_head = self._is_below_head or _is_below_head(text, self._last_line)
            # Parsers differ in whether the backslash or the pipe is escaped.
            self._has_unclear_cells = b"\\\\|" in text
            self._last_line = text
            self._line, self._scanned = self._scanned, line_end + 1

    def _begin_paragraph(self, start: int) -> None:
        self._is_paired, self._is_below_head = True, False
        self._openers = self._openers_from(start)
        self._brackets_from, self._is_in_label, self._is_in_destination = start, False, False

    def _openers_from(self, start: int) -> Iterator[int]:
        """Return the positions of the runs of backticks that begin a pair."""
        opened = 0
        for run in _BACKTICKS.finditer(self._source, start):
            length = len(run[0])
            if not opened:
                opened = length
                yield run.start()
            elif opened == length:
                opened = 0

    def _end_of_line(self, start: int) -> int:
        line_end = self._source.find(b"\n", start)
        return len(self._source) if line_end < 0 else line_end

    def _matters(self, start: int, end: int) -> bool:
        return _TAG_OR_DESTINATION.search(self._source, start, end) is not None


def _may_be_head_of_table(fence: bytes, line: bytes) -> bool:
    """Return whether some parser may read a fence as the head of a table with the next line below it."""
    has_one_column = b"|" not in line.strip(b" \t>").strip(b"|")
    return (has_one_column or b"|" in fence) and _is_below_head(line, fence)


def _may_be_empty_item(line: bytes) -> bool:
    """Return whether a line consists of markers of items and quotations. A thematic break has three equal ones."""
    signs = line.translate(None, b" \t>")
    is_break = len(signs) > 2 and signs[:1] in (b"-", b"*") and not signs.strip(signs[:1])
    return not is_break and _ONLY_MARKERS.fullmatch(signs) is not None


def _is_below_head(line: bytes, head: bytes) -> bool:
    """Return whether some parser may read a line as the one below the head of a table."""
    if b"-" not in line or not (b"|" in line or b":" in line or b"|" in head) or line.strip(_SIGNS_OF_TABLE):
        return False
    # Numbers may only be markers of items before it, so that a date is none.
    signs = line.translate(None, b" \t>")
    markers = _MARKERS.match(signs)
    return not signs[markers.end() if markers else 0 :].strip(b"|:-")


def _pairs_backticks(line: bytes) -> bool:
    if b"`" not in line:
        return True
    if b"\\`" in line:
        return False
    opened = 0
    for run in _BACKTICKS.finditer(line):
        length = len(run[0])
        if not opened:
            opened = length
        elif opened == length:
            opened = 0
    return not opened
