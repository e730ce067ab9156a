"""Limit the requests that pages send, most of all to other hosts than the crawled site.

A hostile page must not be able to use the crawler to attack somebody else. The limits are far above the needs of
ordinary pages. A refused request fails, and the page is still rendered.
"""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.urls import DEFAULT_PORTS, MAX_LENGTH, BadUrl, Url, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.fetch.robots import Robots

MOST_OF_A_PAGE = 200
MOST_OF_A_PAGE_TO_A_HOST = 100
"""Requests of one page to all other hosts, and to one of them."""

MOST_TO_A_HOST = 20_000
BURST, RATE = 150, 10.0
"""Requests of a crawl to one other host: in total, at once, and per second after that."""

BURST_OF_ALL, RATE_OF_ALL = 600, 50.0
"""Requests of a crawl to all other hosts: at once, and per second after that. One server can have many names."""

MOST_TO_THE_SITE = 1000
"""Requests of one page to its own host."""

MOST_ATTEMPTS = 5000
"""Requests of one page, including refused ones, after which it fails."""

# Below these names, registries register those of different owners: com, co.uk. The names of platforms are not known.
_REGISTRY = re.compile(r"[^.]+|(?:ac|co|com|edu|go|gob|gouv|gov|ltd|mil|ne|net|nom|or|org|plc|sch)\.[a-z]{2}")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Allowance:
    """A number of requests that grows by `rate` per second up to `burst`, and the greatest number in total."""

    def __init__(self, burst: float, rate: float, total: float, now: float) -> None:
        self._burst, self._rate, self._total = burst, rate, total
        self._ready = burst
        self._grown_at = now

    def has_one(self, now: float) -> bool:
        """Return whether a request is left."""
        self._ready = min(self._burst, self._ready + (now - self._grown_at) * self._rate)
        self._grown_at = now
        return self._ready >= 1 and self._total >= 1

    def add(self, requests: int) -> None:
        """Add to the requests that are left."""
        self._ready += requests
        self._total += requests


class OtherHosts:
    """Counts the requests, or the connections, of one crawl to other hosts.

    Args:
        clock: Returns the time in seconds. Only tests replace it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = _Allowance(BURST_OF_ALL, RATE_OF_ALL, math.inf, clock())
        self._hosts: dict[str, _Allowance] = {}

    def take(self, host: str) -> bool:
        """Count a request to another host, and return whether it may be sent."""
        now = self._clock()
        one = self._hosts.get(host)
        if one is None:
            one = self._hosts[host] = _Allowance(BURST, RATE, MOST_TO_A_HOST, now)
        if not (one.has_one(now) and self._all.has_one(now)):
            return False
        one.add(-1)
        self._all.add(-1)
        return True

    def give_back(self, host: str) -> None:
        """Do not count a request that was counted."""
        self._hosts[host].add(1)
        self._all.add(1)


class PageRequests:
    """Decides which requests of one page may be sent.

    Args:
        page: URL of the page.
        robots: Rules of the robots.txt of its site.
        others: Requests of the crawl to other hosts.
    """

    def __init__(self, page: Url, robots: Robots, others: OtherHosts) -> None:
        self._page = page
        self._robots = robots
        self._others = others
        self._attempts = 0
        self._to_site = 0
        self._to_others: dict[str, str] = {}

    def may_send(self, request: str, address: str, method: str) -> bool:
        """Count a request, and return whether it may be sent.

        `request` is its ID; the hops of a redirect have the same one.
        Raises: Failure if the page sends far too many requests.
        """
        if request in self._to_others:
            # An earlier hop of a redirect keeps its place.
            self._to_others[f"{request} {len(self._to_others)}"] = self._to_others.pop(request)
        self._attempts += 1
        if self._attempts > MOST_ATTEMPTS:
            raise Failure(
                Code.PAGE_TOO_LARGE, f"The scripts of {self._page} send more than {MOST_ATTEMPTS} requests."
            )
        # The query can be longer than that of a page's URL, and is then not needed to decide.
        is_long = len(address) > MAX_LENGTH
        try:
            url = parse(address.partition("?")[0] if is_long else address)
        except BadUrl:
            return False
        if site_of(url) == site_of(self._page):
            self._to_site += 1
            return self._to_site <= MOST_TO_THE_SITE and self._robots_allow(url, is_long=is_long)
        return (method in _SAFE or self._is_below(url)) and self._may_leave(request, url.host)

    def was_sent(self, request: str, address: str) -> None:
        """Count a request that Chromium sent without asking.

        Raises: Failure if `may_send` would have refused it because there are too many.
        """
        try:
            url = parse(address.partition("?")[0])
        except BadUrl:
            return
        if site_of(url) == site_of(self._page):
            self._to_site += 1
            allowed = self._to_site <= MOST_TO_THE_SITE
        else:
            allowed = self._may_leave(f"{request} {len(self._to_others)}", url.host)
        if not allowed:
            raise Failure(
                Code.PAGE_TOO_LARGE, f"{self._page} makes the browser send too many requests to {url.host}."
            )

    def was_cached(self, request: str) -> None:
        """Do not count a request that was answered from the cache of the browser."""
        host = self._to_others.pop(request, None)
        if host is not None:
            self._others.give_back(host)

    def _robots_allow(self, url: Url, *, is_long: bool) -> bool:
        if url.origin != self._page.origin or not self._robots.has_rules:
            return True
        return not is_long and self._robots.allows(url)

    def _may_leave(self, request: str, host: str) -> bool:
        sent = [*self._to_others.values()]
        if len(sent) >= MOST_OF_A_PAGE or sent.count(host) >= MOST_OF_A_PAGE_TO_A_HOST:
            return False
        if not self._others.take(host):
            return False
        self._to_others[request] = host
        return True

    def _is_below(self, url: Url) -> bool:
        """Return whether a host is a subdomain of the page's host, such as the host of the site's API."""
        (host, port), (own, own_port) = site_of(url), site_of(self._page)
        return host.endswith(f".{own}") and port == own_port


def site_of(url: Url) -> tuple[str, int]:
    """Return host and port of a site. www and apex, http and https are one site."""
    apex = url.host.removeprefix("www.")
    host = url.host if _REGISTRY.fullmatch(apex) else apex
    return host, 0 if url.port in DEFAULT_PORTS.values() else url.port
