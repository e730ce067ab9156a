"""Run the local system as a separate process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from testkit.ports import free_port

ROOT = Path(__file__).parent.parent.parent


class Running:
    def __init__(self, data: Path, **environment: str):
        self.data = data
        self.port = free_port()
        self.api = f"http://localhost:{self.port}/api/v1"
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def command(self, *, port: int | str | None = None, data: Path | None = None) -> list[str]:
        return [
            sys.executable,
            "-m",
            "infra.local",
            f"--port={port or self.port}",
            f"--data={data or self.data}",
        ]

    def start(self) -> list[str]:
        """Start the system and return its output until it is ready."""
        self._process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.append(line.rstrip())
            if line.startswith("ready: "):
                return lines
        raise AssertionError(f"the local system did not start: {lines}")

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=60)
        return self._process.returncode

    def crash(self) -> None:
        """Kill the system and all processes that it started."""
        assert self._process is not None
        for pid in [self._process.pid, *self.children()]:
            os.kill(pid, signal.SIGKILL)
        self._process.communicate(timeout=10)

    def children(self, command: str = "") -> list[int]:
        """The processes that the system itself started, by a part of their command."""
        assert self._process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if parent == self._process.pid and command in line:
                    found.append(int(entry.name))
        return found

    @property
    def endpoints(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "endpoints.json").read_text()))

    def aws(self, service: str) -> Any:
        session = boto3.Session("test", "test", region_name=self.endpoints["region"])
        return session.client(service, endpoint_url=self.endpoints["aws"])  # type: ignore[call-overload]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for(condition: Callable[[], Any], *, within: float = 20.0) -> Any:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {within} s")
