"""Cookies that a site sets while it redirects (RFC 6265), kept in memory for one crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    import yarl

_MOST = 50
"""Cookies that are kept; a site that sets more is not a cookie wall."""
_LONGEST = 4096
"""Characters of a name and its value together."""


class RedirectCookies:
    """The cookies of one crawl. Only redirects set them: cookie walls and sign-in bounces do not work otherwise.

    Cookies of pages are ignored, so that pages stay those that every visitor gets.
    """

    def __init__(self) -> None:
        # The sites of a local system have IP addresses for names.
        self._jar = aiohttp.CookieJar(unsafe=True)

    def __bool__(self) -> bool:
        """Whether the site has set a cookie."""
        return len(self._jar) > 0

    def take(self, answer: aiohttp.ClientResponse, url: yarl.URL) -> None:
        """Keep the cookies of a redirect from `url`."""
        for name, morsel in answer.cookies.items():
            if len(self._jar) < _MOST and len(name) + len(morsel.value) <= _LONGEST:
                self._jar.update_cookies({name: morsel}, url)

    def header(self, url: yarl.URL) -> dict[str, str]:
        """Return the Cookie header of a request, or no header."""
        if not self:
            return {}
        text = "; ".join(
            f"{name}={morsel.coded_value}" for name, morsel in self._jar.filter_cookies(url).items()
        )
        return {"Cookie": text} if text else {}
