"""Follow redirects for robots.txt and sitemaps. The scheduler follows redirects of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from llmready.crawler.fetch.client import Getter
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.urls import Url

MAX_REDIRECTS = 20
"""Redirects in a row that are followed, as many as browsers follow (Fetch standard, HTTP-redirect fetch)."""


async def follow(getter: Getter, url: Url, *, accept: str, limit: int, cut: bool = False) -> Response:
    """Fetch a URL and follow its redirects. The address guard checks each redirect.

    Args:
        getter: Fetches URLs.
        url: First URL.
        accept: The header Accept.
        limit: Greatest number of decoded bytes.
        cut: Cut a longer body at the limit instead of refusing it.

    Raises:
        Failure: There is no usable response, or more than MAX_REDIRECTS (too_many_redirects).
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = await getter.get(url, accept=accept, limit=limit, cut=cut)
        if response.redirect is None:
            return response
        url = response.redirect
    raise too_many_redirects(url)


def too_many_redirects(url: Url) -> Failure:
    """Return the failure of a URL with more redirects in a row than are followed."""
    return Failure(
        Code.TOO_MANY_REDIRECTS, f"{url.origin} redirects more than {MAX_REDIRECTS} times in a row."
    )
