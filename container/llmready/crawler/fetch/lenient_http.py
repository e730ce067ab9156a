"""Read HTTP/1 responses that break the standard in ways that browsers tolerate.

The HTTP library refuses such responses. The request is then sent again on a separate connection, and its
response is read as browsers read it. Examples are lines without carriage returns, lines that are not headers,
several lengths, and more bytes than were announced.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from aiohttp.abc import AbstractResolver

    from llmready.crawler.fetch.address_guard import AddressGuard
    from llmready.crawler.urls import Url

MAX_HEAD = 262_144
"""Greatest size of a status line and headers, in bytes. Browsers have the same limit."""
_BLOCK = 65_536
_LONGEST_CHUNK_LINE = 1000
_SECONDS_FOR_MORE = 0.2
"""Seconds to wait for bytes behind the announced length."""

_STATUS = re.compile(rb"(?:HTTP|ICY)\S*[ \t]+(\d{3})(?:\s|$)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-f]{1,8})[ \t]*(?:;|$)", re.IGNORECASE)


class LenientAnswer:
    """A response whose body was not read yet.

    Attributes:
        status: The status code.
        headers: The headers, without lines that are not valid headers.
        is_complete: Whether the body that was read is as long as the response said.
    """

    def __init__(self, status: int, headers: CIMultiDict[str], reader: asyncio.StreamReader) -> None:
        self.status = status
        self.headers = headers
        self.is_complete = True
        self._reader = reader

    async def body(self) -> AsyncIterator[bytes]:
        """Return the parts of the body as they arrive, without their transfer encoding (chunks)."""
        if "chunked" in ",".join(self.headers.getall("Transfer-Encoding", [])).lower():
            async for part in self._chunks():
                yield part
            return
        length = self._length()
        left = MAX_HEAD if length is None else length
        while left > 0:
            part = await self._reader.read(_BLOCK if length is None else min(_BLOCK, left))
            if not part:
                self.is_complete &= length is None
                return
            left -= 0 if length is None else len(part)
            yield part
        # Further bytes exceed the announced length, so browsers do not show them.
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_FOR_MORE):
                self.is_complete &= not await self._reader.read(1)

    def _length(self) -> int | None:
        """Return the announced length; None if there is no length, or if there are several different ones."""
        stated = ",".join(self.headers.getall("Content-Length", []))
        lengths = {value.strip() for value in stated.split(",")} - {""}
        self.is_complete = len(lengths) <= 1
        only = lengths.pop() if len(lengths) == 1 else ""
        return int(only) if only.isascii() and only.isdecimal() and len(only) < 16 else None

    async def _chunks(self) -> AsyncIterator[bytes]:
        is_first = True
        chunks = Chunks()
        while line := await self._reader.readline():
            chunks.add()
            text = line.strip()
            if not text and not is_first:
                continue
            size = _CHUNK_SIZE.match(text) if len(text) <= _LONGEST_CHUNK_LINE else None
            if size is None:
                self.is_complete = False
                if not is_first:
                    return
                # The header claims chunks, but the body has none.
                yield line
                while part := await self._reader.read(_BLOCK):
                    yield part
                return
            is_first = False
            left = int(size[1], 16)
            if left == 0:
                return
            while left > 0:
                part = await self._reader.read(min(_BLOCK, left))
                if not part:
                    self.is_complete = False
                    return
                left -= len(part)
                chunks.add_bytes(len(part))
                yield part
        self.is_complete = False


@asynccontextmanager
async def lenient_answer(
    url: Url, headers: Mapping[str, str], guard: AddressGuard, resolver: AbstractResolver
) -> AsyncIterator[LenientAnswer]:
    """Send a GET request on a separate connection, and read the head of the response.

    Args:
        url: URL that the guard has checked.
        headers: Headers of the request, without Host.
        guard: Checks the address that is connected to.
        resolver: Resolver of host names.

    Raises:
        Failure: The address is blocked, or the connection failed.
        OSError: The connection was interrupted.
    """
    reader, writer = await _connect(url, guard, resolver)
    try:
        fields = {"Host": url.origin.partition("://")[2], **headers, "Connection": "close"}
        lines = [
            f"GET {url.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in fields.items()),
            "",
            "",
        ]
        writer.write("\r\n".join(lines).encode("utf-8", "surrogateescape"))
        await writer.drain()
        yield await _head(reader, url)
    finally:
        writer.close()
        with suppress(OSError, ssl.SSLError):
            writer.transport.abort()


async def _connect(
    url: Url, guard: AddressGuard, resolver: AbstractResolver
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    addresses = [url.literal] if url.literal else []
    if not addresses:
        addresses = [ipaddress.ip_address(one["host"]) for one in await resolver.resolve(url.host, url.port)]
    context = ssl.create_default_context() if url.scheme == "https" else None
    failed: OSError | None = None
    for address in addresses:
        guard.check_connect(address, url.port)
        try:
            return await asyncio.open_connection(
                str(address),
                url.port,
                limit=MAX_HEAD,
                ssl=context,
                server_hostname=url.host if context else None,
            )
        except OSError as error:
            failed = error
    raise failed or OSError(f"{url.host} has no address")


async def _head(reader: asyncio.StreamReader, url: Url) -> LenientAnswer:
    """Read the status line and the headers, after those of interim responses."""
    while True:
        lines = await _lines(reader, url)
        match = _STATUS.match(lines[0].strip()) if lines else None
        if match is None:
            raise Failure(Code.CONNECTION_FAILED, f"{url.origin} does not answer with HTTP.")
        status = int(match[1])
        if not 100 <= status < 200 or status == 101:
            return LenientAnswer(status, _headers(lines[1:]), reader)


async def _lines(reader: asyncio.StreamReader, url: Url) -> list[bytes]:
    """Return the lines before the next empty line. Empty lines before them are skipped."""
    found: list[bytes] = []
    size = 0
    while line := await reader.readline():
        size += len(line)
        if size > MAX_HEAD:
            raise Failure(Code.CONNECTION_FAILED, f"{url.origin} sends too many headers.")
        text = line.rstrip(b"\r\n")
        if text:
            found.append(text)
        elif found:
            break
    return found


def _headers(lines: Iterable[bytes]) -> CIMultiDict[str]:
    fields: list[list[str]] = []
    for line in lines:
        text = line.decode("utf-8", "surrogateescape")
        name, mark, value = text.partition(":")
        if text[0] in " \t":
            # This line continues the previous header.
            if fields:
                fields[-1][1] += f" {text.strip()}"
        elif mark and name.strip():
            fields.append([name.strip(), value.strip()])
    return CIMultiDict((name, value) for name, value in fields)
