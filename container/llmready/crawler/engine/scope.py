"""Decide which URLs belong to the crawled site, and which of them may be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.urls import DEFAULT_PORTS, Url

if TYPE_CHECKING:
    from llmready.crawler.fetch.robots import Robots
    from llmready.patterns import Patterns


class Scope:
    """The URLs of one crawl.

    Args:
        start: The start page in the form that the site prefers.
        robots: Rules of the site's robots.txt.
        patterns: Include and exclude patterns.
    """

    def __init__(self, start: Url, robots: Robots, patterns: Patterns) -> None:
        self.start = start
        self.robots = robots
        self._patterns = patterns

    def own(self, url: Url) -> Url | None:
        """Return a URL in the site's preferred form, or None if it belongs to another site (see `adopt`)."""
        return adopt(self.start, url)

    def admit(self, url: Url) -> Url | None:
        """Return a URL in the site's preferred form, or None if it may not be fetched."""
        own = self.own(url)
        return own if own is not None and self.robots.allows(own) else None

    def wants(self, url: Url) -> bool:
        """Return whether the patterns include the page."""
        return self._patterns.wants(url.target)


def same_registrable(one: Url, other: Url) -> bool:
    """Return whether two URLs have the same registered name. A redirect between such URLs stays on the site.

    http and https, apex and www, and a name and its subdomains count as one. Two sibling subdomains do not, because
    only the public suffix list shows whether they have one owner.
    """
    if not _same_port(one, other):
        return False
    first, second = _without_www(one.host), _without_www(other.host)
    if first == second:
        return True
    if one.literal is not None or other.literal is not None:
        return False
    shorter, longer = sorted((first, second), key=len)
    return "." in shorter and longer.endswith(f".{shorter}")


def adopt(site: Url, url: Url) -> Url | None:
    """Return a URL in the site's preferred form, or None if it belongs to another site.

    www and apex, http and https are one site.

    Args:
        site: Any URL of the site in the form that the site prefers.
        url: The URL of a link.
    """
    if url.host == site.host and url.port == site.port and url.scheme == site.scheme:
        return url
    if _without_www(url.host) == _without_www(site.host) and _same_port(site, url):
        return url._replace(scheme=site.scheme, host=site.host, port=site.port)
    return None


def _without_www(host: str) -> str:
    return host.removeprefix("www.")


def _same_port(one: Url, other: Url) -> bool:
    defaults = DEFAULT_PORTS.values()
    return one.port == other.port or (one.port in defaults and other.port in defaults)
