"""Read one sitemap file: XML, plain text, RSS or Atom. All files are treated as untrusted input."""

from __future__ import annotations

import codecs
import io
import logging
import re
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING
from xml.parsers import expat

from llmready.crawler.fetch.sitemap_scan import LONGEST_TEXT, Scan, unescaped
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_URLS = 50_000
MAX_SITEMAPS = 500
"""Sitemaps of one index that are recorded; at most MAX_FILES are read."""
MAX_DEPTH = 100
"""Depth of nested elements. A sitemap needs five; an Atom feed also contains the elements of its pages."""
MAX_STEPS = 1_000_000
"""Elements and repaired characters of one file that are read."""
MAX_TAG = 1_000_000
"""Bytes of one tag."""

_BYTES_OF_STEP = 30
"""Smallest number of bytes that an element or a repaired character counts towards the limit of all sitemaps, because
each takes time."""

# The most frequent errors in XML: a "&" that does not begin a reference, and control characters.
_REFERENCE = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{0,30});)?"
)
_LONGEST_REFERENCE = 40
_PART = 1 << 16
"""Bytes of a sitemap that are read at once. Expat reads to their end, even after a handler raised an exception."""
_CONTROL = bytes(set(range(32)) - {9, 10, 13})
# An incomplete file cannot be repaired by reading it again.
_CUT_OFF = {
    expat.errors.codes[error]
    for error in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
}

_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "feed", "rdf"})
"""Root elements of sitemaps and feeds, in lower case. Many sites answer with an HTML page if they have no sitemap."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_XML_BELOW_TEXT = re.compile(
    rb"<(?:\?xml\s|(?:[A-Za-z]\w{0,20}:)?(?:urlset|sitemapindex|rss|feed|rdf)[\s>])", re.IGNORECASE
)
"""The beginning of XML below other text, for example below a warning of the web server's script."""
_LONGEST_TEXT_ABOVE = 65_536

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that a sitemap lists, and its priority (0 to 1)."""

    url: Url
    priority: float


@dataclass(slots=True)
class Sitemap:
    """The content of one file: pages, or further sitemaps if it is an index.

    Attributes:
        pages: The pages.
        sitemaps: The further sitemaps.
        is_complete: Whether the file could be read to its end.
        size: Bytes that the file counts towards MAX_TOTAL_BYTES.
    """

    pages: list[Entry] = field(default_factory=list)
    sitemaps: list[Url] = field(default_factory=list)
    is_complete: bool = True
    size: int = 0


def parse_sitemap(body: bytes, url: Url, ended: Event | None = None) -> Sitemap:
    """Read a sitemap file.

    Args:
        body: XML, or one URL per line.
        url: URL of the file.
        ended: Set by another thread when the result is no longer needed.

    Returns:
        The content before a limit. XML that is not well-formed is scanned for addresses, and marked as incomplete.
    """
    if body.startswith(_UTF_16) and not (text := body.decode("utf-16", "replace")).lstrip().startswith("<"):
        body = text.encode("utf-8", "replace")
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_xml = start.startswith((b"<", *_UTF_16, b"\0<"))
    if is_xml or _XML_BELOW_TEXT.search(body, 0, _LONGEST_TEXT_ABOVE):
        return _Reader(url, ended or Event()).read(body)
    # Read line by line, because a list of millions of short lines takes much more memory than the file.
    lines = islice(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", errors="replace"), MAX_URLS)
    links = (join(url, line) for line in lines if line.lstrip().startswith(("http://", "https://")))
    return Sitemap(pages=[Entry(link, 0.5) for link in links if link], size=len(body))


class _Reader:
    """Reads the relevant elements of an XML sitemap."""

    def __init__(self, url: Url, ended: Event) -> None:
        self._url = url
        self._ended = ended
        self._found = Sitemap()
        self._steps = 0.0
        self._begin()

    def _begin(self) -> None:
        self._found.pages.clear()
        self._found.sitemaps.clear()
        self._depth = 0
        self._root = ""
        self._text: list[str] | None = None
        self._length = 0
        self._link: Url | None = None
        self._priority = 0.5

    def read(self, body: bytes) -> Sitemap:
        """Return the content of a file."""
        body = body.lstrip(b"\xef\xbb\xbf \t\r\n")
        try:
            self._read(body)
            if not self._found.pages and not self._found.sitemaps:
                # For example, the names of the elements are in capital letters.
                self._scan(body)
        except _Stop:
            pass
        except _TooMuch as reason:
            self._is_partial(reason)
        except (expat.ExpatError, ValueError, LookupError) as error:
            self._read_leniently(body, error)
        self._found.size = max(len(body), int(self._steps * _BYTES_OF_STEP))
        return self._found

    def _is_partial(self, reason: Exception) -> None:
        self._found.is_complete = self._root.lower() not in _ROOTS
        if not self._found.is_complete:
            _log.warning("sitemap %s read in part: %s", self._url, reason)

    def _read_leniently(self, body: bytes, error: Exception) -> None:
        """Scan a file that is not well-formed. A web page in place of a sitemap is not reported as incomplete."""
        self._begin()
        try:
            is_sitemap = self._scan(body)
        except _Stop:
            is_sitemap = True
        except _TooMuch as reason:
            is_sitemap, error = bool(self._found.pages or self._found.sitemaps), reason
        self._found.is_complete = not is_sitemap
        if is_sitemap:
            _log.warning("sitemap %s is not well-formed: %s", self._url, error)

    def _scan(self, body: bytes) -> bool:
        """Add what a scan finds. Returns: whether the file is a sitemap."""
        scan = Scan(self._tag, self._entry)
        scan.scan(body)
        return scan.is_sitemap

    def _tag(self) -> None:
        # An element has two tags.
        self._step(0.5)
        if self._ended.is_set():
            raise _Stop

    def _entry(self, name: str, address: str, priority: str) -> None:
        link = join(self._url, address)
        if link is not None:
            self._add(name, link, _priority(priority))

    def _add(self, name: str, link: Url, priority: float) -> None:
        if name == "sitemap":
            self._found.sitemaps.append(link)
        else:
            self._found.pages.append(Entry(link, priority))
        if len(self._found.pages) >= MAX_URLS or len(self._found.sitemaps) >= MAX_SITEMAPS:
            raise _Stop

    def _read(self, body: bytes) -> None:
        try:
            self._parse(_parts(body))
        except (expat.ExpatError, ValueError, LookupError) as error:
            if isinstance(error, expat.ExpatError) and error.code in _CUT_OFF:
                raise
            # Read again, because known errors can be repaired.
            self._begin()
            self._parse(self._mended(part) for part in _parts(body.translate(None, _CONTROL)))

    def _mended(self, part: bytes) -> bytes:
        mended, count = _REFERENCE.subn(_mended, part)
        self._step(count)
        return mended

    def _step(self, count: float = 1) -> None:
        self._steps += count
        if self._steps > MAX_STEPS:
            raise _TooMuch(f"more than {MAX_STEPS} elements or syntax errors")

    def _parse(self, parts: Iterable[bytes]) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        fed = 0
        for part in parts:
            if self._ended.is_set():
                raise _Stop
            parser.Parse(part)
            fed += len(part)
            if fed - parser.CurrentByteIndex > MAX_TAG:
                raise _TooMuch(f"a tag of more than {MAX_TAG} bytes")
        parser.Parse(b"", True)  # noqa: FBT003 - expat's own signature

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._step()
        self._depth += 1
        self._root = self._root or name.rpartition(" ")[2]
        if self._depth > MAX_DEPTH:
            raise _TooMuch(f"more than {MAX_DEPTH} nested elements")
        if _is_extension(name):
            return
        match name.rpartition(" ")[2]:
            case "url" | "sitemap" | "item" | "entry":
                self._link, self._priority = None, 0.5
            case "link" if attributes.get("href"):
                # Atom: the link of the entry itself has no `rel`, or the value `alternate`.
                if attributes.get("rel", "alternate") == "alternate":
                    self._link = self._link or join(self._url, attributes["href"])
            case "loc" | "priority" | "link":
                self._text, self._length = [], 0

    def _characters(self, data: str) -> None:
        if self._text is not None:
            self._length += len(data)
            if self._length > LONGEST_TEXT:
                self._text = None
            else:
                self._text.append(data)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if _is_extension(name):
            return
        text = "".join(self._text or []).strip()
        match name.rpartition(" ")[2]:
            case "loc" | "link" if text:
                self._link = self._link or join(self._url, text)
            case "priority":
                self._priority = _priority(text)
            case "url" | "sitemap" | "item" | "entry" as entry if self._link:
                self._add(entry, self._link, self._priority)
        self._text = None

    def _entity(self, *_: object) -> None:
        # Sitemaps do not need entities, and expanding them may take any amount of memory.
        raise ValueError("it declares entities")


def _is_extension(name: str) -> bool:
    """Return whether an element has a namespace with elements of the same names but other meanings."""
    return (
        "/sitemap-image/" in name or "/sitemap-video/" in name or name == "http://www.w3.org/1999/xhtml link"
    )


def _parts(body: bytes) -> Iterator[bytes]:
    """Yield a body in parts, because repairing millions of errors at once takes a hundred times its memory.

    No part ends within a reference: none is longer than `_LONGEST_REFERENCE` or contains a second "&".
    """
    start = 0
    while start < len(body):
        end = start + _PART
        if end < len(body):
            reference = body.rfind(b"&", end - _LONGEST_REFERENCE, end)
            end = reference if reference > start else end
        yield body[start:end]
        start = end


def _mended(reference: re.Match[bytes]) -> bytes:
    name = reference[1]
    text = unescaped(f"&{name.decode()};") if name else ""
    if text and not text.startswith("&"):
        return "".join(f"&#{ord(sign)};" for sign in text).encode()
    return b"&amp;" + reference[0][1:]


class _Stop(Exception):
    """Raised to stop reading when enough was read."""


class _TooMuch(Exception):
    """A sitemap exceeds a limit that real sitemaps do not reach. The message names the limit."""


def _priority(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.5
    return min(max(value, 0.0), 1.0) if value == value else 0.5  # noqa: PLR0124 - NaN alone differs from itself
