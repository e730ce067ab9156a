"""Run the worker's image as Fargate does: one task with the limits and permissions of its definition, in podman."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testkit.emulator import Place
from testkit.worker_process import children_of
from tests.image.fence import Fence

# The capabilities that the task definition keeps.
LEFT_CAPABILITIES = ("SETUID", "SETGID", "KILL")
STOP_TIMEOUT = 120  # seconds
_CONFIGURATION = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


class Task:
    """A container, which is created first and started by :meth:`start`.

    Args:
        image: Its name.
        fence: The network that it is in.
        place: The resources that it uses.
        folder: Folder for files of the test.
        cpu: CPU units, 1024 for one.
        memory: MiB.
        mounts: Options of podman's ``--volume``.
        settings: Further settings of LLMReady, in lower case.
    """

    def __init__(
        self,
        image: str,
        fence: Fence,
        place: Place,
        folder: Path,
        *,
        cpu: int = 1024,
        memory: int = 2048,
        mounts: Sequence[str] = (),
        **settings: object,
    ) -> None:
        self.name = f"llmready-test-{uuid.uuid4().hex[:8]}"
        self.started = 0.0
        configuration = folder / "containers.conf"
        configuration.write_text(_CONFIGURATION)
        self._environment = {**os.environ, "CONTAINERS_CONF": str(configuration)}
        given = place.environment(**{"lease_seconds": 6, "idle_seconds": 2, **settings})
        for name in ("PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE"):
            given.pop(name, None)
        # Variables that ECS sets.
        given["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = fence.credentials_path
        given["ECS_CONTAINER_METADATA_URI_V4"] = f"http://169.254.170.2/v4/{fence.credentials_path[-36:]}"
        self._podman(
            "create",
            f"--name={self.name}",
            "--init",
            f"--network=ns:{fence.path}",
            f"--memory={memory}m",
            f"--memory-swap={memory}m",
            f"--cpus={cpu / 1024}",
            "--read-only",
            "--read-only-tmpfs=false",
            "--cap-drop=ALL",
            f"--cap-add={','.join(LEFT_CAPABILITIES)}",
            "--security-opt=no-new-privileges",
            f"--stop-timeout={STOP_TIMEOUT}",
            *(f"--volume={mount}" for mount in mounts),
            *(f"--env={name}={value}" for name, value in given.items()),
            image,
        )

    def start(self) -> "Task":
        """Start it."""
        self.started = time.monotonic()
        self._podman("start", self.name)
        return self

    def wait(self, seconds: float = 60) -> int:
        """Return its exit code once it ends by itself."""
        return int(self._podman("wait", self.name, timeout=seconds))

    def stop(self) -> int:
        """Stop it as Fargate does, with SIGTERM first, and return its exit code."""
        self._podman("stop", self.name, timeout=STOP_TIMEOUT + 10)
        return int(self.inspect()["State"]["ExitCode"])

    def remove(self) -> None:
        """Remove it with all its files, even if it is running."""
        self._podman("rm", "--force", "--time=0", "--volumes", self.name)

    def inspect(self) -> dict[str, Any]:
        """Return podman's description of it."""
        (found,) = json.loads(self._podman("inspect", self.name))
        return dict(found)

    def processes(self) -> list[int]:
        """Return the IDs of its processes on this machine: the first process, then its children."""
        init = int(self.inspect()["State"]["Pid"])
        return [init, *children_of(init)]

    def log(self) -> list[dict[str, Any]]:
        """Return its log entries."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def output(self) -> str:
        """Return its output."""
        return self._podman("logs", self.name)

    def said(self, message: str) -> bool:
        """Tell whether it logged a message."""
        return any(line.get("message") == message for line in self.log())

    def _podman(self, *arguments: str, timeout: float = 60) -> str:
        done = subprocess.run(
            ["podman", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"podman {arguments[0]}: {done.stderr.strip()}")
        # A container's log has both streams.
        return done.stdout + done.stderr if arguments[0] == "logs" else done.stdout


def status_of(pid: int) -> dict[str, str]:
    """Return what proc_pid_status(5) says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
