"""Serve a folder with nginx on loopback."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIGURATION = """
daemon off;
pid {scratch}/nginx.pid;
error_log stderr crit;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  types {{ text/html html; text/plain txt; text/css css; application/xml xml; }}
  default_type application/octet-stream;
  access_log off;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; index index.html; }}
}}
"""


@contextmanager
def nginx(root: Path) -> Iterator[str]:
    """Serve a folder with nginx and yield its ``host:port``."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("this measurement needs nginx (on Debian: apt install nginx-light)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        configuration = Path(scratch) / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(scratch=scratch, port=port, root=root))
        process = subprocess.Popen([program, "-c", configuration, "-p", scratch])
        try:
            _wait(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def numbered_pages(folder: Path, count: int, size: int = 72_000) -> Path:
    """Write a site of ``count`` pages of about ``size`` bytes, a hundred links on each, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paragraph = "<p>" + "A sentence of some words that a page of documentation might have. " * 12 + "</p>\n"
    for number in range(count):
        links = "".join(
            f'<li><a href="page-{(number * 7 + step) % count}.html">Page {(number * 7 + step) % count}</a></li>'
            for step in range(1, 101)
        )
        head = f"<!doctype html><html lang=en><head><title>Page {number}</title></head><body>"
        body = f"<nav><ul>{links}</ul></nav><main><h1>Page {number}</h1>"
        text = (
            head + body + paragraph * max(1, (size - len(body)) // len(paragraph)) + "</main></body></html>"
        )
        (folder / f"page-{number}.html").write_text(text)
    shutil.copy(folder / "page-0.html", folder / "index.html")
    return folder
