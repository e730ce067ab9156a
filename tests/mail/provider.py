"""A mail provider: a server with the part of SendGrid's v3 API that sending uses."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sendgrid:
    """The received mails, and the status of its answers."""

    def __init__(self) -> None:
        self.status = 202
        self.received: list[tuple[str, str, dict[str, Any]]] = []
        self.url = ""

    @property
    def taken(self) -> list[str]:
        """The IDs of the received mails, with repeats."""
        return [body["custom_args"]["mail"] for _, _, body in self.received]


@contextmanager
def running_sendgrid() -> Iterator[Sendgrid]:
    """Run the server until the context ends."""
    provider = Sendgrid()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if provider.status == 202:
                provider.received.append((self.path, self.headers["Authorization"], body))
            self.send_response(provider.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
