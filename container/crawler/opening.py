"""Opening a site: its robots.txt, its start page, and the form of its address that it prefers."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.failures import Code, Failure
from crawler.fetch.fetcher import MAX_REDIRECTS, Fetcher, Response, too_many_redirects
from crawler.fetch.robots import Robots, read_robots
from crawler.frontier.site import same_registrable
from crawler.frontier.urls import Url

_HTML = frozenset({"text/html", "application/xhtml+xml", ""})


@dataclass(frozen=True, slots=True)
class OpenedSite:
    """Where a site really lives.

    Its start page's URL after redirects, the rules there, and the start page's answer or why there is none.
    """

    start: Url
    robots: Robots
    answer: Response | Failure


def is_html(response: Response) -> bool:
    """Say whether an answer claims to be a page."""
    return response.content_type in _HTML


def looks_like_html(response: Response) -> bool:
    """Say whether an answer that was read is a page, where its headers leave that open."""
    return bool(response.content_type) or b"<" in response.body[:1024]


async def open_site(fetcher: Fetcher, start: Url) -> OpenedSite:
    """Find the site behind a URL.

    Redirects under the same registered name are followed (http to https, apex to www) and the last one is
    the site; robots.txt is read and obeyed at each origin on the way.
    Raises: Failure (redirects_elsewhere, robots_unreachable, and all that keeps us from connecting).
    """
    url = start
    robots: dict[str, Robots] = {}
    for _ in range(MAX_REDIRECTS + 1):
        if url.origin not in robots:
            robots[url.origin] = await read_robots(fetcher, url)
        rules = robots[url.origin]
        if not rules.allows(url):
            return OpenedSite(url, rules, _disallowed(url))
        try:
            response = await fetcher.get(url, wants_body=is_html)
            target = response.redirect
            if target is None:
                response.raise_for_status()
                return OpenedSite(url, rules, response)
        except Failure as failure:
            if failure.code == Code.BLOCKED_ADDRESS:
                raise
            return OpenedSite(url, rules, failure)
        if not same_registrable(start, target):
            raise Failure(
                Code.REDIRECTS_ELSEWHERE, f"{start} redirects to {target}; start the crawl there instead."
            )
        url = target
    raise too_many_redirects(start)


def _disallowed(url: Url) -> Failure:
    return Failure(Code.ROBOTS_DISALLOWED, f"The robots.txt of {url.host} does not allow us to fetch {url}.")
