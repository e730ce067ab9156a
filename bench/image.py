"""Measure the worker's image: its size, and the time from a container's start to the first request of its crawl.

    .venv/bin/python -m bench.image [--target plain] [--runs 7] [--against REVISION]

The image is built as `make image` builds it. podman starts a container with Fargate's limits and a read-only root
file system, which crawls a page on loopback. The time ends when the page's server reads the first request, so it
includes podman's own work. It needs root. With `--against`, the image of another revision is built, too, and the two
start in turn.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.against import checkout
from bench.crawl import KEPT, ROOT
from bench.figures import Figures
from infra.image.__main__ import GREATEST

MOST_SECONDS = 3.0
BUILD = "import sys; from infra.image.engine import find_engine; print(find_engine().build(sys.argv[1]))"
CRAWL = """
import importlib.util, runpy, sys
# Revisions before 0.2.0 call the module `crawler`.
names = [f"{package}crawler" for package in ("llmready.", "")]
runpy.run_module(next(name for name in names if importlib.util.find_spec(name)), run_name="__main__")
"""
CRAWLER_USER = 10011
LIMITS = ("nofile=4096:4096", "nproc=4096:4096")


class _Site(BaseHTTPRequestHandler):
    """One page; notes when the first request since `asked.clear()` arrived."""

    asked = threading.Event()
    at = 0.0

    def do_GET(self) -> None:
        if not self.asked.is_set():
            type(self).at = time.monotonic()
            self.asked.set()
        body = b"<!doctype html><title>A page</title><p>A page that is crawled as soon as the container has started."
        is_page = self.path == "/"
        self.send_response(200 if is_page else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body) if is_page else 0))
        self.end_headers()
        with suppress(OSError):  # The crawl may have ended.
            self.wfile.write(body if is_page else b"")

    def log_message(self, *args: object) -> None:
        """Keep the output for the figures."""


@contextmanager
def _served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def built(repository: Path, target: str) -> str:
    """Build an image with the code of a repository. Returns: its ID. Raises: SystemExit."""
    python = repository / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", BUILD, target], cwd=repository, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the image of {repository} could not be built; the lines above say why")
    return done.stdout.split()[-1]


def megabytes(image: str) -> float:
    """Return the uncompressed size of an image in MB."""
    shown = subprocess.run(
        ["podman", "image", "inspect", "--format={{.Size}}", image],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(shown.stdout) / 1e6


def start(image: str, address: str) -> float:
    """Start a container. Returns: the seconds until the first request. Raises: SystemExit."""
    _Site.asked.clear()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        out.mkdir()
        os.chown(out, CRAWLER_USER, CRAWLER_USER)
        Path(scratch).chmod(0o755)
        container = subprocess.run(
            [
                *("podman", "run", "--rm", "--network=host", "--read-only", "--cap-drop=ALL"),
                *("--security-opt=no-new-privileges", "--memory=2048m", "--memory-swap=2048m", "--cpus=1"),
                *(f"--ulimit={limit}" for limit in LIMITS),
                *(f"--user={CRAWLER_USER}", f"--volume={out}:/out", f"--env=LLMREADY_CRAWL_ALLOW={address}"),
                *("--entrypoint=python", image, "-c", CRAWL),
                *(f"http://{address}/", "--out", "/out/result", "--max-pages", "1"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if container.returncode or not _Site.asked.is_set():
        raise SystemExit(f"the container did not start a crawl: {container.stderr.strip()}")
    return _Site.at - began


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=("plain", "browser"), default="plain")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--against", metavar="REVISION")
    wanted = parser.parse_args()
    if shutil.which("podman") is None:
        raise SystemExit("this measurement needs podman (on Debian: apt install podman)")
    KEPT.mkdir(parents=True, exist_ok=True)
    # Ours is built last, because the newest build has the image's name.
    repositories = {wanted.against: checkout(wanted.against)} if wanted.against else {}
    images = {name: built(folder, wanted.target) for name, folder in {**repositories, "here": ROOT}.items()}
    seconds: dict[str, list[float]] = {name: [] for name in images}
    with _served() as address:
        for _ in range(wanted.runs):
            for name, image in images.items():
                seconds[name].append(start(image, address))
    figures = Figures()
    for name, image in images.items():
        is_ours = name == "here"
        size, time_to_request = megabytes(image), statistics.median(seconds[name])
        about = f"{wanted.target}, {name}"
        if is_ours:
            figures.at_most(f"{about}: uncompressed size", size, GREATEST[wanted.target], "MB")
            figures.at_most(f"{about}: start to the first request", time_to_request, MOST_SECONDS, "s")
        else:
            figures.note(f"{about}: uncompressed size", size, "MB")
            figures.note(f"{about}: start to the first request", time_to_request, "s")
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
