"""Cookies that a site sets while it redirects (RFC 6265), kept in memory for one crawl."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.urls import Url

_MOST = 50
"""Greatest number of cookies; a cookie wall needs fewer."""
_LONGEST = 4096
"""Characters of a name and its value together."""
_LONGEST_HEADER = 6000
"""Characters of all cookies of a request, because many servers refuse a header of 8 kB."""


@dataclass(frozen=True, slots=True)
class _Cookie:
    """A cookie.

    `is_host_only`: whether it is not sent to subdomains of its domain. `source`: host and path of the URL
    that set it.
    """

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    source: str

    @property
    def pair(self) -> str:
        """The cookie as it is sent."""
        return f"{self.name}={self.value}" if self.name else self.value

    def is_for(self, url: Url) -> bool:
        """Return whether a request for a URL sends the cookie."""
        if url.host != self.domain and (self.is_host_only or not _is_below(url, self.domain)):
            return False
        if self.is_secure and url.scheme != "https":
            return False
        rest = url.path.removeprefix(self.path)
        return url.path.startswith(self.path) and (self.path.endswith("/") or rest[:1] in ("", "/"))


class RedirectCookies:
    """The cookies of one crawl. Only redirects set them, because cookie walls and sign-in redirects need them.

    A page that only leads to another one, for example by a meta refresh, is a redirect, too. Cookies of other pages
    are ignored, so that the crawler gets the same pages as every new visitor. Names and values are
    not interpreted, and they are sent back unchanged, as browsers do.
    """

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}
        self.changes = 0
        """How often a cookie was set or deleted."""

    def __bool__(self) -> bool:
        """Whether the site has set a cookie."""
        return bool(self._cookies)

    def take(self, headers: Iterable[str], url: Url) -> None:
        """Keep the cookies of a redirect from `url`. `headers` are its Set-Cookie headers."""
        for header in headers:
            cookie, is_expired = _read(header, url)
            if cookie is None:
                continue
            key = cookie.name, cookie.domain, cookie.path
            self.changes += 1
            if is_expired:
                self._cookies.pop(key, None)
            else:
                self._cookies[key] = cookie
                self._drop_one_too_many()

    def _drop_one_too_many(self) -> None:
        """Above the limit, drop the newest cookie of the URL that set the most, so that others keep theirs."""
        if len(self._cookies) <= _MOST:
            return
        numbers = Counter(cookie.source for cookie in self._cookies.values())
        del self._cookies[max(reversed(self._cookies), key=lambda key: numbers[self._cookies[key].source])]

    def header(self, url: Url) -> dict[str, str]:
        """Return the Cookie header of a request, or no header."""
        sent = [cookie for cookie in self._cookies.values() if cookie.is_for(url)]
        while sum(len(cookie.pair) + 2 for cookie in sent) > _LONGEST_HEADER:
            # The longest cookie of the URL that set the most characters, so that others keep theirs.
            lengths: Counter[str] = Counter()
            for cookie in sent:
                lengths[cookie.source] += len(cookie.pair)
            sent.remove(max(sent, key=lambda cookie: (lengths[cookie.source], len(cookie.pair))))
        # Cookies with longer paths come first, then older ones (RFC 6265, section 5.4).
        sent.sort(key=lambda cookie: -len(cookie.path))
        text = "; ".join(cookie.pair for cookie in sent)
        return {"Cookie": text} if text else {}


def _read(header: str, url: Url) -> tuple[_Cookie | None, bool]:
    """Return the cookie of a Set-Cookie header, or None if it is refused, and whether it has expired."""
    pair, *rest = header.split(";")
    name, mark, value = pair.partition("=")
    name, value = (name.strip(), value.strip()) if mark else ("", pair.strip())
    if not (name or value) or len(name) + len(value) > _LONGEST or not _is_safe(name + value):
        return None, False
    # The last one of equal attributes counts.
    attributes = {
        key.strip().lower(): stated.strip() for key, _, stated in (one.partition("=") for one in rest)
    }
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain not in ("", url.host) and not _is_below(url, domain):
        return None, False
    path = attributes.get("path", "")
    if not path.startswith("/"):
        path = url.path[: url.path.rfind("/")] or "/"
    cookie = _Cookie(
        name, value, domain or url.host, path, not domain, "secure" in attributes, url.host + url.path
    )
    return cookie, _has_expired(attributes)


def _is_safe(text: str) -> bool:
    """Return whether a text has no control characters, which could begin another header."""
    return not any(ord(sign) < 32 or ord(sign) == 127 for sign in text if sign != "\t")


def _is_below(url: Url, domain: str) -> bool:
    return url.host.endswith(f".{domain}") and "." in domain and url.literal is None


def _has_expired(attributes: dict[str, str]) -> bool:
    """Return whether Max-Age or, without it, Expires is over. A value that cannot be read does not count."""
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal() and age.isascii():
        return age.startswith("-") or not age.strip("0")
    try:
        return parsedate_to_datetime(attributes.get("expires", "")).timestamp() <= time.time()
    except (TypeError, ValueError, OverflowError, IndexError):
        return False
