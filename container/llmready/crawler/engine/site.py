"""Opening a site: its robots.txt, its start page, and the form of its address that it prefers."""

from __future__ import annotations

from dataclasses import dataclass

from llmready.crawler.engine.scope import same_registrable
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.client import (
    ACCEPT_MARKDOWN,
    MAX_REDIRECTS,
    Getter,
    Response,
    too_many_redirects,
)
from llmready.crawler.fetch.robots import Robots, read_robots
from llmready.crawler.fetch.site_client import BUSY
from llmready.crawler.page.media import is_markdown, is_page
from llmready.crawler.urls import Url

MOST_WAITS = 2
"""Times that a start page may ask us to come back later."""


@dataclass(frozen=True, slots=True)
class OpenedSite:
    """Where a site really lives.

    Its start page's URL after redirects, the rules there, the start page's answer or why there is none, and
    whether the site has Markdown for those who prefer it.
    """

    start: Url
    robots: Robots
    answer: Response | Failure
    negotiates: bool = False


async def open_site(getter: Getter, start: Url) -> OpenedSite:
    """Find the site behind a URL.

    Redirects under the same registered name are followed (http to https, apex to www) and the last one is
    the site; robots.txt is read and obeyed at each origin on the way.
    Raises: Failure (redirects_elsewhere, robots_unreachable, and all that keeps us from connecting).
    """
    url = start
    robots: dict[str, Robots] = {}
    for _ in range(MAX_REDIRECTS + 1):
        if url.origin not in robots:
            robots[url.origin] = await read_robots(getter, url)
        rules = robots[url.origin]
        if not rules.allows(url):
            return OpenedSite(url, rules, _disallowed(url))
        try:
            response = await _ask(getter, url)
            target = response.redirect
            if target is None:
                response.raise_for_status()
                return await _opened(getter, url, rules, response)
        except Failure as failure:
            if failure.code in (Code.BLOCKED_ADDRESS, Code.HOST_BLOCKED):
                raise
            return OpenedSite(url, rules, failure)
        if not same_registrable(start, target):
            raise Failure(
                Code.REDIRECTS_ELSEWHERE, f"{start} redirects to {target}; start the crawl there instead."
            )
        url = target
    raise too_many_redirects(start)


async def _opened(getter: Getter, url: Url, rules: Robots, response: Response) -> OpenedSite:
    """Ask for the HTML, too, of a start page that comes as Markdown: it has the links that lead through the site."""
    if not is_markdown(response):
        return OpenedSite(url, rules, response)
    page = await getter.get(url, wants_body=is_page)
    negotiates = page.status == 200 and not is_markdown(page)
    return OpenedSite(url, rules, page if negotiates else response, negotiates=negotiates)


async def _ask(getter: Getter, url: Url) -> Response:
    for _ in range(MOST_WAITS):
        response = await getter.get(url, accept=ACCEPT_MARKDOWN, wants_body=is_page)
        if response.status not in BUSY or response.retry_after is None:
            return response
    return await getter.get(url, accept=ACCEPT_MARKDOWN, wants_body=is_page)


def _disallowed(url: Url) -> Failure:
    return Failure(Code.ROBOTS_DISALLOWED, f"The robots.txt of {url.host} does not allow us to fetch {url}.")
