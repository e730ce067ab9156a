"""A response to one request, and the headers that requests for pages send."""

from __future__ import annotations

import codecs
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTS = frozenset({301, 302, 303, 307, 308})
BUSY = frozenset({429, 503})
"""Status codes by which a site asks for fewer requests."""

_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_UNKNOWN_TYPES = frozenset({"unknown/unknown", "application/unknown"})
"""Types by which the body is looked at, as without a type (WHATWG MIME Sniffing, section 7)."""

ACCEPT_MARKDOWN = "text/markdown,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.1"
ACCEPT_PAGE = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its decoded body. The body is empty if it was not read.

    Attributes:
        complete: False if the response was shorter or longer than announced, or its encoding did not end.
        personal: Whether the request sent cookies, so that other crawls may get another response.
        first_sent: `Date` of the earliest known response with the same body and `Last-Modified`; empty if this is the
            first.
    """

    url: Url
    status: int
    headers: Mapping[str, str]
    body: bytes
    personal: bool = False
    complete: bool = True
    first_sent: str = ""

    @property
    def redirect(self) -> Url | None:
        """Target of a redirect, or None."""
        location = self.headers.get("Location")
        return join(self.url, _as_written(location)) if self.status in REDIRECTS and location else None

    @property
    def leads_nowhere(self) -> bool:
        """Whether it is a redirect without a target."""
        return self.status in REDIRECTS and not self.headers.get("Location", "").strip()

    @property
    def cookies(self) -> list[str]:
        """The values of its headers Set-Cookie."""
        return [value for name, value in self.headers.items() if name.lower() == "set-cookie"]

    @property
    def stated_type(self) -> str:
        """The value of Content-Type, with its parameters. Several headers are joined to a list."""
        return all_values(self.headers, "Content-Type")

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case, as browsers read it.

        The last valid type of a list counts. It is empty if there is none, or if the type says that it is unknown.
        """
        found = ""
        for value in self.stated_type.split(","):
            kind = value.partition(";")[0].strip().lower()
            if kind != "*/*" and _MEDIA_TYPE.fullmatch(kind):
                found = kind
        return "" if found in _UNKNOWN_TYPES else found

    @property
    def retry_after(self) -> float | None:
        """Seconds that the site asks to wait (RFC 9110, section 10.2.3), or None."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdecimal():
            return float(value[:9])
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError, IndexError):
            return None

    def raise_for_status(self) -> None:
        """Check that the status is 200, or 203 (the same from a proxy).

        Raises: Failure (http_error, server_error, rate_limited) for any other status.
        """
        status, url = self.status, self.url
        if status in (200, 203):
            return
        if status in REDIRECTS:
            raise Failure(
                Code.HTTP_ERROR, f"{url} answers {status} without a valid web address in its Location header."
            )
        if status == 429:
            raise Failure(Code.RATE_LIMITED, f"{url} answers 429: too many requests.")
        if status >= 500:
            raise Failure(Code.SERVER_ERROR, f"{url} answers {status}.")
        raise Failure(Code.HTTP_ERROR, f"{url} answers {status}.")


def _as_written(location: str) -> str:
    """Return the value of a Location header. Bytes that are not UTF-8 are percent-encoded, as browsers do."""
    return location.encode("utf-8", "surrogateescape").decode("utf-8", "percent_encoded")


def _percent_encoded(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("percent_encoded", _percent_encoded)


def all_values(headers: Mapping[str, str], name: str) -> str:
    """Return the values of all headers with this name as one comma-separated list."""
    wanted = name.lower()
    return ", ".join(value for key, value in headers.items() if key.lower() == wanted)
