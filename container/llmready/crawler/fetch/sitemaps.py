"""Sitemaps (sitemaps.org): indexes, gzip, plain text, RSS and Atom. All files are treated as untrusted input."""

from __future__ import annotations

import asyncio
import codecs
import html
import io
import logging
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING
from xml.parsers import expat

from llmready.crawler.deadline import in_time_aside
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.redirects import follow
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from llmready.crawler.fetch.client import Getter
    from llmready.crawler.fetch.robots import Robots

MAX_FILES = 50
MAX_URLS = 50_000
MAX_BYTES = 10_000_000
MAX_FEEDS = 5
MAX_SITEMAPS = 500
"""Sitemaps of one index that are recorded; at most MAX_FILES are read."""
MAX_TOTAL_BYTES = 50_000_000
"""Unpacked bytes of all sitemaps of a site that are read."""
MAX_DEPTH = 100
"""Depth of nested elements. A sitemap needs five; an Atom feed also contains the elements of its pages."""
MAX_STEPS = 1_000_000
"""Elements and repaired characters of one file that are read."""
MAX_TAG = 1_000_000
"""Bytes of one tag."""

_BYTES_OF_STEP = 30
"""Smallest number of bytes that an element or a repaired character counts towards MAX_TOTAL_BYTES, because each
takes time."""
_LONGEST_TEXT = 10_000
"""Greatest length of an address or a priority, in characters. URLs are shorter."""

_ACCEPT = "application/xml,text/xml,application/rss+xml,application/atom+xml,text/plain;q=0.5,*/*;q=0.1"
_WELL_KNOWN = ("/sitemap_index.xml", "/sitemap.txt", "/sitemap.xml.gz", "/wp-sitemap.xml")

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

_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "feed", "RDF"})
"""Root elements of sitemaps and feeds. Many sites answer with an HTML page if they have no sitemap."""

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


async def read_sitemaps(
    getter: Getter, robots: Robots, site: Url, partial: list[Url]
) -> AsyncIterator[list[Entry]]:
    """Read a site's sitemaps; yield the pages of each file.

    These are the sitemaps in robots.txt, /sitemap.xml, and a sitemap beside the start page. If they contain nothing,
    other well-known paths are tried. A sitemap that is missing, broken or too large is skipped. Pages are still found
    through links. Sitemaps that could be read only in part are added to `partial`.
    """
    walk = _Walk(getter, robots, partial)
    folders = dict.fromkeys(("/", site.directory))
    named = [site._replace(path=f"{folder}sitemap.xml", query="") for folder in folders]
    async for pages in walk.through([*robots.sitemaps, *named]):
        yield pages
    if walk.found:
        return
    places = [site._replace(path=path, query="") for path in _WELL_KNOWN]
    # The files are fetched at the same time, because most sites have none of them and the crawl waits for the
    # answers. They are read one by one, because each may take as much time and memory as the limits of a sitemap
    # allow.
    bodies = await asyncio.gather(*(walk.fetch(place) for place in places))
    for place, body in zip(places, bodies, strict=True):
        sitemap = await walk.read(body, place)
        if sitemap.pages:
            yield sitemap.pages
        if sitemap.pages or sitemap.sitemaps:
            async for pages in walk.through(sitemap.sitemaps):
                yield pages
            return


async def read_feeds(getter: Getter, robots: Robots, feeds: list[Url]) -> AsyncIterator[list[Entry]]:
    """Read RSS and Atom feeds of a site without a sitemap; yield the pages of each."""
    async for pages in _Walk(getter, robots, []).through(feeds[:MAX_FEEDS]):
        yield pages


class _Walk:
    """Reads files and the files that they refer to, one after the other, within limits.

    `found` counts the pages.
    """

    def __init__(self, getter: Getter, robots: Robots, partial: list[Url]) -> None:
        self.found = 0
        self._partial = partial
        self._bytes = MAX_TOTAL_BYTES
        self._getter = getter
        self._robots = robots
        self._left = MAX_FILES
        self._seen: set[Url] = set()

    async def through(self, files: Iterable[Url]) -> AsyncIterator[list[Entry]]:
        """Yield the pages of each file."""
        waiting: deque[Url] = deque()
        self._await(files, waiting)
        while waiting and self._left > 0 and self._bytes > 0 and self.found < MAX_URLS:
            sitemap = await self.look(waiting.popleft())
            self._await(sitemap.sitemaps, waiting)
            self.found += len(sitemap.pages)
            if sitemap.pages:
                yield sitemap.pages

    async def look(self, url: Url) -> Sitemap:
        """Return the content of one file.

        It is empty if robots.txt forbids the file or the limit of files is reached.
        """
        return await self.read(await self.fetch(url), url)

    async def fetch(self, url: Url) -> bytes:
        """Return the decompressed body of one file, or an empty body if the file is missing or forbidden."""
        if self._left <= 0 or not self._robots.allows(url):
            return b""
        self._left -= 1
        try:
            response = await follow(self._getter, url, accept=_ACCEPT, limit=MAX_BYTES)
        except Failure as failure:
            _log.info("sitemap %s skipped: %s", url, failure)
            return b""
        return response.body if response.status == 200 else b""

    async def read(self, body: bytes, url: Url) -> Sitemap:
        """Return the content of a body. It is empty if the limit of bytes is reached."""
        if not body or self._bytes <= 0:
            return Sitemap()
        ended = Event()
        try:
            # In a thread, because reading a large file would delay the pages.
            sitemap = await in_time_aside(lambda: parse_sitemap(body, url, ended), url)
        except Failure as failure:
            _log.warning("sitemap %s skipped: %s", url, failure)
            sitemap = Sitemap(is_complete=False, size=len(body))
        finally:
            # A thread cannot be cancelled, so an event tells it that the crawl reached its timeout.
            ended.set()
        self._bytes -= sitemap.size
        if not sitemap.is_complete:
            self._partial.append(url)
        return sitemap

    def _await(self, files: Iterable[Url], waiting: deque[Url]) -> None:
        for url in files:
            if url not in self._seen:
                self._seen.add(url)
                waiting.append(url)


def parse_sitemap(body: bytes, url: Url, ended: Event | None = None) -> Sitemap:
    """Read a sitemap file.

    Entity declarations end the reading, because sitemaps do not need them.

    Args:
        body: XML, or one URL per line.
        url: URL of the file.
        ended: Set by another thread when the result is no longer needed.

    Returns:
        The content before the first error that cannot be repaired, or before a limit.
    """
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<")):
        return _Reader(url, ended or Event()).read(body)
    # Read line by line, because a list of millions of short lines takes much more memory than the file.
    lines = islice(io.TextIOWrapper(io.BytesIO(body), "utf-8", errors="replace"), MAX_URLS)
    links = (join(url, line) for line in lines if line.lstrip().startswith(("http://", "https://")))
    return Sitemap(pages=[Entry(link, 0.5) for link in links if link], size=len(body))


class _Reader:
    """Reads the relevant elements of an XML sitemap."""

    def __init__(self, url: Url, ended: Event) -> None:
        self._url = url
        self._ended = ended
        self._found = Sitemap()
        self._steps = 0
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
        except _Stop:
            pass
        except (_TooMuch, expat.ExpatError, ValueError, LookupError) as reason:
            self._found.is_complete = self._root not in _ROOTS
            _log.warning("sitemap %s read in part: %s", self._url, reason)
        self._found.size = max(len(body), self._steps * _BYTES_OF_STEP)
        return self._found

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

    def _step(self, count: int = 1) -> None:
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
        if "/sitemap-image/" in name or "/sitemap-video/" in name:
            # They contain elements with the same names.
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
            if self._length > _LONGEST_TEXT:
                self._text = None
            else:
                self._text.append(data)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if "/sitemap-image/" in name or "/sitemap-video/" in name:
            return
        text = "".join(self._text or []).strip()
        match name.rpartition(" ")[2]:
            case "loc" | "link" if text:
                self._link = self._link or join(self._url, text)
            case "priority":
                self._priority = _priority(text)
            case "url" | "item" | "entry" if self._link:
                self._found.pages.append(Entry(self._link, self._priority))
            case "sitemap" if self._link:
                self._found.sitemaps.append(self._link)
        self._text = None
        if len(self._found.pages) >= MAX_URLS or len(self._found.sitemaps) >= MAX_SITEMAPS:
            raise _Stop

    def _entity(self, *_: object) -> None:
        raise _Stop


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
    text = html.unescape(f"&{name.decode()};") if name else ""
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
