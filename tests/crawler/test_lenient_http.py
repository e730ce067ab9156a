"""Responses that violate the HTTP standard but that browsers show are read; missing parts are reported."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from llmready.crawler.failures import Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.fetch.http_cache import fresh_seconds
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from llmready.crawler.fetch.response import Response

HTML = "<html><body><p>Brötchen are baked at six, and the shop opens at seven.</p></body></html>"
BODY = HTML.encode()
SIZE = len(BODY)
OK = "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\nConnection: close"
MOVED = "HTTP/1.1 302 Found\nContent-Length: 0\nConnection: close\nLocation: "


def _raw(head: str, body: bytes = BODY, line_end: str = "\r\n") -> bytes:
    return (head.replace("\n", line_end) + 2 * line_end).encode("latin-1") + body


def _chunks(body: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = (body[at : at + 30] for at in range(0, len(body), 30))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


WHOLE = {
    "equal lengths": _raw(f"{OK}\nContent-Length: {SIZE}\nContent-Length: {SIZE}"),
    "a list of lengths": _raw(f"{OK}\nContent-Length: {SIZE}, {SIZE}"),
    "a length that is no number": _raw(f"{OK}\nContent-Length: some"),
    "a length beside chunks": _raw(f"{OK}\nTransfer-Encoding: chunked\nContent-Length: 5", _chunks(BODY)),
    "chunked twice": _raw(f"{OK}\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked", _chunks(BODY)),
    "folded header": _raw("HTTP/1.1 200 OK\nContent-Type: text/html;\n charset=utf-8\nConnection: close"),
    "no reason": _raw("HTTP/1.1 200\nConnection: close"),
    "line feeds only": _raw(OK, line_end="\n"),
    "no headers": _raw("HTTP/1.0 200 OK"),
    "a line that is no header": _raw(f"{OK}\nhello"),
    "another protocol's name": _raw("ICY 200 OK\nConnection: close"),
    "an early hint": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    + _raw(f"{OK}\nContent-Length: {SIZE}"),
    "long headers": _raw(f"{OK}\nX-Long: {'a' * 30_000}"),
    "many headers": _raw(OK + "".join(f"\nX-{number}: 1" for number in range(300))),
    "203": _raw("HTTP/1.1 203 Non-Authoritative Information\nConnection: close"),
    "a redirect to nowhere": _raw("HTTP/1.1 302 Found\nConnection: close"),
    "odd cookies": _raw(f"{OK}\nSet-Cookie:\nSet-Cookie: a\nSet-Cookie: =b\nSet-Cookie: a b=c"),
    "garbage behind gzip": _raw(f"{OK}\nContent-Encoding: gzip", gzip.compress(BODY) + b"\0more"),
    "gzip without its end": _raw(f"{OK}\nContent-Encoding: gzip", gzip.compress(BODY)[:-8]),
    "two gzips": _raw(f"{OK}\nContent-Encoding: gzip", gzip.compress(BODY[:40]) + gzip.compress(BODY[40:])),
    "deflate without header": _raw(f"{OK}\nContent-Encoding: deflate", zlib.compress(BODY)[2:-4]),
    "text called gzip": _raw(f"{OK}\nContent-Encoding: gzip"),
    "text called br": _raw(f"{OK}\nContent-Encoding: br"),
    "text called zstd": _raw(f"{OK}\nContent-Encoding: zstd"),
    "gzip called br": _raw(f"{OK}\nContent-Encoding: br", gzip.compress(BODY, mtime=0)),
    # With this time in its header, the gzip data is also the start of Brotli data.
    "gzip like Brotli called br": _raw(f"{OK}\nContent-Encoding: br", gzip.compress(BODY, mtime=672)),
    "gzip called zstd": _raw(f"{OK}\nContent-Encoding: zstd", gzip.compress(BODY)),
}
SHORT = BODY[:-20]
INCOMPLETE = {
    "lengths that differ": (_raw(f"{OK}\nContent-Length: {SIZE}\nContent-Length: 7"), BODY),
    "a length that is too small": (_raw(f"{OK}\nContent-Length: {SIZE - 20}"), SHORT),
    "a length that is too large": (_raw(f"{OK}\nContent-Length: {SIZE + 20}"), BODY),
    "no last chunk": (_raw(f"{OK}\nTransfer-Encoding: chunked", _chunks(BODY, b"")), BODY),
    "chunked in name only": (_raw(f"{OK}\nTransfer-Encoding: chunked"), BODY),
}
REDIRECTS = {
    "/two words": "/two%20words",
    "/br\xf6tchen": "/br%F6tchen",
    "/br\xc3\xb6tchen": "/br%C3%B6tchen",
    "rolls?x=1#top": "/rolls?x=1",
    "\\rolls": "/rolls",
    "http:/two": "/two",
    "http:two?a=b": "/two?a=b",
    "http:?page=2": "/?page=2",
}


@asynccontextmanager
async def _client(answer: bytes) -> AsyncIterator[tuple[HttpClient, str]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpClient(AddressGuard([("127.0.0.1", port)]), "test", Limits()) as client:
        yield client, f"http://127.0.0.1:{port}/"


async def _get(answer: bytes) -> Response:
    async with _client(answer) as (client, url):
        return await client.get(parse(url))


@pytest.mark.parametrize("kind", WHOLE)
async def test_responses_that_browsers_show_are_read_whole(kind: str) -> None:
    response = await _get(WHOLE[kind])
    response.raise_for_status()
    assert response.body == BODY
    assert response.complete


@pytest.mark.parametrize("kind", INCOMPLETE)
async def test_responses_with_false_lengths_are_read_and_noted(kind: str) -> None:
    answer, shown = INCOMPLETE[kind]
    async with _client(answer) as (client, url):
        response = await client.get(parse(url))
        assert response.body == shown
        assert list(client.incomplete) == [parse(url)]


@pytest.mark.parametrize(("location", "path"), REDIRECTS.items())
async def test_redirects_have_the_same_targets_as_in_browsers(location: str, path: str) -> None:
    response = await _get(_raw(MOVED + location, b""))
    assert response.redirect is not None
    assert response.redirect.target == path


async def test_a_text_that_ends_at_the_same_place_again_is_taken() -> None:
    cut = BODY[:50]
    async with _client(_raw(f"{OK}\nContent-Length: {SIZE}", cut)) as (client, url):
        with pytest.raises(Failure, match="closed the connection"):
            await client.get(parse(url))
        response = await client.get(parse(url))
    assert response.body == cut
    assert not response.complete


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9\r\n", b"\r\n\r\n", _raw(f"{OK}\nbad line\nX: {'a' * 300_000}")],
    ids=["another protocol", "nothing", "endless headers"],
)
async def test_response_that_is_not_http_is_a_failure(answer: bytes) -> None:
    with pytest.raises(Failure):
        await _get(answer)


@pytest.mark.parametrize(
    "number",
    [b"\xc2\xb2", b"\xd9\xa3", b"\xb2", b"1\xc2\xb2", b"9" * 5000],
    ids=["power", "another script", "one byte", "a digit before", "long"],
)
async def test_digits_that_are_not_ascii_are_no_numbers_in_headers(number: bytes) -> None:
    """Python treats “²” as a digit, but it is not a number."""
    for is_standard in (True, False):
        line = b"" if is_standard else b"\r\nhello"
        head = b"HTTP/1.1 503 Busy\r\nConnection: close" + line
        response = await _get(b"%s\r\nRetry-After: %s\r\nAge: %s\r\n\r\n" % (head, number, number))
        assert response.retry_after in (None, 999_999_999)
        assert fresh_seconds({**response.headers, "Cache-Control": "max-age=60"}) in (0, 60)
    response = await _get(_raw(OK)[: -SIZE - 2] + b"Content-Length: " + number + b"\r\n\r\n" + BODY)
    assert response.body == BODY


async def test_a_compressed_body_that_is_damaged_is_a_failure() -> None:
    with pytest.raises(Failure, match="damaged"):
        await _get(_raw(f"{OK}\nContent-Encoding: gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 50))


def test_cookies_are_sent_back_unchanged(tmp_path: Path) -> None:
    value = '{"seen":1}'
    with serving({}) as site:
        site.answer_request = lambda request: (
            Answer(HTML)
            if request.headers.get("Cookie") == f"v={value}"
            else Answer("", 302, {"Location": request.path, "Set-Cookie": f"v={value}; Path=/"})
        )
        crawled = call(site.url, tmp_path).completed()
    assert "Brötchen" in crawled.full


def test_pages_that_may_lack_text_are_named_in_the_manifest(tmp_path: Path) -> None:
    cut = gzip.compress(("<main><p>Rolls at six.</p>" * 200).encode())[:-12]
    with serving(
        {"/": Answer(cut, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})}
    ) as site:
        notes = call(site.url, tmp_path).completed().manifest["notes"]
    assert [note for note in notes if "text may be missing" in note and site.url in note]
