"""A bad network: a TCP proxy that delays data, cuts connections, and sometimes blocks all data."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

_CHUNK = 65536


class Proxy:
    """Forwards connections to a server on this machine.

    Attributes:
        url: Its own address, which replaces the server's.
        delay: Maximum delay of a chunk in seconds.
        cuts: Share of chunks at which the connection is cut.
        made: How many connections were made.
        broken: How many of them were cut.
    """

    def __init__(self, target: str, *, seed: int = 0, delay: float = 0.0, cuts: float = 0.0) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._dice = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.delay = delay
        self.cuts = cuts
        self.made = self.broken = 0
        threading.Thread(target=self._welcome, daemon=True).start()

    @contextlib.contextmanager
    def partition(self) -> Iterator[None]:
        """Block all data for some time; data that was sent meanwhile arrives afterwards."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        self._open.set()

    def _welcome(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.made += 1
            threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target) as far:
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._open.wait()
                time.sleep(self._dice.uniform(0, self.delay))
                if self._dice.random() < self.cuts:
                    self.broken += 1
                    for side in (source, target):
                        side.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def bad_network(target: str, **weather: float) -> Iterator[Proxy]:
    """Run a proxy until the context ends; see :class:`Proxy`."""
    proxy = Proxy(target, **weather)  # type: ignore[arg-type]
    try:
        yield proxy
    finally:
        proxy.close()
