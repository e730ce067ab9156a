"""A webhook receiver on loopback with configurable answers."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """A received request, with its time in seconds since 1970."""

    path: str
    headers: dict[str, str]
    body: bytes
    received_at: float


@dataclass
class Receiver:
    """A running receiver.

    Attributes:
        url: Its URL.
        host: Its ``host:port``.
        requests: The received requests.
        status: Status of its answers.
        headers: Further headers of its answers.
        body: Body of its answers.
    """

    url: str
    host: str
    requests: list[Received] = field(default_factory=list)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"

    @property
    def ids(self) -> list[str]:
        """The ``webhook-id`` of each request."""
        return [request.headers["webhook-id"] for request in self.requests]


@contextmanager
def receiving(context: ssl.SSLContext | None = None, *, port: int = 0) -> Iterator[Receiver]:
    """Run a receiver on the given port, or on any free port. With ``context``, it uses TLS."""
    receiver: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Received(self.path, headers, self.rfile.read(length), time.time()))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    host = f"127.0.0.1:{server.server_address[1]}"
    receiver = Receiver(f"{'https' if context else 'http'}://{host}/hooks", host)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def connecting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server that handles each connection with ``serve``, and yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ending = threading.Event()

    def accept() -> None:
        while not ending.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                try:
                    serve(connection)
                except OSError:
                    continue  # the client has gone

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        ending.set()
        thread.join(5)
        listener.close()
