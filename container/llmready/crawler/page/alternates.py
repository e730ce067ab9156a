"""Find Markdown that a site itself serves for its pages, because it is better than converted HTML.

The first way that works is used for the following pages:

- The page links to it: `<link rel="alternate" type="text/markdown">`.
- The site sends it for `Accept: text/markdown`. The response of the start page shows this.
- It is a file beside the page (`page.md`), as llmstxt.org proposes. This is tried for the first pages.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from llmready.crawler.failures import Failure
from llmready.crawler.fetch.response import ACCEPT_MARKDOWN
from llmready.crawler.page.media import Media, is_page, media_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.fetch.response import Response
    from llmready.crawler.fetch.site_client import SiteClient
    from llmready.crawler.urls import Url

SECONDS_FOR_A_TRY = 5.0
PAGES_TRIED = 2
"""Pages for which files beside the page are tried."""

MOST_MISSES = 5
"""Pages in a row without Markdown after which a way is given up."""

_PAGE_EXTENSION = re.compile(r"\.x?html?$", re.IGNORECASE)


def _appended(path: str) -> str | None:
    return f"{path}index.html.md" if path.endswith("/") else f"{path}.md"


def _replaced(path: str) -> str | None:
    if path.endswith("/"):
        return f"{path}index.md"
    return _PAGE_EXTENSION.sub(".md", path) if _PAGE_EXTENSION.search(path) else None


def _sibling(path: str) -> str | None:
    return f"{path[:-1]}.md" if path.endswith("/") and path != "/" else None


_PLACES: tuple[Callable[[str], str | None], ...] = (_appended, _replaced, _sibling)


def is_beside(page: Url, file: Url) -> bool:
    """Return whether the name of a file shows that it is the Markdown of this page."""
    return file == page._replace(path=file.path) and any(place(page.path) == file.path for place in _PLACES)


class MarkdownAlternates:
    """Finds the Markdown alternates of one site's pages, and records which way works.

    Args:
        client: Fetches URLs.
        admit: Returns a URL in the form that the site prefers, or None if it may not be fetched.
        negotiates: Whether the site sent the start page as Markdown on request.
    """

    def __init__(self, client: SiteClient, admit: Callable[[Url], Url | None], *, negotiates: bool) -> None:
        self._client = client
        self._admit = admit
        self._named = MOST_MISSES
        self._negotiated = MOST_MISSES if negotiates else 0
        self._misses_left = [0] * len(_PLACES)
        self._tries = 0 if negotiates else PAGES_TRIED
        self._trying = asyncio.Lock()

    async def find(self, url: Url, named: Url | None) -> Response | None:
        """Return the Markdown alternate of a page, or None. Wait while large pages need the memory.

        Args:
            url: URL of the page.
            named: The alternate that the page names, or None.
        """
        try:
            return await self._client.alternate(self._find, url, named)
        except TimeoutError:
            return None

    async def _find(self, url: Url, named: Url | None) -> Response | None:
        if named is not None and self._named > 0:
            response = await self._get(named)
            self._named = MOST_MISSES if response else self._named - 1
            if response:
                return response
        if self._negotiated > 0:
            response = await self._get(url)
            self._negotiated = MOST_MISSES if response else self._negotiated - 1
            return response
        if self._tries:
            # Other pages wait until the first pages have shown which file names work.
            async with self._trying:
                if self._tries:
                    return await self._try(url)
        return await self._beside(url)

    async def _try(self, url: Url) -> Response | None:
        self._misses_left = [1] * len(_PLACES)
        try:
            async with asyncio.timeout(SECONDS_FOR_A_TRY):
                response = await self._beside(url)
        except TimeoutError:
            response = None
        if response is None:
            self._misses_left = [0] * len(_PLACES)
        self._tries = self._tries - 1 if response is None else 0
        return response

    async def _beside(self, url: Url) -> Response | None:
        for number, place in enumerate(_PLACES):
            path = place(url.path) if self._misses_left[number] > 0 and not url.query else None
            if path is None or path == url.path:
                continue
            response = await self._get(url._replace(path=path))
            self._misses_left[number] = MOST_MISSES if response else self._misses_left[number] - 1
            if response:
                return response
        return None

    async def _get(self, url: Url) -> Response | None:
        own = self._admit(url)
        if own is None:
            return None
        try:
            response = await self._client.get(own, accept=ACCEPT_MARKDOWN, wants_body=_may_be_markdown)
        except Failure:
            return None
        is_markdown = (
            response.status == 200 and response.body.strip() and media_of(response) is Media.MARKDOWN
        )
        # An error page that is sent with status 200 is HTML.
        return response if is_markdown and not response.body.lstrip().startswith(b"<") else None


def _may_be_markdown(response: Response) -> bool:
    return is_page(response) and response.content_type not in ("text/html", "application/xhtml+xml")
