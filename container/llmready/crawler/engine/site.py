"""Open a site: follow redirects to the address that it prefers, read its robots.txt, fetch its start page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmready.crawler.engine.scope import same_registrable
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.redirects import MAX_REDIRECTS, too_many_redirects
from llmready.crawler.fetch.response import ACCEPT_MARKDOWN, BUSY, Response
from llmready.crawler.fetch.robots import Robots, read_robots
from llmready.crawler.page.media import is_markdown, is_page
from llmready.crawler.urls import DEFAULT_PORTS

if TYPE_CHECKING:
    from llmready.crawler.fetch.client import Getter
    from llmready.crawler.urls import Url

_NO_HTTPS = frozenset({Code.BAD_CERTIFICATE, Code.CONNECTION_FAILED, Code.TIMEOUT})
"""Failures over https after which http may still work."""

MOST_WAITS = 2
"""Times that the start page is requested again after an answer with Retry-After."""


@dataclass(frozen=True, slots=True)
class OpenedSite:
    """A site that was opened.

    Attributes:
        start: URL of the start page after redirects.
        robots: The rules of its origin.
        response: The response of the start page, or why there is none.
        negotiates: Whether the site serves Markdown to clients that prefer it.
        over_http: Whether http was used because https does not work.
    """

    start: Url
    robots: Robots
    response: Response | Failure
    negotiates: bool = False
    over_http: bool = False


async def open_site(getter: Getter, start: Url, *, try_http: bool = False) -> OpenedSite:
    """Open the site at a URL.

    Redirects under the same registered name are followed (http to https, apex to www), and the last target is the
    site. The robots.txt of each origin on the way is read and obeyed.

    Args:
        getter: Fetches URLs.
        start: URL of the start page.
        try_http: Use http if https does not work.

    Raises:
        Failure: The site cannot be reached, redirects elsewhere, or its robots.txt cannot be read.
    """
    if not try_http or start.scheme != "https":
        return await _open(getter, start, {})
    try:
        robots = {start.origin: await read_robots(getter, start)}
    except Failure as https_failure:
        cause = https_failure.__cause__
        if (cause.code if isinstance(cause, Failure) else https_failure.code) not in _NO_HTTPS:
            raise
        plain = _over_http(start)
        try:
            robots = {plain.origin: await read_robots(getter, plain)}
        except Failure:
            # Neither works; the failure over https is reported, because sites should support https.
            raise https_failure from None
        opened = await _open(getter, plain, robots)
        return replace(opened, over_http=opened.start.scheme == "http")
    return await _open(getter, start, robots)


async def _open(getter: Getter, start: Url, robots: dict[str, Robots]) -> OpenedSite:
    """Open the site at a URL. `robots` contains the rules of origins whose robots.txt was read already."""
    url = start
    for _ in range(MAX_REDIRECTS + 1):
        if url.origin not in robots:
            robots[url.origin] = await read_robots(getter, url)
        rules = robots[url.origin]
        if not rules.allows(url):
            return OpenedSite(url, rules, _disallowed(url))
        try:
            response = await _fetch_start(getter, url)
            target = response.redirect
            if target is None:
                response.raise_for_status()
                return await _with_html(getter, url, rules, response)
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


async def _with_html(getter: Getter, url: Url, rules: Robots, response: Response) -> OpenedSite:
    """If the start page is served as Markdown, also fetch its HTML, which has links to other pages."""
    if not is_markdown(response):
        return OpenedSite(url, rules, response)
    page = await getter.get(url, wants_body=is_page)
    negotiates = page.status == 200 and not is_markdown(page)
    return OpenedSite(url, rules, page if negotiates else response, negotiates=negotiates)


async def _fetch_start(getter: Getter, url: Url) -> Response:
    for _ in range(MOST_WAITS):
        response = await getter.get(url, accept=ACCEPT_MARKDOWN, wants_body=is_page)
        if response.status not in BUSY or response.retry_after is None:
            return response
    return await getter.get(url, accept=ACCEPT_MARKDOWN, wants_body=is_page)


def _over_http(url: Url) -> Url:
    """Return a URL with the scheme http. A port that is not the default port is kept."""
    port = DEFAULT_PORTS["http"] if url.port == DEFAULT_PORTS["https"] else url.port
    return url._replace(scheme="http", port=port)


def _disallowed(url: Url) -> Failure:
    return Failure(
        Code.ROBOTS_DISALLOWED, f"The robots.txt of {url.host} does not allow the crawler to fetch {url}."
    )
