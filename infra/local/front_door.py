"""The address that people use: serves the web app and forwards API requests to the emulated HTTP API."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from infra.local.failure import LocalError
from infra.local.web_files import WebFiles
from infra.web import DIST, is_api

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

# Where `llmready admin --port` asks from any folder.
ENDPOINTS_PATH = "/_local/endpoints"
# What API Gateway takes, and what it says beyond that.
LARGEST_HEADER = 16 * 1024  # bytes; a little more than the gateway's 10 kB for all of them
LARGEST_BODY = 10 * 1024 * 1024
TOO_LARGE = {"message": "Request Entity Too Large"}
# API Gateway gives a function 30 s at most; a little longer leaves the answer to it.
TIMEOUT = aiohttp.ClientTimeout(total=35)
SOURCE_HEADER = "Llmready-Source-Address"

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
        port: where it listens.
    """

    def __init__(self, port: int) -> None:
        self.endpoints: dict[str, object] = {}
        """What ``.local/endpoints.json`` holds; told to operators' commands that run in another folder."""
        self._port = port
        self._api = ""
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._files: WebFiles | None = None

    async def open(self, endpoint: str, api_id: str, *, tls: ssl.SSLContext | bool = True) -> None:
        """Begin to serve.

        Args:
            endpoint: the emulator's base URL.
            api_id: the HTTP API's id.
            tls: what it takes to trust the emulator.

        Raises:
            LocalError: when the port is taken.
        """
        self._files = WebFiles(DIST)
        self._api = f"{endpoint}/_aws/execute-api/{api_id}/$default"
        self._session = aiohttp.ClientSession(
            timeout=TIMEOUT,
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._answer)
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
        # A page of another site may have led a browser here by a name of its own.
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
        headers = _kept(request.headers.items())
        headers[SOURCE_HEADER] = request.remote or "127.0.0.1"
        try:
            async with self._session.request(
                request.method,
                URL(self._api + request.raw_path, encoded=True),
                headers=headers,
                data=io.BytesIO(body) if body else None,
                allow_redirects=False,
            ) as answer:
                return web.Response(
                    status=answer.status, headers=_kept(answer.headers.items()), body=await answer.read()
                )
        except (TimeoutError, aiohttp.ClientError):
            # In the words of API Gateway when nothing answers behind it.
            return web.json_response({"message": "Service Unavailable"}, status=503)


def port_taken(port: int) -> LocalError:
    """Say that another program has the port."""
    return LocalError(f"Port {port} is taken by another program; try make run PORT={port + 1}.")


def _kept(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in _ONE_CONNECTION)
