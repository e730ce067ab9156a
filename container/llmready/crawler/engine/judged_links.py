"""Check links against robots.txt and the patterns of the crawl, without delaying other tasks."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from llmready.crawler.engine.known_urls import KnownUrls

if TYPE_CHECKING:
    from llmready.crawler.engine.frontier import Frontier
    from llmready.crawler.engine.scope import Scope
    from llmready.crawler.urls import Url

SECONDS_WITHOUT_PAUSE = 0.05
"""Seconds for which links may be checked before other tasks run."""


class JudgedLinks:
    """Checks links that lead into the scope of the crawl. Links that robots.txt forbids are remembered."""

    def __init__(self, scope: Scope, frontier: Frontier) -> None:
        self._scope = scope
        self._frontier = frontier
        self._forbidden = KnownUrls()
        self._paused = monotonic()

    async def judge(self, urls: list[Url]) -> tuple[list[Url], set[Url]]:
        """Return the URLs that robots.txt allows, and those that patterns exclude. Other tasks run between."""
        allowed: list[Url] = []
        unwanted: set[Url] = set()
        for url in urls:
            # Hostile patterns and a hostile robots.txt make each check slow.
            if monotonic() - self._paused > SECONDS_WITHOUT_PAUSE:
                await asyncio.sleep(0)
                self._paused = monotonic()
            if self._frontier.known(url):
                allowed.append(url)
            elif not self._scope.wants(url):
                allowed.append(url)
                unwanted.add(url)
            elif url.target not in self._forbidden:
                if self._scope.robots.allows(url):
                    allowed.append(url)
                elif not self._forbidden.is_full:
                    self._forbidden.add(url.target)
        return allowed, unwanted
