"""A site's own Markdown for its pages, which is better than what we could make of their HTML.

Three ways are known: the page names it (`<link rel="alternate" type="text/markdown">`), the site answers
`Accept: text/markdown` with it, which its start page shows, or it lies beside the page (`page.md`, as llmstxt.org
proposes), which is tried with the first pages. What worked there is used from then on.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from llmready.crawler.engine.scope import adopt
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.client import ACCEPT_MARKDOWN
from llmready.crawler.page.media import Media, is_page, media_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.engine.site import OpenedSite
    from llmready.crawler.fetch.client import Getter, Response
    from llmready.crawler.urls import Url

SECONDS_FOR_A_TRY = 5.0
PAGES_TRIED = 2
MOST_MISSES = 5
"""Pages in a row without Markdown after which a way counts as closed."""

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


class MarkdownForm:
    """Finds the Markdown form of a site's pages.

    Parameters: `getter`; `site`, opened.
    """

    def __init__(self, getter: Getter, site: OpenedSite) -> None:
        self._getter = getter
        self._site = site
        self._named = MOST_MISSES
        self._negotiated = MOST_MISSES if site.negotiates else 0
        self._placed = [0] * len(_PLACES)
        self._tries = 0 if site.negotiates else PAGES_TRIED
        self._trying = asyncio.Lock()

    async def of(self, url: Url, named: Url | None) -> Response | None:
        """Return the Markdown form of a page, or None.

        Parameters: `url` of the page; `named`, the form that the page itself names.
        """
        if named is not None and self._named > 0:
            answer = await self._get(named)
            self._named = MOST_MISSES if answer else self._named - 1
            if answer:
                return answer
        if self._negotiated > 0:
            answer = await self._get(url)
            self._negotiated = MOST_MISSES if answer else self._negotiated - 1
            return answer
        if self._tries:
            # The others wait for what the first pages teach.
            async with self._trying:
                if self._tries:
                    return await self._try(url)
        return await self._beside(url)

    async def _try(self, url: Url) -> Response | None:
        self._placed = [1] * len(_PLACES)
        try:
            async with asyncio.timeout(SECONDS_FOR_A_TRY):
                answer = await self._beside(url)
        except TimeoutError:
            answer = None
        if answer is None:
            self._placed = [0] * len(_PLACES)
        self._tries = self._tries - 1 if answer is None else 0
        return answer

    async def _beside(self, url: Url) -> Response | None:
        for number, place in enumerate(_PLACES):
            path = place(url.path) if self._placed[number] > 0 and not url.query else None
            if path is None or path == url.path:
                continue
            answer = await self._get(url._replace(path=path))
            self._placed[number] = MOST_MISSES if answer else self._placed[number] - 1
            if answer:
                return answer
        return None

    async def _get(self, url: Url) -> Response | None:
        own = adopt(self._site.start, url)
        if own is None or not self._site.robots.allows(own):
            return None
        try:
            answer = await self._getter.get(own, accept=ACCEPT_MARKDOWN, wants_body=_may_be_markdown)
        except Failure:
            return None
        good = answer.status == 200 and answer.body.strip() and media_of(answer) is Media.MARKDOWN
        # A page that says "not found" with status 200 says it in HTML.
        return answer if good and not answer.body.lstrip().startswith(b"<") else None


def _may_be_markdown(response: Response) -> bool:
    return is_page(response) and response.content_type not in ("text/html", "application/xhtml+xml")
