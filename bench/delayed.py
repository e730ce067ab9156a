"""A web server that answers each request for a file after a fixed time, like a distant site.

    python -m bench.delayed FOLDER SECONDS

It prints its port. It keeps the answers in memory and uses little CPU time, so it hardly influences the measurement.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
_KINDS = {".html": "text/html", ".txt": "text/plain", ".xml": "application/xml"}


@contextmanager
def delayed(folder: Path, seconds: float) -> Iterator[str]:
    """Serve a folder in a separate process, each answer after a number of seconds, and yield its ``host:port``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.delayed", str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


class _Connection(asyncio.Protocol):
    def __init__(self, answers: dict[bytes, bytes], seconds: float) -> None:
        self._answers = answers
        self._seconds = seconds
        self._transport: asyncio.Transport | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            asyncio.get_running_loop().call_later(self._seconds, self._answer, path)

    def _answer(self, path: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._answers.get(path, _MISSING))


def _answers(folder: Path) -> dict[bytes, bytes]:
    answers = {}
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: {_KINDS.get(path.suffix, 'application/octet-stream')}\r\n"
            )
            name = f"/{path.relative_to(folder)}"
            answer = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            answers[name.encode()] = answer
            if path.name == "index.html":
                answers[os.fsencode(name.removesuffix("index.html"))] = answer
    return answers


async def _serve(answers: dict[bytes, bytes], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = await loop.create_server(lambda: _Connection(answers, seconds), sock=listening)
        print(listening.getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(_answers(Path(sys.argv[1])), float(sys.argv[2])))
