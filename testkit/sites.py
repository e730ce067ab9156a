"""Websites on loopback for the system to crawl: real documentation and small handwritten sites."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

HTML = "text/html; charset=utf-8"


class Answer(NamedTuple):
    """Response of a handwritten page."""

    body: str
    status: int = 200
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()


class Site:
    """A running site with a log of its requests."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str = "http"):
        self._server = server
        self.requests: list[str] = []
        self.host = f"127.0.0.1:{server.server_address[1]}"
        self.url = f"{scheme}://{self.host}/"


def page(title: str, body: str, links: tuple[str, ...] = ()) -> str:
    """Return a typical page of a small site."""
    anchors = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>"
        f'<meta name="description" content="About {title}."></head>'
        f"<body><nav><ul>{anchors}</ul></nav><main><h1>{title}</h1><p>{body}</p></main></body></html>"
    )


def drawn_by_script(path: str, _url: str) -> Answer:
    """Answer as a site with one page that has no text before its script runs."""
    shell = (
        "<!doctype html><html lang=en><head><title>App</title></head><body><div id=root></div><script>"
        "document.getElementById('root').innerHTML = '<main><h1>Drawn by script</h1><p>'"
        " + 'The sum is ' + (40 + 2) + '. ' + 'It needed a browser. '.repeat(20) + '</p></main>';"
        "</script></body></html>"
    )
    return Answer(shell) if path == "/" else Answer("no such page", status=404)


@contextmanager
def serve(
    answer: Callable[[str, str], Answer],
    *,
    port: int = 0,
    latency: float = 0.0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Site]:
    """Serve a handwritten site.

    Args:
        answer: Returns the answer for a path and the site's own URL.
        port: Port to listen on; 0 for a free one.
        latency: Seconds before each answer.
        tls: For https.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.requests.append(self.path)
            time.sleep(latency)
            found = answer(self.path, site.url)
            body = found.body.encode()
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in found.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.block_on_close = False  # a kept-alive connection would delay the end
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site = Site(server, "https" if tls else "http")
    with _running(server):
        yield site


@contextmanager
def serve_folder(folder: Path, *, port: int = 0) -> Iterator[Site]:
    """Serve the files of a folder."""

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    server.block_on_close = False
    with _running(server):
        yield Site(server)


def numbered(count: int) -> Callable[[str, str], Answer]:
    """Return a site of ``count`` pages that all link to the next ten."""

    def answer(path: str, _url: str) -> Answer:
        if path == "/robots.txt":
            return Answer("User-agent: *\nDisallow: /private/\n", content_type="text/plain")
        number = 0 if path == "/" else int(path.removeprefix("/p/")) if path.startswith("/p/") else -1
        if not 0 <= number < count:
            return Answer("gone", status=404)
        links = tuple(f"/p/{n}" for n in range(number + 1, min(count, number + 11)))
        return Answer(page(f"Page {number}", f"This is what page {number} says. " * 5, links))

    return answer


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
