"""Find the addresses in a sitemap or feed that is not well-formed XML.

The scan knows no nesting and no namespaces. It finds the tags of entries and of addresses by their names, and reads
the text between them. Other markup is passed over, and entities that the document declares are never used.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import TYPE_CHECKING

from llmready.crawler.convert.charset import decode

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TEXT = 10_000
"""Greatest length of an address or a priority, in characters. URLs are shorter."""

_MARKUP = re.compile(
    r"<(?:(!--)|(!\[CDATA\[)|(/?+)(?:([A-Za-z_][\w.\-]{0,60}+):)?+([A-Za-z_][\w.\-]{0,60}+)([^<>]*+)>)"
)
_ATTRIBUTE = re.compile(
    r"""\b(href|rel)\s{0,10}=\s{0,10}(?:"([^"<>]{0,9999})"|'([^'<>]{0,9999})'|([^\s"'<>]{1,9999}))"""
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{0,30});")
_UTF_8 = re.compile(
    rb"""\s{0,100}<\?xml\s[^>]{0,200}?encoding\s{0,10}=\s{0,10}["']utf-?8["']""", re.IGNORECASE
)

_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "feed", "rdf"})
_ENTRIES = frozenset({"url", "sitemap", "item", "entry"})
_EXTENSIONS = frozenset({"image", "video", "news"})
"""Elements of an entry that contain addresses of other things than pages; also their usual prefixes."""


class Scan:
    """Scans one document.

    Args:
        step: Called for each tag. It may raise an error to end the scan.
        found: Called with the name of each entry (`url`, `sitemap`, `item` or `entry`), its address and its priority.
    """

    def __init__(self, step: Callable[[], None], found: Callable[[str, str, str], None]) -> None:
        self.is_sitemap = False
        """Whether the document has an element of sitemaps or feeds."""
        self._step = step
        self._found = found
        self._has_entities = False
        self._entry = ""
        self._address = ""
        self._priority = ""
        self._extension = ""
        self._reads = ""
        self._parts: list[str] = []
        self._length = 0

    def scan(self, body: bytes) -> None:
        """Report the entries of a document. What follows its last complete tag is left out."""
        text = _decoded(body)
        self._has_entities = "<!ENTITY" in text
        position = 0
        ends = {"-->": 0, "]]>": 0}
        while (markup := _MARKUP.search(text, position)) is not None:
            if self._reads:
                self._add(_plain, text, position, markup.start())
            self._step()
            position = markup.end()
            end = "-->" if markup[1] else "]]>" if markup[2] else ""
            if not end:
                self._tag(markup)
                continue
            if ends[end] >= 0:
                ends[end] = text.find(end, position)
            # A comment or a section that never ends is read like the rest of the document.
            if ends[end] >= 0:
                if markup[2] and self._reads:
                    self._add(str, text, position, ends[end])
                position = ends[end] + len(end)
        self._finish()

    def _add(self, read: Callable[[str], str], text: str, start: int, end: int) -> None:
        self._length += end - start
        if self._length > LONGEST_TEXT:
            self._reads = ""
        else:
            self._parts.append(read(text[start:end]))

    def _tag(self, markup: re.Match[str]) -> None:
        """Handle a tag. Each tag ends the text that is read, even if it is not its own end tag."""
        self._take_text()
        is_end, prefix, name = markup[3], (markup[4] or "").lower(), markup[5].lower()
        if name in _ROOTS:
            self.is_sitemap = True
        if name in _ENTRIES and prefix not in _EXTENSIONS:
            self._finish()
            self._entry = "" if is_end else name
        elif name in _EXTENSIONS:
            self._extension = "" if is_end or markup[6].endswith("/") else name
        elif self._entry and not is_end and not self._extension and prefix not in _EXTENSIONS:
            if name == "link" and "href" in markup[6]:
                if not prefix:
                    self._link(markup[6][:LONGEST_TEXT])
            elif name in ("loc", "link", "priority"):
                self._reads, self._parts, self._length = name, [], 0

    def _link(self, attributes: str) -> None:
        """Use the link of an Atom entry: it has no `rel`, or the value `alternate`."""
        values = {
            name: double or single or bare for name, double, single, bare in _ATTRIBUTE.findall(attributes)
        }
        if values.get("rel", "alternate") == "alternate":
            self._address = self._address or _plain(values.get("href", ""))

    def _take_text(self) -> None:
        text = "".join(self._parts).strip() if self._reads else ""
        if self._reads == "priority":
            self._priority = text
        elif text and not (self._has_entities and _REFERENCE.search(text)):
            if self._address:
                # The tags between two entries are missing.
                name = self._entry
                self._finish()
                self._entry = name
            self._address = text
        self._reads = ""

    def _finish(self) -> None:
        """Report the current entry."""
        if self._entry and self._address:
            self.is_sitemap = True
            self._found(self._entry, self._address, self._priority)
        self._entry = self._address = self._priority = self._extension = ""


def _decoded(body: bytes) -> str:
    """Return the text of a document. If it says UTF-8 and is not, its encoding is guessed."""
    if b"\0" not in body[:4]:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    stated = _UTF_8.match(body)
    return decode(body[stated.end() :] if stated else body, "")


def _plain(text: str) -> str:
    """Return a text with its character references replaced."""
    return _REFERENCE.sub(lambda reference: unescaped(reference[0]), text)


def unescaped(reference: str) -> str:
    """Return the characters that a reference stands for, or the reference itself if its name is unknown."""
    return html.unescape(reference) if reference[1] == "#" or reference[1:] in html5 else reference
