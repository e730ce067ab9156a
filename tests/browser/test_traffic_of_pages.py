"""The bytes that one page transfers through the proxy are limited, whatever kind of connection carries them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmready.crawler.browser.share import Share
from testkit.crawler_program import call
from testkit.serving import Answer, serving
from tests.browser.chromium import chromium
from tests.browser.test_guard_proxy import proxying
from tests.browser.test_rendering import failures, markdown, shell

FRAME = b"\x82\x7e\xff\x00" + b"x" * 0xFF00
HOSTS = [f"127.0.0.{number}" for number in range(2, 8)]
SOCKETS = """
for (let i = 0; i < 4; i++) new WebSocket('ws://127.0.0.2:PORT/').onmessage = () => 0;
setInterval(() => write('More.'), 80);
"""
FETCHES = """
for (const host of HOSTS) for (let i = 0; i < 4; i++)
  fetch(`http://${host}:PORT/${i}`, { mode: 'no-cors' }).catch(() => 0);
setInterval(() => write('More.'), 80);
"""


class _Flood(socketserver.ThreadingTCPServer):
    """Answers WebSockets and plain requests without an end."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), _Handler)  # noqa: S104 - each page uses several addresses on loopback
        self.moved = 0
        self.lock = threading.Lock()

    def handle_error(self, *_: object) -> None:
        """Ignore closed connections."""

    def count(self, size: int) -> bool:
        """Count bytes, and return whether the test still goes on. It ends when a crawl moved far too much."""
        with self.lock:
            self.moved += size
            return self.moved < 150_000_000


class _Handler(socketserver.StreamRequestHandler):
    server: _Flood

    def handle(self) -> None:
        head = [line.strip() for line in iter(self.rfile.readline, b"\r\n")]
        keys = [line[18:].strip() for line in head if line.lower().startswith(b"sec-websocket-key:")]
        if keys:
            accepted = hashlib.sha1(keys[0] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False)
            self.wfile.write(
                b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + base64.b64encode(accepted.digest())
                + b"\r\n\r\n"
            )
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
        while self.server.count(len(FRAME)):
            self.wfile.write(FRAME)


@contextmanager
def flood() -> Iterator[_Flood]:
    with _Flood() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.moved = 1 << 60
        server.shutdown()


@pytest.mark.parametrize("script", [SOCKETS, FETCHES])
def test_a_page_that_transfers_too_much_fails_alone(tmp_path: Path, script: str) -> None:
    chromium()
    good = [f"/good{number}" for number in range(4)]
    with flood() as server:
        port = server.server_address[1]
        bad = script.replace("PORT", str(port)).replace("HOSTS", str(HOSTS))
        pages: dict[str, Answer | str] = {path: shell("write('Here.')") for path in good}
        pages["/bad"] = shell(bad)
        pages["/"] = shell("write('" + "".join(f"<a href={path}>A</a>" for path in ["/bad", *good]) + "')")
        with serving(pages) as site:
            allow = ",".join([site.address, *(f"{host}:{port}" for host in HOSTS)])
            result = call(
                site.url, tmp_path, "--use-playwright", "--timeout=30", allow=allow, LLMREADY_CRAWL_MB="60"
            ).completed()
    assert failures(result, site) == {"/bad": "page_too_large"}
    for path in good:
        assert "Here." in markdown(result, path)


async def _asked(address: str, url: str) -> bytes:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {url} HTTP/1.1\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_all_connections_of_a_page_use_one_share() -> None:
    with serving({"/": Answer("x" * 60_000)}) as site:
        async with proxying(("127.0.0.1", site.port)) as proxy:
            ended: list[str] = []
            share, other = Share(100_000), Share(100_000)
            address, address_of_other = await proxy.open_port(share), await proxy.open_port(other)
            share.begin(lambda: ended.append("first"))
            assert (await _asked(address, site.url)).endswith(b"x" * 60_000)
            assert not ended
            assert not share.is_spent
            assert len(await _asked(address, site.url)) < 60_000
            assert share.is_spent
            asked = len(site.requests)
            assert b" 403 " in await _asked(address, site.url)
            assert len(site.requests) == asked
            assert set(ended) == {"first"}
            assert (await _asked(address_of_other, site.url)).endswith(b"x" * 60_000)
            assert (await _asked(proxy.address, site.url)).endswith(b"x" * 60_000)
            assert proxy.spent is None
            share.begin(lambda: ended.append("second"))
            assert (await _asked(address, site.url)).endswith(b"x" * 60_000)
            assert "second" not in ended


async def test_a_share_counts_what_a_page_sends() -> None:
    with serving({"/": "here"}) as site:
        async with proxying(("127.0.0.1", site.port)) as proxy:
            share = Share(100_000)
            host, _, port = (await proxy.open_port(share)).partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"POST {site.url} HTTP/1.1\r\nContent-Length: 200000\r\n\r\n"
            writer.write(head.encode() + b"x" * 200_000)
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert share.is_spent


async def test_a_closed_port_accepts_nothing() -> None:
    async with proxying() as proxy:
        share = Share(100_000)
        address = await proxy.open_port(share)
        proxy.close_port(share)
        proxy.close_port(share)
        with pytest.raises(ConnectionRefusedError):
            await _asked(address, "http://127.0.0.1/")
