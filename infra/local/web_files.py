"""Serve the web app's files as the CloudFront distribution does."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from infra.local.failure import LocalError
from infra.web import INDEX, LINKS, SECURITY_HEADERS, cache_control

if TYPE_CHECKING:
    from pathlib import Path

_COMPRESSED_TYPES = ("text/", "application/json", "image/svg+xml", "application/javascript")


@dataclass(frozen=True)
class _File:
    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache: str


class WebFiles:
    """The built web app, kept in memory.

    Args:
        folder: output folder of `npm run build`.

    Raises:
        LocalError: The web app is not built.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / INDEX).is_file():
            raise LocalError("The web app is not built. Run `make setup`.")
        self._files = {
            path.relative_to(folder).as_posix(): _read(path, path.relative_to(folder).as_posix())
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def answer(self, request: web.Request) -> web.Response:
        """Return the file for a request path; paths of screens get the page itself."""
        if request.method not in {"GET", "HEAD"}:
            return web.json_response(
                {"message": "Method Not Allowed"}, status=405, headers={"Allow": "GET, HEAD"}
            )
        if request.path == "/" and "text/html" not in request.headers.get("Accept", ""):
            return web.json_response(LINKS, headers={"Vary": "Accept", "X-Content-Type-Options": "nosniff"})
        name = request.path.lstrip("/")
        file = self._files.get(name)
        if file is None:
            # A name with a dot is a file that does not exist; everything else is a screen of the app.
            if "." in name.rpartition("/")[2]:
                return web.Response(status=404, text="Not Found", headers=SECURITY_HEADERS)
            file = self._files[INDEX]
        return _response(request, file)


def _read(path: Path, name: str) -> _File:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type in {"text/javascript", "application/javascript"}:
        media_type = "text/javascript"
    compressible = media_type.startswith(_COMPRESSED_TYPES)
    return _File(
        content=content,
        compressed=gzip.compress(content, 9, mtime=0) if compressible else None,
        media_type=f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache=cache_control(name),
    )


def _response(request: web.Request, file: _File) -> web.Response:
    headers = {
        **SECURITY_HEADERS,
        "Cache-Control": file.cache,
        "ETag": file.etag,
        "Vary": "Accept, Accept-Encoding" if request.path == "/" else "Accept-Encoding",
    }
    if request.headers.get("If-None-Match") == file.etag:
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.compressed, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=file.content, headers=headers)
