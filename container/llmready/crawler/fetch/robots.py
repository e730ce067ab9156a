"""Read robots.txt by the rules of RFC 9309."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from protego import Protego

from llmready.crawler.deadline import in_time
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.redirects import follow
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from llmready.crawler.fetch.client import Getter

PRODUCT_TOKEN = "LLMReadyBot"  # noqa: S105 - the name of this crawler in a robots.txt
MAX_BYTES = 500 * 1024
MAX_SITEMAPS = 50
_DAY = 86_400.0
LONGEST_DELAY = 10.0
"""Seconds. With a longer Crawl-delay, a crawl of a few pages would take hours."""

# RFC 9309 compares product tokens, which have no slash, so "LLMReadyBot/1.0" names this crawler, too.
_VERSION = re.compile(r"^([ \t]*user-agent[ \t]*:[ \t]*[A-Za-z_-]+)/[^\s#]*", re.IGNORECASE | re.MULTILINE)
_UNREACHABLE = frozenset({Code.TIMEOUT, Code.SERVER_ERROR, Code.RATE_LIMITED, Code.TOO_MANY_REDIRECTS})


class Robots:
    """The rules of one origin. `text` is its robots.txt, or empty if it has none."""

    def __init__(self, origin: Url, text: str = "") -> None:
        self._rules = Protego.parse(_VERSION.sub(r"\1", text))
        self._empty = not text.strip()
        self._origin = origin

    def allows(self, url: Url) -> bool:
        """Return whether a URL may be fetched."""
        return self._empty or self._rules.can_fetch(str(url), PRODUCT_TOKEN)

    @property
    def has_rules(self) -> bool:
        """Whether the file has any rules."""
        return not self._empty

    @property
    def wanted_delay(self) -> float:
        """The Crawl-delay of the file in seconds, at most a day; 0 without one."""
        delay = float(self._rules.crawl_delay(PRODUCT_TOKEN) or 0)
        return min(delay, _DAY) if delay > 0 else 0.0  # also for a value that is not a number

    @property
    def delay(self) -> float:
        """The delay between two requests in seconds: the Crawl-delay, at most ten."""
        return min(self.wanted_delay, LONGEST_DELAY)

    @property
    def sitemaps(self) -> list[Url]:
        """The sitemaps that the file lists, in its order."""
        found = (join(self._origin, line) for line in self._rules.sitemaps)
        return list(dict.fromkeys(url for url in found if url))[:MAX_SITEMAPS]


async def read_robots(getter: Getter, site: Url) -> Robots:
    """Fetch and read the robots.txt of a URL's origin.

    RFC 9309 applies. Up to 20 redirects are followed, and the first 500 KiB are read. A status of 4xx
    allows everything. A status of 5xx, or no response, allows nothing.
    Raises: Failure (robots_unreachable, page_too_slow, or any failure to connect).
    """
    url = site._replace(path="/robots.txt", query="")
    try:
        response = await follow(getter, url, accept="text/plain,*/*;q=0.1", limit=MAX_BYTES, cut=True)
    except Failure as failure:
        if failure.code in _UNREACHABLE:
            raise _unreachable(url, failure.detail) from failure
        raise
    if response.status == 429 or response.status >= 500:
        raise _unreachable(url, f"It answers {response.status}.")
    if response.status != 200:
        return Robots(site)
    return in_time(lambda: Robots(site, response.body.decode("utf-8-sig", errors="replace")), url)


def _unreachable(url: Url, reason: str) -> Failure:
    return Failure(Code.ROBOTS_UNREACHABLE, f"{url} cannot be read, so nothing may be crawled. {reason}")
