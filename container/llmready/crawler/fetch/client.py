"""The HTTP client: one request through the address guard, without redirects, with limits on bytes and time."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import aiohttp
import yarl

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.bodies import ACCEPT_ENCODING, Body, Budget
from llmready.crawler.fetch.chunks import parts_of
from llmready.crawler.fetch.cookies import RedirectCookies
from llmready.crawler.fetch.large_pages import LARGE, LargePages
from llmready.crawler.fetch.lenient_http import lenient_answer
from llmready.crawler.fetch.resolver import GuardedResolver, guarded_connector
from llmready.crawler.fetch.response import ACCEPT_PAGE, REDIRECTS, Response, all_values

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping
    from typing import Self

    from aiohttp.abc import AbstractResolver

    from llmready.crawler.fetch.address_guard import AddressGuard
    from llmready.crawler.options import Limits
    from llmready.crawler.urls import Url

_SMALL_BODY = 65_536
"""Bytes of an unwanted body up to which reading it costs less than a new connection."""


@dataclass(frozen=True, slots=True)
class _WantedBody:
    """How many decoded bytes are wanted, whether a longer body is cut, and whether the body is wanted at all."""

    limit: int
    cut: bool
    accepts: Callable[[Response], bool]
    missing: bool

    def is_wanted(self, response: Response) -> bool:
        """Return whether the body of a response is read."""
        is_shown = response.status in (200, 203) or response.leads_nowhere
        return (is_shown or (self.missing and response.status == 404)) and self.accepts(response)


def every_body(_: Response) -> bool:
    """Accept the body of any response."""
    return True


class Getter(Protocol):
    """Fetches one URL without following redirects."""

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGE,
        limit: int | None = None,
        cut: bool = False,
        wants_body: Callable[[Response], bool] = every_body,
    ) -> Response:
        """Fetch a URL; see `HttpClient.get`. Raises: Failure."""


class HttpClient:
    """Fetches URLs; an asynchronous context manager that owns the connections.

    Args:
        guard: Checks each request.
        user_agent: User agent of all requests.
        limits: Limits of the crawl.
        resolver: Resolver of host names. Only tests replace it.
    """

    def __init__(
        self, guard: AddressGuard, user_agent: str, limits: Limits, resolver: AbstractResolver | None = None
    ) -> None:
        self._guard = guard
        self._limits = limits
        self.budget = Budget(limits.crawl_bytes)
        self.large_pages = LargePages()
        self.cookies = RedirectCookies()
        self.incomplete: dict[Url, None] = {}
        """URLs whose responses were shorter or longer than they said."""
        self._cut: dict[Url, int] = {}
        self._resolver = resolver or GuardedResolver(guard)
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(guard, limits.connections, self._resolver),
            headers=self._headers,
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
        missing: bool = False,
        condition: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch one URL without following redirects.

        Args:
            url: URL to fetch.
            accept: The header Accept.
            limit: Greatest number of decoded bytes. None means the limit of a page.
            cut: Cut a longer body at the limit instead of refusing it.
            wants_body: Decides by the headers whether the body of a response with status 200 is read.
            missing: Read the body of a 404 as well.
            condition: Headers such as If-None-Match.

        Raises:
            Failure: There is no usable response.
        """
        self._guard.check_url(url)
        wanted = _WantedBody(limit or self._limits.page_bytes, cut, wants_body, missing)
        headers = {"Accept": accept, **(condition or {})}
        began = asyncio.get_running_loop().time()
        try:
            try:
                response = await self._get(url, headers, wanted, began)
            except (aiohttp.ClientResponseError, ValueError):
                response = await self._get_leniently(url, headers, wanted, began)
        except TimeoutError:
            raise Failure(Code.TIMEOUT, f"{url.origin} took too long to answer.") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise _as_failure(error, url) from error
        if not response.complete:
            self.incomplete[url] = None
        return response

    async def _get(self, url: Url, headers: Mapping[str, str], wanted: _WantedBody, began: float) -> Response:
        target = yarl.URL(str(url), encoded=True)
        limits = self._limits
        sent = self.cookies.header(url)
        # The HTTP library would omit bytes that are not UTF-8; the ValueError leads to `_get_leniently`.
        sent.get("Cookie", "").encode()
        headers = {**headers, **sent}
        async with asyncio.timeout_at(began + min(limits.headers_seconds, limits.page_seconds)) as due:
            async with self._session.get(target, headers=headers, allow_redirects=False) as answer:
                due.reschedule(began + limits.page_seconds)
                response = Response(url, answer.status, answer.headers, b"", personal=bool(sent))
                if answer.status in REDIRECTS:
                    self.cookies.take(response.cookies, url)
                if not wanted.is_wanted(response):
                    if (answer.content_length or wanted.limit) > _SMALL_BODY:
                        answer.close()
                    return response
                body = self._body(answer.headers, wanted)
                try:
                    if not await self._fill(body, parts_of(answer.content)):
                        answer.close()
                except aiohttp.ClientPayloadError:
                    # Some servers announce more bytes than they send; browsers accept this. A connection that broke
                    # by accident does not break at the same place again.
                    size = len(body.bytes())
                    if not body.is_whole_document and (not size or self._cut.get(url) != size):
                        self._cut[url] = size
                        raise
                    return _with_body(response, body, complete=False)
                return _with_body(response, body)

    async def _get_leniently(
        self, url: Url, headers: Mapping[str, str], wanted: _WantedBody, began: float
    ) -> Response:
        """Fetch a URL whose response breaks the standard; see `lenient_http`."""
        sent = self.cookies.header(url)
        async with (
            asyncio.timeout_at(began + self._limits.page_seconds),
            lenient_answer(url, {**self._headers, **headers, **sent}, self._guard, self._resolver) as answer,
        ):
            response = Response(url, answer.status, answer.headers, b"", personal=bool(sent))
            if answer.status in REDIRECTS:
                self.cookies.take(response.cookies, url)
            if not wanted.is_wanted(response):
                return response
            body = self._body(answer.headers, wanted)
            await self._fill(body, answer.body())
            return _with_body(response, body, complete=answer.is_complete)

    async def _fill(self, body: Body, chunks: AsyncIterable[bytes]) -> bool:
        """Read a body, and count it if it is large. Returns: False if the body was cut."""
        counted = 0
        async for chunk in chunks:
            if not body.feed(chunk):
                return False
            if body.size > LARGE:
                self.large_pages.add(body.size - counted)
                counted = body.size
        return True

    def _body(self, headers: Mapping[str, str], wanted: _WantedBody) -> Body:
        return Body(all_values(headers, "Content-Encoding"), wanted.limit, self.budget, cut=wanted.cut)


def _with_body(response: Response, body: Body, *, complete: bool = True) -> Response:
    content = body.bytes()
    # If a redirect has no target, browsers show its body.
    status = 200 if content and response.leads_nowhere else response.status
    return replace(response, status=status, body=content, complete=complete and body.is_complete)


def _as_failure(error: Exception, url: Url) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure(Code.DNS_FAILURE, f"The name {url.host} cannot be found (DNS); check its spelling.")
    if isinstance(
        error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError
    ):
        return Failure(
            Code.BAD_CERTIFICATE,
            f"The certificate of {url.host} is not valid, so the connection is not safe.",
        )
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} does not answer with HTTP.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} does not accept connections.")
    return Failure(
        Code.CONNECTION_FAILED, f"{url.origin} closed the connection before the answer was complete."
    )
