"""Remove active parts from Markdown (raw HTML, links with unsafe destinations) and keep their text.

A CommonMark parser reports where each part is. Only these parts of the source are changed. The parser takes linear
time. The number of its events is limited. Text beyond this limit is escaped.
"""

from __future__ import annotations

import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyromark

from llmready.crawler.convert.certain_code import CertainCode
from llmready.crawler.convert.destinations import SEEN, is_safe
from llmready.crawler.convert.markdown_edits import MAX_EVENTS, Edits, Limit, RawHtml, TooManyEvents, is_live
from llmready.crawler.convert.tabs import without_tabs_after_fences, without_tabs_before_signs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from pyromark.event import Event

LONGEST_DESTINATION = 2000
"""Characters of a destination that are examined."""

MAX_ROUNDS = 6
"""Times that a text is parsed again, because the rest after a removal may form new active parts."""

MAX_DESTINATIONS = 50_000
"""Greatest number of different destinations of a text that are examined. Each takes about ten microseconds."""

MOST_MARKUP = 1_000_000
"""Greatest weight of the markup of a text that is parsed. The parser needs up to 110 bytes of memory for each."""

MOST_RENDERED = 15_000_000
"""Greatest number of characters of a text that is rendered as HTML, in which some characters have six."""

_MARKUP = ("\n", "[", "]", "`", "\\", "&", "<", ">", "*", "_", "~", "|", "+", "-", ". ", ") ", ".\t", ")\t")
_DEFINITION_WEIGHT = 8
"""Additional weight of a definition, for which the parser needs about 700 bytes."""

_OPTIONS = pyromark.Options
# Parsers with and without tables read different parts of a text as code. Footnotes change what a definition is.
DIALECTS = (
    _OPTIONS.ENABLE_TABLES & _OPTIONS.ENABLE_STRIKETHROUGH,
    _OPTIONS.ENABLE_TABLES | _OPTIONS.ENABLE_STRIKETHROUGH,
    _OPTIONS.ENABLE_GFM
    | _OPTIONS.ENABLE_TABLES
    | _OPTIONS.ENABLE_STRIKETHROUGH
    | _OPTIONS.ENABLE_TASKLISTS
    | _OPTIONS.ENABLE_FOOTNOTES,
)
_RAW_TEXT = re.compile(rb"<(/?)(script|style)\b", re.IGNORECASE)
_FOREIGN_MARKUP = re.compile(r"<(?!https?://|br>|/?(?:li|[ou]l)>)(?=[A-Za-z/!?])")
_OWN_BEGINNINGS = ("http://", "https://", "br>", "li>", "/li>", "ol>", "/ol>", "ul>", "/ul>")
_MARKUP_OR_LINK = re.compile(r"(?<=<)(?:https?://|[A-Za-z/!?])")
_SECTION = re.compile(r"<(?=!\[CDATA\[)")
"""A section with brackets in it, which only some parsers read as raw HTML."""
_DESTINATION = re.compile(
    rf"\](?=\([\s>]*+<?(?P<inline>[^)>\n]{{0,{SEEN}}}+)|:[\s>]*+<?(?P<definition>[^>\n]{{0,{SEEN}}}+))"
)
_OTHER_DESTINATION = re.compile(_DESTINATION.pattern.replace("](?=", "](?!\\(https?://)(?="))
"""Destinations but those of nearly all links."""


def _other_than_rendered(destination: str) -> re.Pattern[str]:
    """Return a pattern of tags that the renderer does not write, or writes with another destination."""
    rendered = (
        r"/?(?:a|blockquote|code|del|div|em|h[1-6]|li|ol|p|pre|strong|sup|table|tbody|td|th|thead|tr|ul)>"
        r"|br>|[bh]r />"
        rf'|a href="{destination}"(?: title="[^"<>]*")?>'
        rf'|img src="{destination}" alt="[^"<>]*"(?: title="[^"<>]*")? />'
        r'|ol start="\d+">'
        r'|code class="language-[^"<>]*">'
        r'|t[hd] style="text-align: (?:left|right|center)">'
        r'|input disabled="" type="checkbox"(?: checked="")?/>'
        r'|blockquote class="markdown-alert-\w+">'
        r'|sup class="footnote-[\w-]+">'
        r'|div class="footnote-definition" id="[^"<>]*">'
    )
    return re.compile(f"<(?!{rendered})")


_FOREIGN_OUTPUT = _other_than_rendered('[^"<>]*')
_UNUSUAL_OUTPUT = _other_than_rendered('https?://[^"<>]*')
"""What must be examined: nearly all rendered text has only tags of the renderer, and links to the web."""
_RENDERED_DESTINATION = re.compile(r'(?:href|src)="([^"]*)"')

_OF_ONE_DIALECT = re.compile(r"\[[\^!xX\s]")
"""The beginning of what the dialects read differently: a footnote, a note with a title, a check box."""


_one_at_a_time = threading.Lock()


def alone() -> AbstractContextManager[object]:
    """Return a context in which no other thread parses a text, because the parser needs much memory for a large one.

    Only large texts are read in threads. The main thread does not wait, because it runs the event loop.
    """
    is_main = threading.current_thread() is threading.main_thread()
    return nullcontext() if is_main else _one_at_a_time


@dataclass(slots=True)
class _Link:
    """An open link or image with an unsafe destination.

    Its content is the range from `inner_start` to `inner_end`.
    """

    start: int
    end: int
    inner_start: int = -1
    inner_end: int = -1

    def covers(self, start: int, end: int) -> bool:
        return (self.start, self.end) == (start, end)


def has_acting_parts(text: str) -> bool:
    """Return quickly whether a text may contain raw HTML or unsafe destinations; most texts do not."""
    if any(not match[0].startswith("http") for match in _MARKUP_OR_LINK.finditer(text)):
        return True
    return not all(is_safe(_written(match)) for match in _OTHER_DESTINATION.finditer(text))


def has_foreign_parts(text: str) -> bool:
    """Return quickly whether converted Markdown may contain raw HTML or unsafe destinations.

    Code often contains tags and colons after brackets. In that case, the text is rendered as HTML to see whether they
    are code.
    """
    may_act = any(is_live(text, match.start()) for match in _FOREIGN_MARKUP.finditer(text))
    judge = _Judge()
    for match in _OTHER_DESTINATION.finditer(text):
        if may_act and match["inline"] is None:
            continue
        if not judge.is_safe(_written(match)):
            if match["inline"] is not None:
                return True
            may_act = True
    if not may_act:
        return False
    if not may_be_parsed(text) or len(text) + 5 * sum(map(text.count, "\"'&<>")) > MOST_RENDERED:
        return True
    dialects = DIALECTS[1:] if _OF_ONE_DIALECT.search(text) else DIALECTS[1:2]
    return any(_acts(pyromark.html(text, options=dialect)) for dialect in dialects)


def _acts(rendered: str) -> bool:
    """Return whether rendered Markdown has tags that the renderer does not write, or unsafe destinations."""
    if _UNUSUAL_OUTPUT.search(rendered) is None:
        return False
    return _FOREIGN_OUTPUT.search(rendered) is not None or not all(
        is_safe(match[1][:LONGEST_DESTINATION]) for match in _RENDERED_DESTINATION.finditer(rendered)
    )


def without_acting_parts(text: str, raw_html: RawHtml) -> str:
    """Return Markdown without raw HTML and without unsafe destinations, of links, images, autolinks and definitions.

    `text` is Markdown without invisible characters. `raw_html` says what happens to raw HTML.
    """
    limit = Limit()
    try:
        for _ in range(MAX_ROUNDS if may_be_parsed(text) else 0):
            before = text
            for dialect in DIALECTS:
                # Each removal may form another line with such a tab.
                text = without_tabs_after_fences(without_tabs_before_signs(text))
                edits = _find(text, dialect, raw_html, limit)
                text = edits.applied() if edits.changes else _without_leftovers(text, edits.code)
            if text == before:
                return text
    except TooManyEvents:
        pass
    # The text is too large or too complex to be parsed until no active part remains.
    return without_parsing(text, keeps_own=raw_html == "foreign")


def without_parsing(text: str, *, keeps_own: bool) -> str:
    """Return a text without active parts, also if all its code is read as text.

    `keeps_own` says whether the tags that the converter writes are kept.
    """
    # A regular expression would keep an object for each `<`. A backslash would show the reference as it is written.
    text = text.replace("\\<", "&lt;").replace("<", "&lt;")
    for own in _OWN_BEGINNINGS if keeps_own else ():
        text = text.replace(f"&lt;{own}", f"<{own}")
    return _without_leftovers(text, [])


def may_be_parsed(text: str) -> bool:
    """Return whether a text has so little markup that the parser needs little memory for it."""
    weight = sum(map(text.count, _MARKUP)) + _DEFINITION_WEIGHT * text.count("]:")
    return weight <= MOST_MARKUP and text.count("<") <= MAX_EVENTS


class _Finder:
    """Finds the active parts of one text in one dialect, and records the changes."""

    def __init__(self, text: str, dialect: pyromark.Options, raw_html: RawHtml, limit: Limit) -> None:
        self.edits = Edits(text.encode(), raw_html, limit)
        self._certain = CertainCode(self.edits.source, knows_tables=bool(dialect & _OPTIONS.ENABLE_TABLES))
        self._links: list[_Link] = []
        self._block: list[tuple[int, int]] = []
        self._raw_text_start = -1

    def read(self, event: Event, start: int, end: int) -> None:
        """Take an event of the parser and the range of bytes that it covers."""
        kind, value = next(iter(event.items())) if isinstance(event, dict) else (event, None)
        if kind == "End":
            self._ended(value, start, end)
            return
        if self._links:
            link = self._links[-1]
            link.inner_start = start if link.inner_start < 0 else link.inner_start
            link.inner_end = max(link.inner_end, end)
        if kind == "Html":
            self._block.append((start, end))
            self.edits.html_or_address.append((start, end))
        elif kind == "InlineHtml":
            self.edits.html(start, end)
            self.edits.html_or_address.append((start, end))
            self._inline_html(start, end)
        elif kind == "Code":
            self._code(start, end, is_certain=self._certain.has_span(start, end))
            self.edits.separate_code(start)
        elif kind == "Start":
            self._started(value, start, end)

    def _started(self, value: object, start: int, end: int) -> None:
        name = _name(value)
        if isinstance(value, dict):
            if name == "CodeBlock":
                self._code_block(start, end, is_indented=value[name] == "Indented")
            data = value.get("Link") or value.get("Image")
            if data is not None:
                is_bare = self.edits.source.startswith(b"<", start)
                (self.edits.html_or_address if is_bare else self.edits.links).append((start, end))
                if not is_safe(data["dest_url"][:LONGEST_DESTINATION]):
                    self._links.append(_Link(start, end))
        self._certain.start(name, start, end)

    def _code_block(self, start: int, end: int, *, is_indented: bool) -> None:
        is_certain = self._certain.has_block(start, end, is_indented=is_indented)
        begin = start
        if not is_indented:
            # Tags in the line of a fence can be escaped, because parsers decode character references in it.
            line_end = self.edits.source.find(b"\n", start, end)
            begin = end if line_end < 0 else line_end
            self._code(start, begin, is_certain=False)
        self._code(begin, end, is_certain=is_certain)

    def _code(self, start: int, end: int, *, is_certain: bool) -> None:
        (self.edits.code if is_certain else self.edits.uncertain_code).append((start, end))

    def _ended(self, value: object, start: int, end: int) -> None:
        self._certain.end(_name(value))
        if value == "HtmlBlock":
            self.edits.html_block(self._block)
            self._block = []
        elif value == "Paragraph":
            self._raw_text_start = -1
        elif value in ("Link", "Image") and self._links and self._links[-1].covers(start, end):
            self._unlink(self._links.pop())

    def _unlink(self, link: _Link) -> None:
        edits = self.edits
        if link.inner_start < 0:
            edits.drop(link.start, link.end)
            return
        # The parser reports an escaped character without its backslash.
        is_escaped = edits.source[link.inner_start - 1 : link.inner_start] == b"\\"
        edits.drop(link.start, link.inner_start - is_escaped)
        edits.drop(link.inner_end, link.end)

    def _inline_html(self, start: int, end: int) -> None:
        """Drop a script or a style within a paragraph together with its content."""
        tag = _RAW_TEXT.match(self.edits.source, start)
        if tag is None or self.edits.raw_html != "drop":
            return
        if not tag[1]:
            self._raw_text_start = start if self._raw_text_start < 0 else self._raw_text_start
            return
        if self._raw_text_start >= 0:
            self.edits.drop(self._raw_text_start, end)
        self._raw_text_start = -1


def _name(value: object) -> str:
    """Return the name of a part, such as Paragraph, from the value of its start or end."""
    return str(next(iter(value))) if isinstance(value, dict) else str(value)


def _find(text: str, dialect: pyromark.Options, raw_html: RawHtml, limit: Limit) -> Edits:
    finder = _Finder(text, dialect, raw_html, limit)
    for event, where in pyromark.events_with_range(text, options=dialect):
        limit.count()
        finder.read(event, where["start"], where["end"])
    for definition in _definitions(text, dialect):
        start, end = definition["span"]["start"], definition["span"]["end"]
        finder.edits.links.append((start, end))
        if not is_safe(definition["dest"][:LONGEST_DESTINATION]):
            finder.edits.drop(start, end)
    finder.edits.escape_text()
    return finder.edits


def _definitions(text: str, dialect: pyromark.Options) -> Iterable[Any]:
    return pyromark.reference_definitions(text, options=dialect).values() if "]:" in text else ()


def _without_leftovers(text: str, code: list[tuple[int, int]]) -> str:
    """Escape text outside of code that other parsers could still read as an unsafe destination.

    Texts for people have fewer than `MAX_DESTINATIONS` different or unsafe destinations. After this number, all
    destinations that do not lead to the web are escaped, even safe ones.
    """
    if "<![CDATA[" in text:
        outside = _outside(text, code)
        escaped = _SECTION.sub(
            lambda match: "&lt;" if outside(match.start()) and is_live(text, match.start()) else "<", text
        )
        if escaped != text:
            return escaped
    if "](" not in text and "]:" not in text:
        return text
    parts: list[str] = []
    position = 0
    outside = _outside(text, code)
    judge = _Judge()
    for match in _OTHER_DESTINATION.finditer(text):
        if judge.is_full or len(parts) > 2 * MAX_DESTINATIONS:
            return "".join((*parts, _without_destinations(text[position:])))
        if not judge.is_safe(_written(match)) and outside(match.start()):
            parts += (text[position : match.end()], "\\")
            position = match.end()
    return "".join((*parts, text[position:]))


def _without_destinations(text: str) -> str:
    """Escape all destinations but those of links to the web. A regular expression would keep a part for each."""
    text = text.replace("](", "]\\(").replace("]:", "]\\:")
    for scheme in ("http", "https"):
        text = text.replace(f"]\\({scheme}://", f"]({scheme}://")
    return text


class _Judge:
    """Judges the destinations of one text: each different one once, and at most `MAX_DESTINATIONS` of them."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    @property
    def is_full(self) -> bool:
        """Whether no further destination is examined."""
        return len(self._known) >= MAX_DESTINATIONS

    def is_safe(self, destination: str) -> bool:
        """Return whether a destination is safe; one that is not examined is not."""
        known = self._known.get(destination)
        if known is None:
            if self.is_full:
                return False
            known = self._known[destination] = is_safe(destination)
        return known


def _written(match: re.Match[str]) -> str:
    return match["inline"] or match["definition"] or ""


def _outside(text: str, code: list[tuple[int, int]]) -> Callable[[int], bool]:
    """Return a predicate for ascending positions in `text`: whether a position is outside of code."""
    ranges = iter(sorted(code))
    current = next(ranges, None)
    characters = offset = 0

    def outside(position: int) -> bool:
        nonlocal current, characters, offset
        offset += len(text[characters:position].encode())
        characters = position
        while current is not None and current[1] <= offset:
            current = next(ranges, None)
        return current is None or offset < current[0]

    return outside
