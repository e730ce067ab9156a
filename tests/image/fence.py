"""A network namespace that can reach only a few ports of this machine, like a task behind a strict security group."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CREDENTIALS_HOST = "169.254.170.2"
_CLONE_NEWNET = 0x40000000
_CHUNK = 65536
# Shorter than boto3's refresh margin, so the worker has to fetch new credentials.
_CREDENTIALS_LAST = timedelta(minutes=5)


class Fence:
    """The namespace.

    It has a loopback interface and no routes. A door is a port in it that is forwarded to this machine's loopback
    interface.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = f"/run/netns/{name}"
        self.credentials_path = f"/v2/credentials/{uuid.uuid4()}"
        self.credentials_given = 0
        self.heard: list[tuple[float, bytes]] = []
        """When what began to come through the doors, the first bytes of each message."""
        self._open = contextlib.ExitStack()

    def door(self, port: int) -> None:
        """Make a port of this machine's loopback address reachable under the same number."""
        listener = self._listen("127.0.0.1", port)
        self._open.callback(_shut, listener)
        threading.Thread(target=self._welcome, args=(listener, port), daemon=True).start()

    def serve_credentials(self) -> None:
        """Serve the credentials of the task role at the address that ECS uses."""
        fence = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path == fence.credentials_path
                fence.credentials_given += found
                body = json.dumps(_credentials() if found else {"message": "no such id"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer((CREDENTIALS_HOST, 80), Answer, bind_and_activate=False)
        server.socket.close()
        server.socket = self._listen(CREDENTIALS_HOST, 80)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        self._open.callback(server.server_close)
        self._open.callback(server.shutdown)

    def close(self) -> None:
        """Shut all doors."""
        self._open.close()

    def first(self, words: bytes, *, since: float) -> float | None:
        """Return the time at which certain bytes first arrived after a time of the monotonic clock."""
        return next((when for when, said in self.heard if when >= since and words in said), None)

    def _listen(self, host: str, port: int) -> socket.socket:
        """Return a socket that listens in the namespace.

        A socket belongs to the namespace in which it was created.
        """
        made: list[socket.socket] = []

        def make() -> None:
            with open(self.path, "rb") as namespace:  # noqa: PTH123 - a file descriptor is needed
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((host, port)))

        # Only one thread joins the namespace, and it ends with the namespace.
        joining = threading.Thread(target=make)
        joining.start()
        joining.join()
        return made[0]

    def _welcome(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                inside, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(inside, port), daemon=True).start()

    def _pass_on(self, inside: socket.socket, port: int) -> None:
        with inside, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as outside:
            back = threading.Thread(target=_pump, args=(outside, inside, None), daemon=True)
            back.start()
            _pump(inside, outside, lambda said: self.heard.append((time.monotonic(), said[:512])))
            back.join()


@contextlib.contextmanager
def fenced() -> Iterator[Fence]:
    """Create a namespace that exists until the context ends."""
    fence = Fence(f"llmready-{os.getpid()}-{uuid.uuid4().hex[:6]}")
    _ip("netns", "add", fence.name)
    try:
        _ip("-n", fence.name, "link", "set", "lo", "up")
        _ip("-n", fence.name, "address", "add", f"{CREDENTIALS_HOST}/32", "dev", "lo")
        with contextlib.closing(fence):
            fence.serve_credentials()
            yield fence
    finally:
        _ip("netns", "delete", fence.name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _credentials() -> dict[str, str]:
    until = datetime.now(UTC) + _CREDENTIALS_LAST
    return {
        "AccessKeyId": "test",
        "SecretAccessKey": "test",
        "Token": "test",
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _pump(source: socket.socket, target: socket.socket, hear: Callable[[bytes], None] | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            if hear is not None:
                hear(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
    listener.close()
