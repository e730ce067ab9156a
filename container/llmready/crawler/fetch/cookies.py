"""Cookies that a site sets while it redirects (RFC 6265), kept in memory for one crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookies import Morsel

    import yarl

_MOST = 50
"""Greatest number of cookies; a cookie wall needs fewer."""
_LONGEST = 4096
"""Characters of a name and its value together."""


class RedirectCookies:
    """The cookies of one crawl. Only redirects set them, because cookie walls and sign-in redirects need them.

    Cookies of pages are ignored, so that the crawler gets the same pages as every new visitor.
    """

    def __init__(self) -> None:
        # The sites of a local system have IP addresses for names. Values are sent back unchanged, as browsers do.
        self._jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)

    def __bool__(self) -> bool:
        """Whether the site has set a cookie."""
        return len(self._jar) > 0

    def take(self, cookies: Mapping[str, Morsel[str]], url: yarl.URL) -> None:
        """Keep the cookies of a redirect from `url`."""
        for name, morsel in cookies.items():
            if len(self._jar) < _MOST and len(name) + len(morsel.value) <= _LONGEST:
                morsel.set(name, morsel.coded_value, morsel.coded_value)
                self._jar.update_cookies({name: morsel}, url)

    def header(self, url: yarl.URL) -> dict[str, str]:
        """Return the Cookie header of a request, or no header."""
        if not self:
            return {}
        text = "; ".join(f"{name}={morsel.value}" for name, morsel in self._jar.filter_cookies(url).items())
        return {"Cookie": text} if text else {}
