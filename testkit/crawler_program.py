"""Run the real crawler as a process and read its events and files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from llmready.crawler.cli import main
from llmready.crawler.failures import TRANSIENT
from testkit.memory import Watch

_BYTECODE = Path(tempfile.gettempdir()) / f"llmready-test-bytecode-{os.getuid()}"


@dataclass
class Run:
    code: int
    events: list[dict[str, Any]]
    stderr: str
    out: Path
    seconds: float

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "manifest.json").read_text()))

    @property
    def llms(self) -> str:
        return (self.out / "llms.txt").read_text()

    @property
    def full(self) -> str:
        return (self.out / "llms-full.txt").read_text()

    def urls(self, origin: str) -> set[str]:
        """The URLs of the pages without their origin."""
        return {page["url"].removeprefix(origin) for page in self.manifest["pages"]}

    def completed(self) -> Run:
        assert self.code == 0, (self.events, self.stderr)
        assert self.last["event"] == "completed"
        return self

    def failed(self, code: str) -> Run:
        assert self.last["event"] == "failed", (self.events, self.stderr)
        assert self.last["code"] == code, self.last
        assert self.last["transient"] == (code in TRANSIENT)
        assert self.last["detail"].endswith(".")
        assert "\n" not in self.last["detail"]
        assert self.code == 1
        assert not self.out.exists(), "a failure leaves nothing behind"
        assert [entry.name for entry in self.out.parent.iterdir()] == []
        return self


def environment(allow: str = "", **more: str) -> dict[str, str]:
    """The crawler's environment: no variables of this process, and a shared cache of compiled modules."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return {**kept, "LLMREADY_CRAWL_ALLOW": allow, "PYTHONPYCACHEPREFIX": str(_BYTECODE), **more}


def command(url: str, out: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "llmready.crawler", url, "--out", str(out), *arguments]


def _allowed(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def run(
    url: str, folder: Path, *arguments: str, allow: str | None = None, seconds: float = 60, **more: str
) -> Run:
    """Crawl in a separate process with `--events`; `allow` defaults to the URL's host and port."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "out"
    began = time.monotonic()
    done = subprocess.run(
        command(url, out, "--events", *arguments),
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment(_allowed(url) if allow is None else allow, **more),
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Run(done.returncode, events, done.stderr, out, time.monotonic() - began)


def call(url: str, folder: Path, *arguments: str, allow: str | None = None, **more: str) -> Run:
    """Crawl as `run` does, but in this process, which is faster."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "out"
    began = time.monotonic()
    stdout, stderr = io.StringIO(), io.StringIO()
    setting = {"LLMREADY_CRAWL_ALLOW": _allowed(url) if allow is None else allow, **more}
    with patch.dict(os.environ, setting), redirect_stdout(stdout), redirect_stderr(stderr):
        code = main([url, "--out", str(out), "--events", *arguments])
    events = [json.loads(line) for line in stdout.getvalue().splitlines()]
    return Run(code, events, stderr.getvalue(), out, time.monotonic() - began)


def watched_run(url: str, folder: Path, *arguments: str) -> tuple[Run, float]:
    """Run the crawler as a separate process and measure its memory.

    Args:
        url: Where the crawl starts. The crawler may connect only to this server.
        folder: Where the result is written, in a folder `out`.
        arguments: Further options of the command line.

    Returns:
        The run, without its events, and the peak memory of the processes in MB.
    """
    out = folder / "out"
    allowed = url.partition("://")[2].partition("/")[0]
    with Watch("-m llmready.crawler", str(out)) as watch:
        began = time.monotonic()
        done = subprocess.run(
            command(url, out, *arguments),
            capture_output=True,
            text=True,
            timeout=90,
            env=environment(allowed),
            check=False,
        )
        seconds = time.monotonic() - began
    return Run(done.returncode, [], done.stderr + done.stdout, out, seconds), watch.peak
