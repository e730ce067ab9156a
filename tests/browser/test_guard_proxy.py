"""The proxy connects only to addresses that the guard allows, whatever a browser requests."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from llmready.addresses import Address, is_public
from llmready.crawler.browser import proxy as proxy_module
from llmready.crawler.browser.proxy import GuardProxy
from llmready.crawler.failures import Code
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.bodies import Budget
from llmready.crawler.fetch.resolver import GuardedResolver
from testkit.serving import Answer, serving
from testkit.tricks import tricks as address_tricks

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1",
    "127.0.0.1.", "127.127.127.127", "0.0.0.0",  # noqa: S104 - to connect to, not to bind
    "0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::1]", "localhost", "LOCALHOST", "localhost.", "sub.localhost", "ip6-localhost",
    "127.0.0.1%00.example.com", "127.0.0.1%2f", "127。0。0。1", "①②⑦.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.0.01",
    "00127.0.0.1", "127.0.0.1\\@example.com", "example.com@127.0.0.1", "user:pass@127.0.0.1",
    "127.0.0.1#.example.com",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "169.16689662",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]", "169.254.170.2", "[fe80::1]", "[fe80::1%25eth0]", "169.254.169.254.", "169。254。169。254",
    "0xa9.0xfe.0xa9.0xfe", "169.254.169.254@example.com:80", "metadata",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "10.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1", "0xc0a80001",
    "100.64.0.1", "198.18.0.1", "192.0.0.1", "192.0.2.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[64:ff9b:1::1]",
    "[::ffff:10.0.0.1]", "[::10.0.0.1]", "[3fff::1]",
]  # fmt: skip
HOSTS = LOOPBACK + METADATA + PRIVATE


def tricks() -> list[bytes]:
    """Requests that a hostile page could cause a browser to send, and some that no browser would send."""
    heads = []
    for host in HOSTS:
        heads += [f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n" for port in (80, 443)]
        heads.append(f"GET http://{host}/latest/meta-data/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
    for url in address_tricks(8081):
        plain = url.replace("\r", "").replace("\n", "").replace(" ", "%20")
        heads.append(f"GET {plain} HTTP/1.1\r\nHost: example.com\r\n\r\n")
        heads.append(f"CONNECT {plain.partition('://')[2].partition('/')[0]}:443 HTTP/1.1\r\n\r\n")
    for port in ("22", "25", "6379", "8080", "11211", "0", "65536", "-1", "٨٠", ""):
        heads.append(f"CONNECT 93.184.216.34:{port or '22x'} HTTP/1.1\r\n\r\n")
        heads.append(f"GET http://93.184.216.34:{port or '22x'}/ HTTP/1.1\r\n\r\n")
    heads += [
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        "GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n",
        "GET gopher://127.0.0.1:80/_x HTTP/1.1\r\n\r\n",
        "GET https://127.0.0.1/ HTTP/1.1\r\n\r\n",
        "CONNECT unix:/var/run/docker.sock HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        "CONNECT http://127.0.0.1/ HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.1:80/ HTTP/1.1\r\n\r\n",
        "GET http:127.0.0.1 HTTP/1.1\r\n\r\n",
        "GET http://127.0.0.1 HTTP/0.9\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "\r\n\r\n",
    ]
    return [head.encode("utf-8") for head in heads]


_connected: list[tuple[str, int]] = []


def _hear(event: str, values: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(values[1], tuple):
        _connected.append(values[1][:2])


sys.addaudithook(_hear)


@contextmanager
def connections() -> Iterator[list[tuple[str, int]]]:
    """Record every connection that this process tries to make."""
    _connected.clear()
    yield _connected


async def _local_names(host: str) -> list[Address]:
    """Return the answer of an attacker's name server for any name."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        return [ipaddress.ip_address("127.0.0.1")]


@asynccontextmanager
async def proxying(
    *allowed: tuple[str, int],
    budget: int = 10_000_000,
    most: int = 2,
    look_up: Callable[[str], Any] = _local_names,
) -> AsyncIterator[GuardProxy]:
    guard = AddressGuard(allowed)
    async with GuardProxy(
        guard,
        Budget(budget),
        connections=most,
        connect_seconds=2,
        resolver=GuardedResolver(guard, look_up),
    ) as proxy:
        yield proxy


async def ask(proxy: GuardProxy, head: bytes, then: bytes = b"") -> bytes:
    host, _, port = proxy.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head + then)
    if not head:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_proxy_connects_only_to_public_addresses(
    record_property: Callable[[str, object], None],
) -> None:
    asked = tricks()
    assert len(asked) > 900
    async with proxying() as proxy:
        ours = ("127.0.0.1", int(proxy.address.partition(":")[2]))
        with connections() as seen:
            for head in asked:
                answer = await ask(proxy, head)
                assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), (head, answer)
            assert [one for one in seen if one != ours] == []
            assert len(seen) == len(asked), "the test hears connections"
    record_property(
        "figure", f"{len(asked)} requests with address tricks to the browser's proxy: all refused"
    )


async def test_dns_rebinding_never_reaches_internal_addresses_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = itertools.cycle(
        [
            ["127.0.0.1"],
            ["93.184.216.34"],
            ["93.184.216.34", "169.254.169.254"],
            ["::1"],
            ["2606:4700::1111", "::ffff:10.0.0.1"],
        ]
    )

    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address(one) for one in next(answers)]

    tried: list[str] = []
    connect = asyncio.open_connection

    async def outside(host: str, port: int, **more: Any) -> Any:
        # No test connects to the internet: the addresses are only recorded.
        if port == 443:
            tried.append(host)
            raise OSError("no way out")
        return await connect(host, port, **more)

    monkeypatch.setattr(asyncio, "open_connection", outside)
    async with proxying(look_up=look_up) as proxy:
        for number in range(1000):
            answer = await ask(proxy, b"CONNECT flips.example.com:443 HTTP/1.1\r\n\r\n")
            wanted = b"HTTP/1.1 502" if number % 5 == 1 else b"HTTP/1.1 403"
            assert answer.startswith(wanted)
        assert proxy.refused == 800
    assert len(tried) == 200
    assert all(is_public(ipaddress.ip_address(address)) for address in tried)


async def test_allowed_requests_pass_plain_and_tunnelled() -> None:
    with serving({"/a?utm_source=x&b=1": "here", "/": "root"}) as site:
        async with proxying(("127.0.0.1", site.port)) as proxy:
            url = f"http://{site.address}"
            headers = "Host: evil.example\r\nX-One: 1\r\nProxy-Connection: keep-alive\r\n\r\n"
            head = f"GET {url}/a?utm_source=x&b=1 HTTP/1.1\r\n{headers}"
            assert (await ask(proxy, head.encode())).endswith(b"\r\n\r\nhere")
            assert (await ask(proxy, f"GET {url} HTTP/1.1\r\n\r\n".encode())).endswith(b"root")
            tunnel = await ask(
                proxy,
                f"CONNECT {site.address} HTTP/1.1\r\n\r\n".encode(),
                b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            )
            assert tunnel.startswith(b"HTTP/1.1 200 Connected\r\n\r\nHTTP/1.1 200 OK")
            assert tunnel.endswith(b"root")
        first = site.requests[0].headers
        assert (first["Host"], first["X-One"], first["Connection"]) == (site.address, "1", "close")
        assert "Proxy-Connection" not in first


async def test_only_the_exact_host_and_port_are_allowed() -> None:
    with serving({"/": "secret"}) as site, serving({"/": "allowed"}) as other:
        async with proxying(("127.0.0.1", other.port)) as proxy:
            for host in (
                site.address,
                f"localhost:{site.port}",
                f"localhost:{other.port}",
                f"[::1]:{site.port}",
            ):
                assert b" 403 " in await ask(proxy, f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode())
                assert b" 403 " in await ask(proxy, f"CONNECT {host} HTTP/1.1\r\n\r\n".encode())
        assert site.connections == other.connections == 0


async def test_a_blocked_host_is_not_connected_to() -> None:
    with serving({"/": "secret"}) as site:
        guard = AddressGuard([("127.0.0.1", site.port)], ["127.0.0.1", "example.com"])
        async with GuardProxy(
            guard,
            Budget(1000),
            connections=2,
            connect_seconds=2,
            resolver=GuardedResolver(guard, _local_names),
        ) as proxy:
            for host in (site.address, "example.com:80", "deep.example.com:443"):
                assert b" 403 " in await ask(proxy, f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode())
                assert b" 403 " in await ask(proxy, f"CONNECT {host} HTTP/1.1\r\n\r\n".encode())
        assert site.connections == 0


async def test_pipelined_bytes_are_dropped() -> None:
    with serving({"/": "first", "/second": "second"}) as site:
        async with proxying(("127.0.0.1", site.port)) as proxy:
            head = f"GET http://{site.address}/ HTTP/1.1\r\n\r\n".encode()
            await ask(proxy, head, b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
            for header in (
                "Transfer-Encoding: chunked",
                "Content-Length: 5\r\nContent-Length: 0",
                "Content-Length: some",
                "Content-Length: \u00b2",
            ):
                bad = f"POST http://{site.address}/ HTTP/1.1\r\n{header}\r\n\r\n".encode()
                assert b" 400 " in await ask(proxy, bad)
        assert site.paths == ["/"]


async def test_bytes_are_counted_in_tunnels_and_in_the_open() -> None:
    with serving({"/": Answer("x" * 60_000)}) as site:
        for head, then in (
            (f"GET http://{site.address}/ HTTP/1.1\r\n\r\n", ""),
            (f"CONNECT {site.address} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
        ):
            async with proxying(("127.0.0.1", site.port), budget=100_000) as proxy:
                await ask(
                    proxy, head.encode(), then.replace("1.1\r\n", "1.1\r\nConnection: close\r\n").encode()
                )
                assert proxy.spent is None
                answer = await ask(proxy, head.encode(), then.encode())
                assert len(answer) < 60_000
                assert proxy.spent is not None
                assert proxy.spent.code == Code.BUDGET_EXCEEDED


async def test_never_more_connections_to_a_host_than_allowed() -> None:
    with serving(lambda _: Answer("slow", delay=0.05)) as site:
        async with proxying(("127.0.0.1", site.port), most=2) as proxy:
            head = f"GET http://{site.address}/ HTTP/1.1\r\n\r\n".encode()
            answers = await asyncio.gather(*(ask(proxy, head) for _ in range(12)))
            assert all(answer.endswith(b"slow") for answer in answers)
        assert site.most_at_once == 2


async def test_a_request_that_the_browser_gave_up_is_not_sent() -> None:
    with serving(lambda _: Answer("slow", delay=0.3)) as site:
        async with proxying(("127.0.0.1", site.port), most=1) as proxy:
            head = f"GET http://{site.address}/%s HTTP/1.1\r\n\r\n"
            first = asyncio.ensure_future(ask(proxy, (head % "first").encode()))
            await asyncio.sleep(0.1)
            host, _, port = proxy.address.partition(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write((head % "second").encode())
            await asyncio.sleep(0.1)
            writer.close()
            assert (await first).endswith(b"slow")
            await asyncio.sleep(0.2)
            assert (await ask(proxy, (head % "third").encode())).endswith(b"slow")
        assert site.paths == ["/first", "/third"]


async def test_idle_tunnel_is_closed_for_a_waiting_connection() -> None:
    with serving({"/": "here"}) as site:
        async with proxying(("127.0.0.1", site.port), most=1) as proxy:
            host, _, port = proxy.address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"CONNECT {site.address} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
            await reader.readuntil(b"here")
            assert (await ask(proxy, f"GET http://{site.address}/ HTTP/1.1\r\n\r\n".encode())).endswith(
                b"here"
            )
            assert await reader.read() == b""
            writer.close()


async def test_closing_ends_every_tunnel() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = silent.getsockname()
        async with proxying(("127.0.0.1", address[1])) as proxy:
            host, _, port = proxy.address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"CONNECT 127.0.0.1:{address[1]} HTTP/1.1\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


async def test_a_connection_that_the_browser_gave_up_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(GuardProxy, "_connect", never)
    with serving({}) as site:
        async with proxying(("127.0.0.1", site.port)) as proxy:
            proxy._connect_seconds = 30
            host, _, port = proxy.address.partition(":")
            for _ in range(4):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(f"CONNECT {site.address} HTTP/1.1\r\n\r\n".encode())
                await asyncio.sleep(0.05)
                writer.close()
            assert proxy._tasks
            async with asyncio.timeout(5):
                await asyncio.gather(*proxy._tasks)


@contextmanager
def _silent() -> Iterator[socket.socket]:
    """Accept connections on loopback, but neither read nor answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        yield server


@pytest.mark.parametrize("sent", [0, 60_000, 100_000, 140_000, 20_000_000])
async def test_a_connection_to_a_silent_site_frees_its_place(sent: int) -> None:
    with _silent() as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        async with proxying(server.getsockname()) as proxy:
            host, _, port = proxy.address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            if not sent:
                writer.write(f"GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            else:
                writer.write(f"CONNECT {address} HTTP/1.1\r\n\r\n".encode())
                await reader.readline()
                writer.write(b"x" * sent)
            await asyncio.sleep(0.3)
            if sent < 1_000_000:
                writer.close()
            assert proxy._tasks
            async with asyncio.timeout(10):
                await asyncio.gather(*proxy._tasks)
            writer.transport.abort()


async def test_a_slow_site_may_take_the_rest_after_the_browser_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_module, "SECONDS_TO_TAKE", 1.0)
    errors: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    with _silent() as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)  # The kernel takes a part at once.
        async with proxying(server.getsockname()) as proxy:
            host, _, port = proxy.address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"CONNECT 127.0.0.1:{server.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
            await reader.readline()
            writer.write(b"x" * 100_000)
            await asyncio.sleep(0.2)
            writer.transport.abort()
            await asyncio.sleep(0.3)
            with server.accept()[0] as site:
                site.settimeout(0)
                taken = 0
                while data := await loop.sock_recv(site, 1 << 20):
                    taken += len(data)
            await asyncio.sleep(1.2)
    assert (taken, errors) == (100_000, [])
