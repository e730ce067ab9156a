"""The front door: serves the web app and forwards API requests to the emulated HTTP API.

It does what the distribution does on AWS, which the emulator deploys but does not serve.
"""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from infra.local.callers import is_web_page
from infra.local.failure import LocalError
from infra.local.web_files import WebFiles
from infra.web import DIST, is_api
from llmready.http.distribution import HOST_HEADER, VIEWER_HEADER

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

# Path that `llmready admin --port` requests from any folder.
ENDPOINTS_PATH = "/_local/endpoints"
# Limits of API Gateway, and its answers above them.
LARGEST_HEADER = 16 * 1024  # bytes; a little more than the gateway's 10 kB for all of them
LARGEST_BODY = 10 * 1024 * 1024
TOO_LARGE = {"message": "Request Entity Too Large"}
# API Gateway's timeout for a function is 30 s; this one is longer, so that API Gateway answers first.
TIMEOUT = aiohttp.ClientTimeout(total=35)

# RFC 9110, section 7.6.1: these belong to one connection.
_ONE_CONNECTION = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "expect",
}


class FrontDoor:
    """Serves the web app and the API on http://127.0.0.1:port, as the distribution does on AWS.

    Args:
        port: port to listen on.
    """

    def __init__(self, port: int) -> None:
        self.endpoints: dict[str, object] = {}
        """Content of ``.local/endpoints.json``, for operators' commands in other folders."""
        self._port = port
        self._api = ""
        self._origin_headers: Callable[[], dict[str, str]] = dict
        self._added: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._files: WebFiles | None = None

    async def open(
        self,
        endpoint: str,
        api_id: str,
        *,
        origin_headers: Callable[[], dict[str, str]],
        tls: ssl.SSLContext | bool = True,
    ) -> None:
        """Start serving.

        Args:
            endpoint: the emulator's base URL.
            api_id: ID of the HTTP API.
            origin_headers: reads the headers that the distribution adds to requests to the API.
            tls: TLS context that trusts the emulator.

        Raises:
            LocalError: The port is already in use.
        """
        self._files = WebFiles(DIST)
        self._origin_headers = origin_headers
        self._added = await asyncio.to_thread(origin_headers)
        self._api = f"{endpoint}/_aws/execute-api/{api_id}/$default"
        self._session = aiohttp.ClientSession(
            timeout=TIMEOUT,
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        application = web.Application(client_max_size=LARGEST_BODY)
        # A path may contain line feeds (%0A), which `.` does not match.
        application.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=2,
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        except OSError as error:
            raise port_taken(self._port) from error

    @property
    def _own_hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self._port}" for name in ("localhost", "127.0.0.1"))

    async def close(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        # A page of another site may send a browser here under another host name (DNS rebinding).
        if request.path == ENDPOINTS_PATH and request.host in self._own_hosts:
            return web.json_response(self.endpoints)
        if self._files is None or is_api(request.path):
            return await self._pass_on(request)
        return self._files.answer(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        if self._session is None:
            raise web.HTTPServiceUnavailable
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return web.json_response(TOO_LARGE, status=413)
        try:
            answer = await self._ask(self._session, request, body)
            if _is_direct(answer):  # the distribution's secret was rotated
                self._added = await asyncio.to_thread(self._origin_headers)
                answer = await self._ask(self._session, request, body)
        except (TimeoutError, aiohttp.ClientError):
            # API Gateway's answer if the function does not respond.
            return web.json_response({"message": "Service Unavailable"}, status=503)
        return answer

    async def _ask(self, session: aiohttp.ClientSession, request: web.Request, body: bytes) -> web.Response:
        """Send a request to the API with the headers that the distribution adds."""
        # The emulator refuses requests with headers of web pages. No function reads them.
        sent = ((name, value) for name, value in request.headers.items() if not is_web_page(name))
        headers = _kept(sent)
        headers[VIEWER_HEADER] = request.remote or "127.0.0.1"
        headers[HOST_HEADER] = request.host
        for name, value in self._added.items():
            headers[name] = value
        async with session.request(
            request.method,
            URL(self._api + request.raw_path, encoded=True),
            headers=headers,
            data=io.BytesIO(body) if body else None,
            allow_redirects=False,
        ) as answer:
            return web.Response(
                status=answer.status, headers=_kept(answer.headers.items()), body=await answer.read()
            )


def port_taken(port: int) -> LocalError:
    """Return the error for a port that another program uses."""
    return LocalError(f"Port {port} is used by another program; try make run PORT={port + 1}.")


def _is_direct(answer: web.Response) -> bool:
    """Return whether the API refused a request as not coming from the distribution."""
    if answer.status != 403 or not isinstance(answer.body, bytes):
        return False
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(problem, dict) and problem.get("code") == "direct_call"


def _kept(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in _ONE_CONNECTION)
