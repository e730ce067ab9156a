"""Crawl the example site of the web app and write the result that the start screen shows.

The site in ``web/example/site`` is served on loopback and crawled by the real crawler. In the result, its address is
replaced by a reserved name (RFC 6761), because the port is different in each run.

    python -m infra.example_result
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from infra.paths import ROOT
from llmready.domain.file_index import read_index

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = ROOT / "web" / "example" / "site"
# Vite copies this folder into the built web app.
RESULT = ROOT / "web" / "public" / "example"
ADDRESS = "https://tidewater.example"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Write no access log."""


@contextmanager
def served_site() -> Iterator[str]:
    """Serve the example site on a free loopback port and yield its ``host:port``."""
    handler = partial(_QuietHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def main() -> int:
    """Write the example result and return the exit code."""
    with served_site() as host, tempfile.TemporaryDirectory() as folder:
        crawled = Path(folder) / "result"
        done = _crawl(host, crawled)
        if done.returncode != 0:
            sys.stderr.write(f"The example site could not be crawled.\n{done.stdout}{done.stderr}")
            return 1
        _write(crawled, f"http://{host}")
    return 0


def _crawl(host: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmready.crawler", f"http://{host}/", "--out", str(folder), "--zip"],
        env={**os.environ, "LLMREADY_CRAWL_ALLOW": host},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _write(crawled: Path, address: str) -> None:
    """Write the files and what the app reads about them.

    Args:
        crawled: Folder that the crawler wrote.
        address: URL of the site in the files, without a trailing slash.
    """
    shutil.rmtree(RESULT, ignore_errors=True)
    texts = {
        path.relative_to(crawled).as_posix(): path.read_text().replace(address, ADDRESS)
        for path in sorted(crawled.rglob("*"))
        if path.is_file()
    }
    manifest = json.loads(texts.pop("manifest.json"))
    with ZipFile(crawled.with_suffix(".zip")) as archive:
        index = read_index(archive, hash_all=False)
    for path, text in texts.items():
        file = RESULT / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    files = [
        {
            "path": file.path,
            "bytes": len(texts[file.path].encode()),
            "tokens": file.tokens,
            "title": file.title,
            "url": file.url and file.url.replace(address, ADDRESS),
            "section": file.section,
        }
        for file in index.files
        if file.path in texts
    ]
    shown = ("url", "path", "title", "words")
    result = {
        "address": f"{ADDRESS}/",
        "name": "Tidewater",
        "ended_at": manifest["ended_at"],
        "quality": manifest["quality"],
        "files": files,
        "manifest": {
            "pages": [{name: page[name] for name in shown} for page in manifest["pages"]],
            "failures": manifest["failures"],
        },
    }
    (RESULT / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
