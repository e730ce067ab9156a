"""Sitemaps (sitemaps.org): indexes, gzip, plain text; read without trusting a byte of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from crawler.failures import Failure
from crawler.fetch.bodies import decompress_gzip
from crawler.frontier.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawler.fetch.fetcher import Fetcher
    from crawler.fetch.robots import Robots

MAX_FILES = 50
MAX_URLS = 50_000
MAX_BYTES = 10_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that a sitemap names, and how much it matters there (0 to 1)."""

    url: Url
    priority: float


@dataclass(slots=True)
class Sitemap:
    """What one file holds: pages, and further sitemaps when it is an index."""

    pages: list[Entry] = field(default_factory=list)
    sitemaps: list[Url] = field(default_factory=list)


async def read_sitemaps(fetcher: Fetcher, robots: Robots, site: Url) -> AsyncIterator[list[Entry]]:
    """Walk through the sitemaps that robots.txt names and /sitemap.xml; yields the pages of each file.

    A sitemap that is missing, broken or too large is passed over: links still lead to the pages.
    """
    waiting = [*robots.sitemaps, site._replace(path="/sitemap.xml", query="")]
    seen = set(waiting)
    found = 0
    for _ in range(MAX_FILES):
        if not waiting or found >= MAX_URLS:
            return
        url = waiting.pop(0)
        if not robots.allows(url):
            continue
        sitemap = await _read(fetcher, url)
        fresh = [one for one in dict.fromkeys(sitemap.sitemaps) if one not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
        found += len(sitemap.pages)
        if sitemap.pages:
            yield sitemap.pages


async def _read(fetcher: Fetcher, url: Url) -> Sitemap:
    try:
        response = await fetcher.follow(
            url, accept="application/xml,text/xml,text/plain;q=0.5,*/*;q=0.1", limit=MAX_BYTES
        )
        if response.status != 200:
            return Sitemap()
        body = response.body
        if body.startswith(b"\x1f\x8b"):
            body = decompress_gzip(body, MAX_BYTES)
        return parse_sitemap(body, url)
    except Failure as failure:
        _log.info("sitemap %s passed over: %s", url, failure)
        return Sitemap()


def parse_sitemap(body: bytes, url: Url) -> Sitemap:
    """Read a sitemap file.

    Parameters: `body`, XML or one URL a line; `url`, where it lies. Returns what could be read before the
    first mistake. Entity declarations end the reading: nothing in a sitemap needs them.
    """
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return _Reader(url).read(body)
    lines = body[:MAX_BYTES].decode("utf-8", errors="replace").splitlines()[:MAX_URLS]
    links = (join(url, line) for line in lines if line.strip().startswith(("http://", "https://")))
    return Sitemap(pages=[Entry(link, 0.5) for link in links if link])


class _Reader:
    """Reads the elements that matter out of an XML sitemap."""

    def __init__(self, url: Url) -> None:
        self._url = url
        self._found = Sitemap()
        self._text: list[str] | None = None
        self._link: Url | None = None
        self._priority = 0.5

    def read(self, body: bytes) -> Sitemap:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(body.lstrip(b"\xef\xbb\xbf \t\r\n"), True)  # noqa: FBT003 - expat's own signature
        except (expat.ExpatError, _Stop, ValueError, LookupError) as error:
            _log.info("sitemap %s read in part: %s", self._url, error)
        return self._found

    def _start(self, name: str, _: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "url" | "sitemap":
                self._link, self._priority = None, 0.5
            case "loc" | "priority":
                self._text = []

    def _characters(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _end(self, name: str) -> None:
        text = "".join(self._text or []).strip()
        match name.rpartition(" ")[2]:
            case "loc":
                # Image and video extensions have elements of the same name; the page's own comes first.
                self._link = self._link or join(self._url, text)
            case "priority":
                self._priority = _priority(text)
            case "url" if self._link:
                self._found.pages.append(Entry(self._link, self._priority))
            case "sitemap" if self._link:
                self._found.sitemaps.append(self._link)
        self._text = None
        if len(self._found.pages) >= MAX_URLS:
            raise _Stop

    def _entity(self, *_: object) -> None:
        raise _Stop


class _Stop(Exception):
    """Enough was read."""


def _priority(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.5
    return min(max(value, 0.0), 1.0) if value == value else 0.5  # noqa: PLR0124 - NaN alone differs from itself
