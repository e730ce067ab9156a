"""Start and stop the emulator's process, with its ports and environment."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import time
from typing import TYPE_CHECKING

import aiohttp

from infra.local.certificate import make_certificate
from infra.local.child import LOCAL_REGION, Child, aws_environment
from infra.local.failure import LocalError
from infra.paths import ROOT

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from infra.local.certificate import Certificate
    from infra.local.settings import LocalSettings

READY_WITHIN = 60.0
STOP_WITHIN = 20.0
LARGEST_LOG = 10 * 1024 * 1024
SAVE_PATH = "/_llmready/save"
CREDENTIALS_PATH = "/_llmready/task-credentials"


class Emulator:
    """The AWS emulator of one data folder.

    URLs that the emulator returns, such as queue URLs, contain a port. This is always the port of the first start,
    which is stored in the data folder. The emulator listens on this port if it is free, otherwise on another one. The
    URLs stay valid, because the emulator reads only their paths.

    Args:
        settings: settings of the run.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._folder = settings.data / "emulator"
        self._child: Child | None = None
        self._certificate: Certificate | None = None
        self.port = 0

    @property
    def started(self) -> bool:
        """Whether the process was started."""
        return self._child is not None

    @property
    def endpoint(self) -> str:
        """Base URL of every emulated service."""
        return f"{'https' if self._settings.enforce_iam else 'http'}://127.0.0.1:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext | bool:
        """TLS context for clients; True for the default."""
        return self._certificate.context() if self._certificate else True

    @property
    def log(self) -> Path:
        """File with the emulator's and the functions' output."""
        return self._settings.logs / "emulator.log"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            LocalError: It ended or did not answer in time.
        """
        temporary = self._folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        named_port = self._named_port()
        self.port = named_port if _is_free(named_port) else _free_port()
        environment = {
            **self._enforcement(),
            **aws_environment(self.endpoint),
            **self._settings.passed_on,
            "LLMREADY_EMULATOR_PORT": str(self.port),
            "LLMREADY_FUNCTIONS_LOG": str(self._settings.logs / "functions.log"),
            "GATEWAY_PORT": str(named_port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": LOCAL_REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self._folder / "s3"),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(temporary),
            # If a container engine is running, the emulator would start containers for tasks. Instead, the task
            # agent always starts the worker.
            "DOCKER_HOST": f"unix://{self._folder / 'no-docker.sock'}",
        }
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._child = await Child.start(
            [sys.executable, "-m", "infra.local.emulator_server"],
            environment=environment,
            folder=ROOT,
            log=self.log,
        )
        await self._answering(self._child)

    def _enforcement(self) -> dict[str, str]:
        """Enable the evaluation of policies over TLS, because the template's policies refuse other connections."""
        if not self._settings.enforce_iam:
            return {}
        self._certificate = make_certificate(self._folder / "tls")
        # All child processes trust it, too: functions and workers.
        os.environ["AWS_CA_BUNDLE"] = str(self._certificate.trusted)
        return {
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(self._certificate.certificate),
            "MINISTACK_SSL_KEY": str(self._certificate.key),
            "LLMREADY_ACCESS_LOG": str(self._settings.access_log),
        }

    async def save(self) -> None:
        """Request that the whole state is written to the data folder."""
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.tls)) as session,
            session.post(self.endpoint + SAVE_PATH) as response,
        ):
            response.raise_for_status()

    async def task_credentials(self, role: str, task: str) -> dict[str, str]:
        """Return the variables that ECS sets for a task's role. None if IAM is not enforced.

        Args:
            role: ARN of the task's role.
            task: ID of the task.
        """
        if not self._settings.enforce_iam:
            return {}
        connector = aiohttp.TCPConnector(ssl=self.tls)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(self.endpoint + CREDENTIALS_PATH, params={"role": role, "task": task}) as response,
        ):
            response.raise_for_status()
            given: dict[str, str] = json.loads(await response.read())
            return given

    async def ended(self) -> int:
        """Wait until the process ends by itself and return its exit code."""
        if self._child is None:
            raise LocalError("The AWS emulator has not been started.")
        return await self._child.wait()

    async def stop(self) -> None:
        """Stop the process and wait until it has ended."""
        if self._child is not None:
            await self._child.stop(STOP_WITHIN)
            shutil.rmtree(self._folder / "tmp", ignore_errors=True)

    def _named_port(self) -> int:
        kept = self._folder / "port.json"
        if kept.exists():
            port: int = json.loads(kept.read_text())
            return port
        port = _free_port()
        kept.write_text(json.dumps(port))
        return port

    async def _answering(self, child: Child) -> None:
        deadline = time.monotonic() + READY_WITHIN
        connector = aiohttp.TCPConnector(ssl=self.tls)
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=2), connector=connector
        ) as session:
            while time.monotonic() < deadline:
                if child.exit_code is not None:
                    raise LocalError(f"The AWS emulator ended at its start; see {self.log}.")
                try:
                    async with session.get(f"{self.endpoint}/_ministack/health") as response:
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                await asyncio.sleep(0.05)
        raise LocalError(f"The AWS emulator does not answer; see {self.log}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
