"""The address guard as an HTTP proxy on loopback. The browser can reach the network only through this proxy.

CONNECT (RFC 9110, section 9.3.6) serves https and WebSockets, absolute URLs serve http. Names are resolved here, each
address is checked at the moment of connecting, and all bytes count against the budget. Each tab has its own port, so
the bytes of its page also count against the share of that page.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import math
import socket
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from llmready.crawler.browser.other_hosts import OtherHosts
from llmready.crawler.browser.proxy_request import Request, read_head
from llmready.crawler.browser.share import Share
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.resolver import GuardedResolver
from llmready.crawler.urls import BadUrl, Url

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Self

    from aiohttp.abc import AbstractResolver, ResolveResult

    from llmready.crawler.fetch.address_guard import AddressGuard
    from llmready.crawler.fetch.bodies import Budget

_T = TypeVar("_T")

HEAD_BYTES = 64 * 1024
MOST_CONNECTIONS = 256
"""Connections of the browser. Each of its contexts has 32 for requests and 32 for WebSockets."""
MOST_WAITING = 256
"""Connections of the browser that wait for a place."""
SECONDS_TO_NOTICE = 0.2
"""Time between two looks at whether the browser still waits for a connection."""
SECONDS_TO_TAKE = 3.0
"""Seconds in which a site must take more of what the browser sends."""
SECONDS_TO_LOOK_UP = 5.0
"""Seconds in which the name of another host than the site must be found."""
IDLE_SECONDS = 0.25
"""Seconds without data from the site after which a connection may be closed for a waiting one."""

_PART = 64 * 1024

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Connection:
    """One connection to a site."""

    writer: StreamWriter
    share: Share
    moment: float
    site_spoke: bool = False

    def idle(self, now: float) -> bool:
        return self.site_spoke and now - self.moment > IDLE_SECONDS


class GuardProxy:
    """Forwards requests that the guard allows; an asynchronous context manager.

    Args:
        guard: Decides which addresses may be connected to.
        budget: Bytes that the crawl may still receive.
        connections: Greatest number of connections to one host.
        connect_seconds: Time limit for establishing a connection, in seconds.
        is_site: Whether a URL belongs to the site of the crawl. None means that all do.
        resolver: Resolver of host names. Only tests replace it.
    """

    def __init__(
        self,
        guard: AddressGuard,
        budget: Budget,
        *,
        connections: int,
        connect_seconds: float,
        is_site: Callable[[Url], bool] | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.spent: Failure | None = None
        self.refused = 0
        self._guard = guard
        self._budget = budget
        self._connections = connections
        self._connect_seconds = connect_seconds
        self._is_site = is_site or (lambda _: True)
        self._others = OtherHosts()
        # Name servers of other hosts may not answer. The site's name does not wait for their places.
        self._resolver = resolver or GuardedResolver(guard)
        self._resolver_of_others = resolver or GuardedResolver(guard)
        self._open: defaultdict[tuple[str, int], list[_Connection]] = defaultdict(list)
        self._opening: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._ports: dict[Share, asyncio.Server] = {}
        self._address = ""

    async def __aenter__(self) -> Self:
        self._address = await self.open_port(Share(math.inf))
        return self

    async def __aexit__(self, *_: object) -> None:
        for share in [*self._ports]:
            self.close_port(share)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """Address of the proxy as `host:port`. No page uses this port."""
        if not self._address:
            raise RuntimeError("the proxy is not open")
        return self._address

    async def open_port(self, share: Share) -> str:
        """Open a port whose connections use one share. Returns: its address as `host:port`."""
        accept = partial(self._accept, share)
        server = self._ports[share] = await asyncio.start_server(accept, "127.0.0.1", 0, limit=HEAD_BYTES)
        host, port = server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close_port(self, share: Share) -> None:
        """Accept no further connections at the port of a share."""
        server = self._ports.pop(share, None)
        if server is not None:
            server.close()

    async def _accept(self, share: Share, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MOST_CONNECTIONS + MOST_WAITING:
            writer.close()
            return
        self._tasks.add(task)
        try:
            async with asyncio.timeout(self._connect_seconds):
                await self._places.acquire()
            try:
                await self._serve(share, reader, writer)
            finally:
                self._places.release()
        except (asyncio.CancelledError, TimeoutError):
            # The proxy is closing, or all places are in use; asyncio would log a cancelled handler as an error.
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(self, share: Share, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._connect_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
            request = read_head(head)
            self._check(request.url)
            self._spend(share, len(head))
            async with self._connected(request.url, reader, share) as (site, connection):
                if reader.at_eof():
                    # The browser has left the page while the request waited for a connection.
                    return
                if request.tunnel:
                    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                else:
                    connection.writer.write(request.head)
                await self._relay((reader, writer), site, connection, request)
        except Failure as failure:
            if failure.code == Code.BUDGET_EXCEEDED:
                self.spent = failure
            self.refused += failure.code == Code.BLOCKED_ADDRESS
            _log.info("a request of the browser was refused: %s", failure)
            _answer(writer, "403 Forbidden")
        except TimeoutError:
            _answer(writer, "504 Gateway Timeout")
        except (BadUrl, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _answer(writer, "400 Bad Request")
        except OSError:
            _answer(writer, "502 Bad Gateway")

    def _check(self, url: Url) -> None:
        """Raise a Failure if no connection may be made to the host of a URL."""
        self._guard.check_url(url)
        # WebSockets and preconnections are no requests of the tab.
        if not self._is_site(url) and not self._others.take(url.host):
            raise Failure(Code.RATE_LIMITED, f"{url.host} gets too many connections.")

    def _spend(self, share: Share, size: int) -> None:
        """Count bytes. Raises: Failure when those of the crawl or those of the page are used up."""
        self._budget.spend(size)
        share.spend(size)

    @contextlib.asynccontextmanager
    async def _connected(
        self, url: Url, browser: StreamReader, share: Share
    ) -> AsyncIterator[tuple[StreamReader, _Connection]]:
        endpoint = (url.host, url.port)
        async with asyncio.timeout(self._connect_seconds):
            await self._make_room(endpoint, browser)
            self._opening[endpoint] += 1
            try:
                site, writer = await _while_open(browser, self._connect(url))
            finally:
                self._opening[endpoint] -= 1
        connection = _Connection(writer, share, asyncio.get_running_loop().time())
        self._open[endpoint].append(connection)
        try:
            yield site, connection
        finally:
            self._open[endpoint].remove(connection)
            _close(writer)

    async def _make_room(self, endpoint: tuple[str, int], browser: StreamReader) -> None:
        """Wait until one more connection may be opened. Raises: ConnectionError when the browser has left."""
        loop = asyncio.get_running_loop()
        while len(self._open[endpoint]) + self._opening[endpoint] >= self._connections:
            # A browser keeps connections open for minutes, in one pool for each kind of request.
            spare = next(
                (connection for connection in self._open[endpoint] if connection.idle(loop.time())), None
            )
            if spare is not None:
                _close(spare.writer)
            if browser.at_eof():
                raise ConnectionResetError("the browser closed the connection")
            await asyncio.sleep(0.01)

    async def _connect(self, url: Url) -> tuple[StreamReader, StreamWriter]:
        found = await self._resolve(url)
        error: OSError = OSError("no address")
        for answer in found[:4]:
            address = ipaddress.ip_address(answer["host"])
            self._guard.check_connect(address, url.port)
            try:
                return await asyncio.open_connection(
                    str(address), url.port, family=answer["family"], flags=socket.AI_NUMERICHOST
                )
            except OSError as failed:
                error = failed
        raise error

    async def _resolve(self, url: Url) -> list[ResolveResult]:
        name = url.host.strip("[]")
        if self._is_site(url):
            return await self._resolver.resolve(name, url.port)
        async with asyncio.timeout(SECONDS_TO_LOOK_UP):
            return await self._resolver_of_others.resolve(name, url.port)

    async def _relay(
        self,
        browser: tuple[StreamReader, StreamWriter],
        site: StreamReader,
        connection: _Connection,
        request: Request,
    ) -> None:
        left = None if request.tunnel else request.length
        up = asyncio.ensure_future(
            self._pump(browser[0], connection.writer, connection, left, from_site=False)
        )
        try:
            await self._pump(site, browser[1], connection, None, from_site=True)
        finally:
            up.cancel()
            (outcome,) = await asyncio.gather(up, return_exceptions=True)
        if isinstance(outcome, Failure):
            raise outcome

    async def _pump(
        self,
        source: StreamReader,
        sink: StreamWriter,
        connection: _Connection,
        left: int | None,
        *,
        from_site: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            while left is None or left > 0:
                data = await source.read(_PART if left is None else min(left, _PART))
                if not data:
                    break
                self._spend(connection.share, len(data))
                left = left and left - len(data)
                connection.moment, connection.site_spoke = loop.time(), from_site
                sink.write(data)
                async with asyncio.timeout(None if from_site else SECONDS_TO_TAKE):
                    await sink.drain()
            if not from_site:
                # The request is complete, but the browser may still leave before the site answers.
                while await source.read(_PART):
                    pass
                left = None
        except TimeoutError:
            left = None
            _abort(sink)
        except ConnectionError:
            left = None
        except Failure:
            left = None
            raise
        finally:
            if left is None and not from_site:
                # The browser closed the connection, so the other direction ends, too.
                _close(sink)


def _close(writer: StreamWriter) -> None:
    """Close the connection to a site. Closing would wait until the site has taken everything that is written."""
    writer.close()
    asyncio.get_running_loop().call_later(SECONDS_TO_TAKE, _abort, writer)


def _abort(writer: StreamWriter) -> None:
    # A transport that has written everything after it was closed cannot be aborted.
    if writer.transport.get_write_buffer_size() > 0:
        writer.transport.abort()


async def _while_open(browser: StreamReader, work: Coroutine[Any, Any, _T]) -> _T:
    """Await a step towards a connection. Raises: ConnectionError when the browser no longer waits for it."""
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            if browser.at_eof():
                raise ConnectionResetError("the browser closed the connection")
            await asyncio.wait({working}, timeout=SECONDS_TO_NOTICE)
        return working.result()
    finally:
        working.cancel()


def _answer(writer: StreamWriter, status: str) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
