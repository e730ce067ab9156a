"""One request at a time through the guard: no redirects on its own, streamed, capped and timed."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

import aiohttp
import yarl

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.bodies import ACCEPT_ENCODING, Body, Budget
from llmready.crawler.fetch.resolver import GuardedResolver, guarded_connector
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from aiohttp.abc import AbstractResolver

    from llmready.crawler.fetch.address_guard import Guard
    from llmready.crawler.options import Limits

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5

ACCEPT_MARKDOWN = "text/markdown,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.1"
ACCEPT_PAGE = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"

_SMALL_BODY = 65_536


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, its body decoded; the body is empty when nobody wanted it."""

    url: Url
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def redirect(self) -> Url | None:
        """Where the answer sends us, or None."""
        location = self.headers.get("Location")
        return join(self.url, location) if self.status in REDIRECTS and location else None

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def raise_for_status(self) -> None:
        """Raises: Failure (http_error, server_error, rate_limited, too_many_redirects) unless 200."""
        status, url = self.status, self.url
        if status == 200:
            return
        if status in REDIRECTS:
            raise Failure(Code.HTTP_ERROR, f"{url} answers {status} but leads to no web address.")
        if status == 429:
            raise Failure(Code.RATE_LIMITED, f"{url} answers 429: too many requests.")
        if status >= 500:
            raise Failure(Code.SERVER_ERROR, f"{url} answers {status}.")
        raise Failure(Code.HTTP_ERROR, f"{url} answers {status}.")

    @property
    def retry_after(self) -> float | None:
        """Seconds that the site asks us to wait (RFC 9110, section 10.2.3), or None."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isdigit():
            return float(value[:9])
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How much of a body is wanted, whether a longer one is cut, and whether it is wanted at all."""

    limit: int
    cut: bool
    judge: Callable[[Response], bool]


def every_body(_: Response) -> bool:
    """Want each body."""
    return True


class Getter(Protocol):
    """Asks for one URL, following nothing."""

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGE,
        limit: int | None = None,
        cut: bool = False,
        wants_body: Callable[[Response], bool] = every_body,
    ) -> Response:
        """Ask for a URL; see `Fetcher.get`. Raises: Failure."""


class Fetcher:
    """Asks for URLs.

    Parameters: `guard`, judges each request; `user_agent`; `limits`; `resolver`, for tests of name
    resolution. Use as an asynchronous context manager.
    """

    def __init__(
        self, guard: Guard, user_agent: str, limits: Limits, resolver: AbstractResolver | None = None
    ) -> None:
        self._guard = guard
        self._limits = limits
        self.budget = Budget(limits.crawl_bytes)
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(guard, limits.connections, resolver or GuardedResolver(guard)),
            headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=16_384,
            max_field_size=16_384,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGE,
        limit: int | None = None,
        cut: bool = False,
        wants_body: Callable[[Response], bool] = every_body,
        condition: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask for one URL, following nothing.

        Parameters: `url`; `accept`, the header; `limit`, decoded bytes, the page limit if None; `cut`,
        whether a longer body is cut there; `wants_body`, judges the headers: a body nobody wants is not
        read, and none but that of a 200; `condition`, headers such as If-None-Match.
        Raises: Failure.
        """
        self._guard.check_url(url)
        body = _Wanted(limit or self._limits.page_bytes, cut, wants_body)
        try:
            return await self._get(url, {"Accept": accept, **(condition or {})}, body)
        except TimeoutError:
            raise Failure(Code.TIMEOUT, f"{url.origin} took too long to answer.") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise _as_failure(error, url) from error

    async def _get(self, url: Url, headers: Mapping[str, str], wanted: _Wanted) -> Response:
        target = yarl.URL(str(url), encoded=True)
        limits, began = self._limits, asyncio.get_running_loop().time()
        async with asyncio.timeout(min(limits.headers_seconds, limits.page_seconds)) as due:
            async with self._session.get(target, headers=headers, allow_redirects=False) as answer:
                due.reschedule(began + limits.page_seconds)
                response = Response(url, answer.status, answer.headers, b"")
                if answer.status != 200 or not wanted.judge(response):
                    # Small bodies are cheaper to read than a new connection; others are not worth it.
                    if (answer.content_length or wanted.limit) > _SMALL_BODY:
                        answer.close()
                    return response
                encoding = answer.headers.get("Content-Encoding", "")
                body = Body(encoding, wanted.limit, self.budget, cut=wanted.cut)
                async for chunk in answer.content.iter_any():
                    if not body.feed(chunk):
                        answer.close()
                        break
                return Response(url, answer.status, answer.headers, body.bytes())


async def follow(getter: Getter, url: Url, *, accept: str, limit: int, cut: bool = False) -> Response:
    """Ask for one URL and follow redirects, each through the guard; for robots.txt and sitemaps.

    Raises: Failure, too_many_redirects after five hops.
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = await getter.get(url, accept=accept, limit=limit, cut=cut)
        if response.redirect is None:
            return response
        url = response.redirect
    raise too_many_redirects(url)


def too_many_redirects(url: Url) -> Failure:
    """Make the failure of a URL that redirects without end."""
    return Failure(
        Code.TOO_MANY_REDIRECTS, f"{url.origin} redirects more than {MAX_REDIRECTS} times in a row."
    )


def _as_failure(error: Exception, url: Url) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure(Code.DNS_FAILURE, f"The name {url.host} is not known to the domain name system.")
    if isinstance(
        error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError
    ):
        return Failure(
            Code.BAD_CERTIFICATE,
            f"The certificate of {url.host} is not valid, so the connection is not safe.",
        )
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} answers with something that is not HTTP.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} does not accept connections.")
    return Failure(
        Code.CONNECTION_FAILED, f"{url.origin} closed the connection before the answer was complete."
    )
