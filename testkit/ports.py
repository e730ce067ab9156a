"""Free ports of the loopback address."""

import random
import socket

# Below the port range of outgoing connections on Linux and macOS. A port of that range may become occupied after it
# was found free and before a server listens on it.
_PORTS = range(20_000, 32_000)
_CHOICE = random.SystemRandom()  # Test processes that run in parallel must not choose the same ports.
_MOST_TRIES = 100


def free_port() -> int:
    """Return a port on which a server can listen.

    Raises:
        OSError: None of the tried ports was free.
    """
    for _ in range(_MOST_TRIES):
        port = _CHOICE.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"none of {_MOST_TRIES} ports between {_PORTS.start} and {_PORTS.stop} was free")
