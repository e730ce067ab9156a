"""Child processes that end with the system: the emulator and the workers."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl(2)
# Loaded in advance, because between fork and exec only the call itself is safe.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

# No call may reach a developer's AWS account by accident.
_FOREIGN = ("AWS_", "LLMREADY_", "POWERTOOLS_", "MINISTACK_", "LOCALSTACK_", "PYTHON", "DOCKER_HOST")
LOCAL_REGION = "us-east-1"
LOCAL_ACCOUNT = "000000000000"


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return the environment of this process with the emulator instead of any AWS account.

    Args:
        endpoint: the emulator's base URL.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    no_proxy = [*filter(None, [kept.get("NO_PROXY", kept.get("no_proxy", ""))]), "127.0.0.1", "localhost"]
    trusted = os.environ.get("AWS_CA_BUNDLE")
    return {
        **kept,
        **({"AWS_CA_BUNDLE": trusted} if trusted else {}),
        "NO_PROXY": ",".join(no_proxy),
        "no_proxy": ",".join(no_proxy),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": LOCAL_REGION,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # No X-Ray daemon listens here.
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


class Child:
    """A running child process in its own process group."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, command: list[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> Child:
        """Start a process.

        Args:
            command: program and arguments.
            environment: its complete environment.
            folder: its working folder.
            log: file to which its output is appended.
        """
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """ID of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code. None while the process runs. A negative signal number if a signal ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Send SIGTERM."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def stop(self, grace: float) -> int:
        """Stop the process with SIGTERM, after ``grace`` seconds with SIGKILL to its group; wait for its end."""
        self.terminate()
        try:
            return await asyncio.wait_for(self.wait(), grace)
        except TimeoutError:
            return await self.kill()
        finally:
            self._kill_group()

    async def kill(self) -> int:
        """Kill it and its children at once."""
        self._kill_group()
        return await self.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Request a signal for this process when its parent ends.

    Only Linux supports this. On other systems, the children must detect the end of the parent themselves.
    """
    if _prctl is not None:
        _prctl(_SET_PARENT_DEATH_SIGNAL, number, 0, 0, 0)
