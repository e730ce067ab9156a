"""Resolve names and connect under the address guard: resolve once, check every address, connect to those."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from llmready.addresses import Address
from llmready.crawler.fetch.address_guard import AddressGuard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS_PINNED = 60
MOST_LOOK_UPS = 8


class LookUps:
    """Looks up names with the system's resolver, each in a daemon thread, and at most MOST_LOOK_UPS at once.

    A look-up cannot be interrupted, and takes 10 seconds or more if a name server does not answer. In the threads of
    the event loop, other work of the crawl and the end of the program would wait for it.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST_LOOK_UPS)

    async def __call__(self, host: str) -> list[Address]:
        """Return all addresses of a host. Raises: OSError when there is none.

        If the call is cancelled, the look-up keeps its place until it ends.
        """
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[list[Any]] = loop.create_future()

        def end(complete: Callable[[Any], None], found: object) -> None:
            self._places.release()
            if not result.done():
                complete(found)

        def look_up() -> None:
            complete: Callable[[Any], None]
            found: object
            try:
                complete, found = result.set_result, socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM)
            except Exception as error:  # noqa: BLE001 - the caller handles it
                complete, found = result.set_exception, error
            # The loop may be closed already.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(end, complete, found)

        try:
            threading.Thread(target=look_up, daemon=True).start()
        except RuntimeError as error:
            self._places.release()
            raise OSError("a look-up needs a thread, and none can be started") from error
        return [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in await result]


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses those with an address that may not be connected to.

    Args:
        guard: Decides which addresses may be connected to.
        look_up: Returns the addresses of a host. Only tests replace it.
    """

    def __init__(
        self, guard: AddressGuard, look_up: Callable[[str], Awaitable[list[Address]]] | None = None
    ) -> None:
        self._guard = guard
        self._look_up = look_up or LookUps()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises: OSError when there is none, Failure when one is refused."""
        addresses = await self._look_up(host)
        self._guard.check_resolved(host, port, addresses)
        results = [_result(host, port, address) for address in addresses]
        return [result for result in results if family in (socket.AF_UNSPEC, result["family"])]

    async def close(self) -> None:
        """Do nothing, because there are no resources to release."""


def _result(host: str, port: int, address: Address) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def guarded_connector(
    guard: AddressGuard, connections: int, resolver: AbstractResolver
) -> aiohttp.TCPConnector:
    """Return the connector of all requests.

    An address that is written in a URL does not pass the resolver. Therefore the guard checks each socket
    again before it connects.

    Args:
        guard: Decides which addresses may be connected to.
        connections: Greatest number of connections to one host.
        resolver: Resolver of host names.
    """

    def open_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        guard.check_connect(ipaddress.ip_address(str(address[0]).partition("%")[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=proto)

    return aiohttp.TCPConnector(
        resolver=resolver,
        socket_factory=open_socket,
        limit=connections * 4,
        limit_per_host=connections,
        ttl_dns_cache=SECONDS_PINNED,
    )
