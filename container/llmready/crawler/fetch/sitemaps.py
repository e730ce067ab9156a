"""Sitemaps (sitemaps.org) of a site: which files are read, in which order, and within which limits."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from threading import Event
from typing import TYPE_CHECKING

from llmready.crawler.deadline import in_time_aside
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.redirects import follow
from llmready.crawler.fetch.sitemap_file import MAX_URLS, Entry, Sitemap, parse_sitemap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from llmready.crawler.fetch.client import Getter
    from llmready.crawler.fetch.robots import Robots
    from llmready.crawler.urls import Url

MAX_FILES = 50
MAX_BYTES = 10_000_000
MAX_FEEDS = 5
MAX_TOTAL_BYTES = 50_000_000
"""Unpacked bytes of all sitemaps of a site that are read."""

_ACCEPT = "application/xml,text/xml,application/rss+xml,application/atom+xml,text/plain;q=0.5,*/*;q=0.1"
_WELL_KNOWN = ("/sitemap_index.xml", "/sitemap.txt", "/sitemap.xml.gz", "/wp-sitemap.xml")

_log = logging.getLogger(__name__)


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
