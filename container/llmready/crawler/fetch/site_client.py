"""The HTTP client for one site: throttled, and with an HTTP cache."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.client import every_body
from llmready.crawler.fetch.large_pages import LARGE
from llmready.crawler.fetch.response import ACCEPT_PAGE, BUSY, Response
from llmready.crawler.fetch.throttle import LongWaitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractContextManager

    from llmready.crawler.fetch.client import HttpClient
    from llmready.crawler.fetch.http_cache import HttpCache
    from llmready.crawler.fetch.throttle import Throttle
    from llmready.crawler.urls import Url

MOST_LONG_WAITS = 3
"""URLs in a row that request a delay beyond the crawl's end, after which the delay counts for the whole site."""

P = ParamSpec("P")
T = TypeVar("T")


class NotDueError(Exception):
    """The URL is no longer due, after its request waited for a connection or a pause."""


def _always() -> bool:
    return True


class SiteClient:
    """Fetches URLs of one site as the throttle allows, and reports responses to the throttle.

    Args:
        client: Fetches URLs.
        throttle: Throttle of the site.
        cache: HTTP cache. Its responses are revalidated instead of fetched again.
    """

    def __init__(self, client: HttpClient, throttle: Throttle, cache: HttpCache) -> None:
        self._client = client
        self._large_pages = client.large_pages
        self._throttle = throttle
        self._cache = cache
        self._is_open = False
        self._long_waits = 0

    def opened(self) -> None:
        """Note that the start page was read.

        From now on, a delay beyond the end of the crawl only fails the URL that requests it, unless several URLs in a
        row do so.
        """
        self._is_open = True

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGE,
        limit: int | None = None,
        cut: bool = False,
        wants_body: Callable[[Response], bool] = every_body,
        missing: bool = False,
        waits: bool = False,
        is_due: Callable[[], bool] = _always,
    ) -> Response:
        """Fetch a URL once the throttle allows it; see `HttpClient.get`.

        With `waits`, wait also while large pages need the memory. `is_due` is called after all waiting.
        Raises: Failure, LongWaitError, OutOfTimeError, NotDueError.
        """
        cached = self._cache.find(url, accept)
        if cached is not None and len(cached.body) > LARGE:
            self._large_pages.add(len(cached.body))
        if cached is not None and cached.fresh:
            response = cached.response()
            self._cache.keep(response, accept)
            return response
        condition = cached.condition if cached is not None else None
        async with self._slot(waits=waits):
            if not is_due():
                raise NotDueError
            began = _now()
            try:
                response = await self._client.get(
                    url,
                    accept=accept,
                    limit=limit,
                    cut=cut,
                    wants_body=wants_body,
                    missing=missing,
                    condition=condition,
                )
            except Failure as failure:
                if failure.code == Code.TIMEOUT:
                    self._throttle.timed_out(_now() - began)
                raise
            self._report(response, _now() - began)
        if cached is not None:
            repeated = response.status == 304
            response = cached.response(confirmed_by=response) if repeated else cached.compared(response)
        self._cache.keep(response, accept)
        return response

    async def get_page(
        self,
        url: Url,
        *,
        wants_body: Callable[[Response], bool],
        missing: bool = False,
        is_due: Callable[[], bool] = _always,
    ) -> Response:
        """Fetch the page of a block of `page`, and wait while large pages need the memory. See `get`."""
        response = await self.get(url, wants_body=wants_body, missing=missing, waits=True, is_due=is_due)
        await self._large_pages.turn()
        return response

    async def alternate(self, fetch: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Fetch the current page's Markdown file. Wait before and after it while large pages need the memory.

        Raises:
            TimeoutError: The Markdown files of large pages need too much time.
        """
        await self._large_pages.room()
        async with self._large_pages.alternate_turn():
            fetched = await fetch(*args, **kwargs)
        await self._large_pages.turn()
        return fetched

    @asynccontextmanager
    async def read_page(self, response: Response | Failure) -> AsyncIterator[Response | Failure]:
        """Count a response that was read before the block of its page; see `page`. Wait for the turn of the page."""
        with self.page():
            if isinstance(response, Response):
                if len(response.body) > LARGE:
                    self._large_pages.add(len(response.body))
                await self._large_pages.turn()
            yield response

    @asynccontextmanager
    async def _slot(self, *, waits: bool) -> AsyncIterator[None]:
        """Hold one of the connections. With `waits`, wait without a connection while large pages need the memory."""
        while True:
            if waits:
                await self._large_pages.room()
            async with self._throttle.slot():
                # Large bodies may have arrived while this request waited for the connection.
                if not waits or self._large_pages.has_room():
                    yield
                    return

    @property
    def cookie_changes(self) -> int:
        """How often a redirect of the site set or deleted a cookie."""
        return self._client.cookies.changes

    def keep_cookies(self, response: Response) -> None:
        """Send the cookies of a page that only leads to another one, or to itself, with further requests."""
        self._client.cookies.take(response.cookies, response.url)

    def page(self) -> AbstractContextManager[None]:
        """Count what the current task reads as one page; see `LargePages`."""
        return self._large_pages.page()

    def _report(self, response: Response, seconds: float) -> None:
        """Report a response to the throttle. Raises: LongWaitError."""
        if response.status in BUSY:
            delay = response.retry_after
            is_too_long = self._is_open and delay is not None and self._throttle.is_too_long(delay)
            self._long_waits += is_too_long
            if delay is not None and is_too_long and self._long_waits < MOST_LONG_WAITS:
                self._throttle.refused(seconds)
                raise LongWaitError(
                    Code.RATE_LIMITED,
                    f"{response.url} answers {response.status} and asks the crawler to wait for {delay:.0f} s,"
                    " which is longer than the time limit of the crawl.",
                )
            self._throttle.refused(seconds, delay)
        elif response.status < 500:
            self._long_waits = 0
            self._throttle.succeeded(seconds)

    def rest(self, seconds: float) -> None:
        """Start no request for this many seconds."""
        self._throttle.rest(seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()
