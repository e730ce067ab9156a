"""Serve test sites on loopback through real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HTML = "text/html; charset=utf-8"


@dataclass
class Answer:
    """The answer of a path.

    `drip` is the number of seconds between single bytes of the body. `rest` is called before the second half of the
    body is sent. With a header Transfer-Encoding, the body has to be encoded already; see `chunks`.
    """

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": HTML})
    drip: float = 0
    delay: float = 0
    rest: Callable[[], object] | None = None

    @property
    def data(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    at: float


class Site:
    """A running server.

    `requests` is its log. `most_at_once` is the maximum number of concurrent requests, and `most_open` the
    maximum number of connections. Set `answer_request` to use the whole request for an answer.
    """

    answer_request: Callable[[Request], Answer | None] | None = None

    def __init__(self, answer: Callable[[str], Answer | None]) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self.most_open = 0
        self._open = 0
        self._answer = answer
        self._lock = threading.Lock()
        self._now = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with site._lock:
                    site.connections += 1
                    site._open += 1
                    site.most_open = max(site.most_open, site._open)

            def finish(self) -> None:
                with site._lock:
                    site._open -= 1
                super().finish()

            def do_GET(self) -> None:
                site._serve(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site._serve(self)

            def do_HEAD(self) -> None:
                site._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Ignore closed connections, which many of these tests expect."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.path, dict(handler.headers.items()), time.monotonic())
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.requests.append(request)
        try:
            found = self.answer_request(request) if self.answer_request else self._answer(handler.path)
            answer = found or Answer("not here", 404)
            time.sleep(answer.delay)
            handler.send_response_only(answer.status)
            if "Date" not in answer.headers:
                handler.send_header("Date", handler.date_time_string())
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            if answer.status != 304 and "Transfer-Encoding" not in answer.headers:
                handler.send_header("Content-Length", str(len(answer.data)))
            handler.end_headers()
            if handler.command == "HEAD":
                return
            if answer.rest is not None:
                half = len(answer.data) // 2
                handler.wfile.write(answer.data[:half])
                answer.rest()
                handler.wfile.write(answer.data[half:])
            elif not answer.drip:
                handler.wfile.write(answer.data)
            for byte in answer.data if answer.drip else b"":
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(answer.drip)
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def serving(pages: Mapping[str, Answer | str] | Callable[[str], Answer | None]) -> Iterator[Site]:
    """Serve pages: a mapping from paths to answers (or HTML), or a function of the path."""

    def from_mapping(path: str) -> Answer | None:
        assert not callable(pages)
        found = pages.get(path)
        return Answer(found) if isinstance(found, str) else found

    site = Site(pages if callable(pages) else from_mapping)
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def chunks(body: bytes, size: int) -> bytes:
    """Encode a body in chunks of this size (Transfer-Encoding)."""
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join([*(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"])


def folder(root: Path) -> Callable[[str], Answer | None]:
    """Answer with the files of a folder, as a web server does."""

    def answer(path: str) -> Answer | None:
        file = (root / path.partition("?")[0].lstrip("/")).resolve()
        if file.is_dir():
            file = file / "index.html"
        if not file.is_relative_to(root.resolve()) or not file.is_file():
            return None
        kind = HTML if file.suffix in (".html", ".htm") else "application/octet-stream"
        return Answer(file.read_bytes(), headers={"Content-Type": kind})

    return answer


def page(title: str, body: str = "", head: str = "") -> str:
    """Make a small page with enough words for a result."""
    words = f"<p>This is the page about {title}, with a few words so that it is worth keeping.</p>"
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head>"
        f"<body><main><h1>{title}</h1>{words}{body}</main></body></html>"
    )


def links(*targets: str) -> str:
    """Make a list of links."""
    return "<ul>" + "".join(f'<li><a href="{target}">to {target}</a></li>' for target in targets) + "</ul>"
