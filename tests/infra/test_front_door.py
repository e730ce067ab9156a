"""The front door between a client and a server that replaces the emulator and echoes each request."""

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from infra.local.failure import LocalError
from infra.local.front_door import FrontDoor
from testkit.ports import free_port


async def _repeat(request: web.Request) -> web.Response:
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": body.decode("latin-1"),
        },
        status=302 if "moved" in request.path else 200,
        headers={"Location": "https://elsewhere.example/", "X-Mine": "yes", "Set-Cookie": "a=b"},
    )


@pytest.fixture
async def door() -> AsyncIterator[str]:
    application = web.Application(client_max_size=20 * 1024 * 1024)
    application.router.add_route("*", r"/{path:[\s\S]*}", _repeat)
    upstream = web.AppRunner(application)
    await upstream.setup()
    emulator, port = free_port(), free_port()
    await web.TCPSite(upstream, "127.0.0.1", emulator).start()
    front_door = FrontDoor(port)
    await front_door.open(
        f"http://127.0.0.1:{emulator}", "abc123", origin_headers=lambda: {"x-llmready-origin": "secret"}
    )
    yield f"http://127.0.0.1:{port}"
    await front_door.close()
    await upstream.cleanup()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/generations/",
        "/api/v1/websites?page=1&per_page=5&q=a%20b+c&empty=",
        "/api/v1/websites/a%2Fb/%C3%BC",
        "/api/v1/websites/%0A/stats",
        "/api//v1/../x",
        "/v1/llmstxt",
    ],
)
async def test_method_path_and_query_arrive_as_they_were_sent(door: str, method: str, path: str) -> None:
    got = await _raw(door, f"{method} {path} HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n\r\n")
    assert f'"method": "{method}"'.encode() in got
    assert f'"path": "/_aws/execute-api/abc123/$default{path}"'.encode() in got


async def test_headers_and_body_arrive_and_the_answer_comes_back(door: str) -> None:
    async with aiohttp.ClientSession() as session:
        request = session.post(
            f"{door}/api/v1/moved",
            data=b"\x00\xff{}",
            headers={
                "Authorization": "Bearer t",
                "Content-Type": "application/json",
                "X-Forwarded-For": "9.9.9.9",
            },
            allow_redirects=False,
        )
        async with request as answer:
            got = await answer.json()
            assert answer.status == 302
            assert answer.headers["Location"] == "https://elsewhere.example/"
            assert answer.headers["X-Mine"] == "yes"
            assert answer.headers["Set-Cookie"] == "a=b"
    assert got["body"] == "\x00\xff{}"
    assert got["headers"]["authorization"] == "Bearer t"
    assert got["headers"]["content-type"] == "application/json"
    assert got["headers"]["x-forwarded-for"] == "9.9.9.9"
    assert got["headers"]["host"].startswith("127.0.0.1:")


async def test_source_address_is_taken_from_the_socket(door: str) -> None:
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.5", 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        forged = {"X-LLMReady-Viewer": "8.8.8.8", "x-llmready-host": "evil.example", "X-LLMReady-Origin": "x"}
        async with session.get(f"{door}/api/v1/health", headers=forged) as answer:
            got = await answer.json()
    assert got["headers"]["x-llmready-viewer"] == "127.0.0.5"
    assert got["headers"]["x-llmready-host"] == door.removeprefix("http://")
    assert got["headers"]["x-llmready-origin"] == "secret"


async def test_the_emulator_gets_no_header_by_which_it_recognises_web_pages(door: str) -> None:
    sent = {"Origin": door, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Accept": "*/*"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{door}/api/v1/auth/login", headers=sent) as answer,
    ):
        got = await answer.json()
    assert got["headers"]["accept"] == "*/*"
    assert not [name for name in got["headers"] if name == "origin" or name.startswith("sec-")]


async def test_no_cookie_of_one_caller_reaches_another(door: str) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for _ in range(2):
            async with session.get(f"{door}/api/v1/health") as answer:
                assert "cookie" not in (await answer.json())["headers"]


@pytest.mark.parametrize(("size", "status"), [(10 * 1024 * 1024, 200), (10 * 1024 * 1024 + 1, 413)])
async def test_bodies_over_10_mb_are_refused_as_the_gateway_would(door: str, size: int, status: int) -> None:
    body = io.BytesIO(bytes(size))
    async with aiohttp.ClientSession() as session, session.post(f"{door}/api/v1/x", data=body) as answer:
        assert answer.status == status
        if status == 413:
            assert await answer.json() == {"message": "Request Entity Too Large"}


async def test_without_the_emulator_the_service_is_unavailable() -> None:
    port = free_port()
    front_door = FrontDoor(port)
    await front_door.open(f"http://127.0.0.1:{free_port()}", "abc123", origin_headers=dict)
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/v1/x") as answer:
        assert answer.status == 503
        assert await answer.json() == {"message": "Service Unavailable"}
    await front_door.close()


async def test_port_in_use_is_reported_in_one_sentence(door: str) -> None:
    port = int(door.rpartition(":")[2])
    second = FrontDoor(port)
    with pytest.raises(LocalError, match=f"Port {port} is used by another program"):
        await second.open("http://127.0.0.1:1", "abc123", origin_headers=dict)
    await second.close()


async def _raw(door: str, request: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.rpartition(":")[2]))
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
