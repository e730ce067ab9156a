"""Record changes to Markdown, and write it so that all common parsers read the same parts of it as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from llmready.crawler.convert.certain_code import SIGNS
from llmready.crawler.convert.tags import text_spans

RawHtml = Literal["drop", "escape", "foreign"]
"""Treatment of raw HTML: drop the tags, show all tags as text, or show only the tags as text that the converter does
not write.
"""

MAX_EVENTS = 500_000
"""Events of the parser that are read for one text, and changes of it."""

_OWN_TAGS = re.compile(rb"<(?:br|/?(?:li|ol|ul))>")
"""The only tags that the converter writes: line breaks and lists in the cells of tables."""
_PARTING_TAGS = re.compile(rb"</?(?:br|d[dt]|div|li|ol|p|t[dhr]|ul)\b", re.IGNORECASE)
"""Tags that part words. If no white space is beside such a tag, a space takes its place."""
_MARKUP_BYTES = re.compile(rb"<(?=[A-Za-z/!?])")
_ADDRESS = re.compile(rb"(?:https?|ftp)://|www\.", re.IGNORECASE)
"""The beginning of an address in text. GitHub's dialect makes a link of it, up to white space or `<`."""
_LONGEST_ADDRESS = 2000
"""Bytes of text without white space that are examined; a longer one counts as an address."""
_BEFORE_DESTINATION = re.compile(rb"\](?:\(|:)[\s>]*\Z")
_LONGEST_BEFORE_DESTINATION = 200
_BACKSLASH = ord("\\")
_OTHER_SPACE = "|".join(
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_OTHER_SPACE_IN_TAG = re.compile(b"</?[A-Za-z][A-Za-z0-9-]{0,30}(%s)" % _OTHER_SPACE.encode())
"""A tag with white space that many parsers accept there, but not pyromark."""
_OTHER_SPACES = re.compile(_OTHER_SPACE.encode())
_SPACES = (b" ", b"\n", b"\t")
_DEFINITION_BEFORE_FENCE = re.compile(rb"\](:)(?=[ \t]*\n[ \t>]*(?:```|~~~))")
"""The beginning of a definition, which some parsers continue with a fence on the next line."""
_WEB_DESTINATION = re.compile(rb"<https?://")
_BRACKETED = re.compile(rb"<([^<>\n\\]{0,2000})>")
_SPACE_OR_BRACKET = re.compile(rb"[ \t()]")


class TooManyEvents(Exception):
    """The text has more parts than are read or changed."""


@dataclass(slots=True)
class Limit:
    """The number of events and changes that are still allowed."""

    left: int = MAX_EVENTS

    def count(self) -> None:
        """Count one. Raises: TooManyEvents."""
        self.left -= 1
        if self.left < 0:
            raise TooManyEvents


class Ranges:
    """Ranges of positions, asked for ascending positions."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = sorted(ranges)
        self._next = 0
        self._end = 0

    def contain(self, position: int) -> bool:
        """Return whether a range contains a position."""
        while self._next < len(self._ranges) and self._ranges[self._next][0] <= position:
            self._end = max(self._end, self._ranges[self._next][1])
            self._next += 1
        return position < self._end


@dataclass(slots=True)
class Edits:
    """Changes to the source, as ranges of bytes and what replaces them."""

    source: bytes
    raw_html: RawHtml
    limit: Limit
    changes: list[tuple[int, int, bytes]] = field(default_factory=list)
    code: list[tuple[int, int]] = field(default_factory=list)
    uncertain_code: list[tuple[int, int]] = field(default_factory=list)
    """Code that another parser may read as text."""
    html_or_address: list[tuple[int, int]] = field(default_factory=list)
    """Raw HTML, and addresses in angle brackets."""
    links: list[tuple[int, int]] = field(default_factory=list)
    """Links, images and definitions of links."""

    def drop(self, start: int, end: int) -> None:
        """Drop a range."""
        if start < end:
            self.changes.append((start, end, b""))

    def html(self, start: int, end: int) -> None:
        """Drop or escape inline HTML."""
        if self.raw_html == "drop":
            beside = self.source[start - 1 : start], self.source[end : end + 1]
            parts = _PARTING_TAGS.match(self.source, start) and not any(map(bytes.isspace, beside))
            self.changes.append((start, end, b" " if parts else b""))
        elif self.raw_html == "escape" or not _OWN_TAGS.fullmatch(self.source, start, end):
            self.changes.append((start, end, self.source[start:end].replace(b"<", b"&lt;")))

    def html_block(self, lines: list[tuple[int, int]]) -> None:
        """Drop or escape a block of raw HTML, whose lines are given one by one."""
        if self.raw_html != "drop":
            for start, end in lines:
                self.html(start, end)
            return
        kept = text_spans(b"".join(self.source[start:end] for start, end in lines))
        span = next(kept, None)
        offset = 0
        for start, end in lines:
            position = start
            # Text without indentation, because four spaces would turn it into code.
            text = self.source[start:end]
            margin = offset + len(text) - len(text.lstrip(b" \t"))
            while span is not None and span[0] < offset + end - start:
                first = start + max(span[0], margin) - offset
                last = start + min(span[1], offset + end - start) - offset
                if first < last:
                    self.drop(position, first)
                    position = last
                if span[1] > offset + end - start:
                    break
                span = next(kept, None)
            self.drop(position, end - 1 if text.endswith(b"\n") else end)
            offset += end - start

    def separate_code(self, start: int) -> None:
        """Write a space before a code span behind an address.

        Some parsers would read the beginning of the span as a part of the address, and the code as Markdown.
        """
        if self._is_in_address(start):
            self.changes.append((start, start + 1, b" `"))

    def escape_text(self) -> None:
        """Escape each `<` that another parser than pyromark may read as raw HTML, and write destinations without it.

        Other parsers read less text as definitions of links and as code, more as declarations, and as tags also what
        contains white space outside of ASCII. They also make links of addresses, together with the backslash behind
        them.

        Raises:
            TooManyEvents: The text has too many of them.
        """
        known = Ranges(self.code + self.html_or_address)
        linked = Ranges(self.links)
        uncertain = Ranges(self.uncertain_code)
        last_bracket = self.source.rfind(b">") if _OTHER_SPACES.search(self.source) else -1
        for match in _MARKUP_BYTES.finditer(self.source):
            at = match.start()
            other = _OTHER_SPACE_IN_TAG.match(self.source, at)
            if known.contain(at):
                if other is not None:
                    self._change(other.start(1), other.end(1), b" ")
                continue
            is_linked = linked.contain(at)
            if self._begins_destination(at):
                self._unbracket(at)
            elif is_live(self.source, at):
                may_be_tag = other is not None or at < last_bracket or self.source[at + 1] in b"!?"
                may_be_tag = may_be_tag or self._begins_line(at)
                if is_linked or may_be_tag or uncertain.contain(at):
                    self._change(at, at + 1, b"&lt;")
            elif self._is_in_address(at):
                self._change(at - 1, at + 1, b"&lt;")
        known = Ranges(self.code)
        for match in _DEFINITION_BEFORE_FENCE.finditer(self.source):
            if not known.contain(match.start()) and is_live(self.source, match.start()):
                self._change(*match.span(1), b"\\:")

    def _change(self, start: int, end: int, replacement: bytes) -> None:
        """Record a change, and count it, because one event may contain millions. Raises: TooManyEvents."""
        self.limit.count()
        self.changes.append((start, end, replacement))

    def _begins_line(self, at: int) -> bool:
        """Return whether some parser may read a position as the beginning of a block, in which a tag needs no end."""
        before = self.source[max(0, at - _LONGEST_BEFORE_DESTINATION) : at]
        return not before[before.rfind(b"\n") + 1 :].strip(SIGNS)

    def _begins_destination(self, at: int) -> bool:
        before = self.source[max(0, at - _LONGEST_BEFORE_DESTINATION) : at]
        return _BEFORE_DESTINATION.search(before) is not None

    def _unbracket(self, at: int) -> None:
        """Write a destination without its angle brackets, unless it is the URL of a web page."""
        if _WEB_DESTINATION.match(self.source, at):
            return
        found = _BRACKETED.match(self.source, at)
        if found is None:
            self._change(at, at + 1, b"&lt;")
        else:
            self._change(at, found.end(), _SPACE_OR_BRACKET.sub(_percent_encoded, found[1]))

    def _is_in_address(self, at: int) -> bool:
        """Return whether an address may continue up to a position."""
        before = self.source[max(0, at - _LONGEST_ADDRESS) : at]
        word = before[max(before.rfind(space) for space in _SPACES) + 1 :]
        return len(word) == _LONGEST_ADDRESS or _ADDRESS.search(word) is not None

    def applied(self) -> str:
        """Return the changed text."""
        parts: list[bytes] = []
        position = 0
        for start, end, replacement in sorted(self.changes):
            start = max(start, position)  # noqa: PLW2901 - a part of it may be dropped already
            if start < end:
                parts += (self.source[position:start], replacement)
                position = end
        parts.append(self.source[position:])
        return b"".join(parts).decode("utf-8", errors="replace")


def _percent_encoded(character: re.Match[bytes]) -> bytes:
    return b"%%%02X" % character[0][0]


def is_live(text: str | bytes, position: int) -> bool:
    """Return whether an even number of backslashes precedes a character, so that it is not escaped."""
    start = position
    while start and text[start - 1] in ("\\", _BACKSLASH):
        start -= 1
    return (position - start) % 2 == 0
