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
from llmready.crawler.fetch.cookies import RedirectCookies
from llmready.crawler.fetch.resolver import GuardedResolver, guarded_connector
from llmready.crawler.fetch.response import ACCEPT_PAGE, REDIRECTS, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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

    @property
    def statuses(self) -> tuple[int, ...]:
        return (200, 404) if self.missing else (200,)


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

    Parameters: `guard`, which checks each request; `user_agent`; `limits`; `resolver`, for tests of name
    resolution.
    """

    def __init__(
        self, guard: AddressGuard, user_agent: str, limits: Limits, resolver: AbstractResolver | None = None
    ) -> None:
        self._guard = guard
        self._limits = limits
        self.budget = Budget(limits.crawl_bytes)
        self.cookies = RedirectCookies()
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
        missing: bool = False,
        condition: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch one URL without following redirects.

        Parameters: `url`; `accept`, the header; `limit`, decoded bytes, None for the limit of a page; `cut`,
        whether a longer body is cut instead of refused; `wants_body`, decides by the headers whether the body of
        a 200 is read; `missing`, whether that of a 404 is read, too (other bodies are not); `condition`, headers
        such as If-None-Match.
        Raises: Failure.
        """
        self._guard.check_url(url)
        wanted = _WantedBody(limit or self._limits.page_bytes, cut, wants_body, missing)
        try:
            return await self._get(url, {"Accept": accept, **(condition or {})}, wanted)
        except TimeoutError:
            raise Failure(Code.TIMEOUT, f"{url.origin} took too long to answer.") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise _as_failure(error, url) from error

    async def _get(self, url: Url, headers: Mapping[str, str], wanted: _WantedBody) -> Response:
        target = yarl.URL(str(url), encoded=True)
        limits, began = self._limits, asyncio.get_running_loop().time()
        sent = self.cookies.header(target)
        headers = {**headers, **sent}
        async with asyncio.timeout(min(limits.headers_seconds, limits.page_seconds)) as due:
            async with self._session.get(target, headers=headers, allow_redirects=False) as answer:
                due.reschedule(began + limits.page_seconds)
                response = Response(url, answer.status, answer.headers, b"", personal=bool(sent))
                if answer.status in REDIRECTS:
                    self.cookies.take(answer, target)
                if answer.status not in wanted.statuses or not wanted.accepts(response):
                    if (answer.content_length or wanted.limit) > _SMALL_BODY:
                        answer.close()
                    return response
                encoding = answer.headers.get("Content-Encoding", "")
                body = Body(encoding, wanted.limit, self.budget, cut=wanted.cut)
                try:
                    async for chunk in answer.content.iter_any():
                        if not body.feed(chunk):
                            answer.close()
                            break
                except aiohttp.ClientPayloadError:
                    # Some servers announce more bytes than there are, as browsers do not mind.
                    if not body.is_whole_document:
                        raise
                    return replace(response, body=body.bytes(), complete=False)
                return replace(response, body=body.bytes())


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
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} does not answer with HTTP.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(Code.CONNECTION_FAILED, f"{url.origin} does not accept connections.")
    return Failure(
        Code.CONNECTION_FAILED, f"{url.origin} closed the connection before the answer was complete."
    )
