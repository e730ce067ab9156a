"""A server with the part of the API that the tests need. It can be slow, busy or broken on request."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from llmready.domain.clock import new_id

CHUNK = 64 * 1024


class Server:
    """Serves one generation and its files.

    Attributes:
        answers: Answers for a path in place of the usual one: statuses with bodies, each used once.
        usual: The answer for a path at every request.
        states: States of the generation at successive polls; the last one is repeated.
        pause: Seconds between two chunks of the files.
        cuts: Numbers of bytes after which the next downloads are cut.
        file_name: Name that the server gives the zip.
        requests: Every request so far, as method, path and the start of its Range.
    """

    def __init__(self) -> None:
        self.generation_id = new_id()
        self.files = bytes(range(256)) * 8192  # 2 MB
        self.digest = sha256(self.files).hexdigest()
        self.file_name = "llmready_docs_1.zip"
        self.answers: dict[str, list[tuple[int, object]]] = {}
        self.usual: dict[str, object] = {
            "/auth/refresh": {"access_token": "new", "refresh_token": "next", "expires_in": 900},
            "/generations/quota/check": {
                "generations_used": 0,
                "generations_limit": 1,
                "remaining_generations": 1,
                "message": "You have 1 generation remaining this month.",
            },
        }
        self.states: list[dict[str, Any]] = [self.state("completed", 12)]
        self.pause = 0.0
        self.cuts: list[int] = []
        self.requests: list[tuple[str, str, int]] = []
        self.api = ""

    def state(self, status: str, pages: int, error: str | None = None) -> dict[str, Any]:
        """Return the generation as the API shows it."""
        return {
            "id": self.generation_id,
            "status": status,
            "progress_percentage": pages * 100 // 12,
            "pages_crawled": pages,
            "total_pages": 12,
            "pages_failed": 0,
            "error_message": error,
            "file_size": len(self.files),
        }

    def answer(self, path: str) -> tuple[int, object]:
        """Return the status and the JSON of a path."""
        if planned := self.answers.get(path):
            return planned.pop(0)
        if path in self.usual:
            return 200, self.usual[path]
        if path == f"/generations/{self.generation_id}":
            return 200, self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if path == f"/generations/{self.generation_id}/download":
            url = self.api.replace("/api/v1", "/files")
            return 200, {"download_url": url, "sha256": self.digest, "file_size": len(self.files)}
        return 404, {"detail": "This path does not exist.", "code": "not_found"}


@contextmanager
def serving() -> Iterator[Server]:
    """Serve until the context ends."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            begin = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            server.requests.append((self.command, path.removeprefix("/api/v1"), begin))
            if length := int(self.headers["Content-Length"] or 0):
                self.rfile.read(length)
            if path == "/files":
                self._send_files(begin)
                return
            status, content = server.answer(path.removeprefix("/api/v1"))
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the library looks for

        def _send_files(self, begin: int) -> None:
            content = server.files
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(content) - begin))
            self.send_header("Content-Disposition", f'attachment; filename="{server.file_name}"')
            self.end_headers()
            end = server.cuts.pop(0) if server.cuts else len(content)
            for start in range(begin, end, CHUNK):
                try:
                    self.wfile.write(content[start : min(start + CHUNK, end)])
                except OSError:
                    break
                time.sleep(server.pause)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    server.api = f"http://127.0.0.1:{web.server_address[1]}/api/v1"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join()
