"""Start the local system step by step, watch it, and stop it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import signal
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from infra.local.assembly import synthesised
from infra.local.aws import Clients
from infra.local.child import LOCAL_ACCOUNT, LOCAL_REGION
from infra.local.deployment import STACK, Deployed, deploy
from infra.local.distribution import origin_headers
from infra.local.emulator import Emulator
from infra.local.failure import LocalError
from infra.local.front_door import FrontDoor, port_taken
from infra.local.mailbox import Mailbox
from infra.local.task_agent import TaskAgent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from infra.local.settings import LocalSettings


class LocalSystem:
    """Emulator, stack, task agent, mailbox and front door of one run.

    Args:
        settings: the run.
        say: prints a line for the user.
    """

    def __init__(self, settings: LocalSettings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._emulator = Emulator(settings)
        self._front_door = FrontDoor(settings.port)
        self._agent: TaskAgent | None = None
        self._background: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Start everything, serve until SIGINT, SIGTERM or SIGHUP, stop everything.

        Raises:
            LocalError: A step failed, or the emulator ended by itself.
        """
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stopping.set)
        with _only_one(self._settings):
            stop = asyncio.create_task(_completed(stopping.wait()))
            try:
                await _first_of(asyncio.create_task(self._start()), stop)
                if not stopping.is_set():
                    ended = asyncio.create_task(_completed(self._emulator.ended()))
                    await _first_of(ended, *self._background, stop)
                    if not stopping.is_set():
                        raise LocalError(f"The AWS emulator ended unexpectedly; see {self._emulator.log}.")
            finally:
                stop.cancel()
                await self._stop()

    async def _start(self) -> None:
        began = time.perf_counter()
        _require_free(self._settings.port)
        emulating = asyncio.create_task(self._emulator.start())
        try:
            assembly, made = await synthesised()
            self._say("template: " + ("synthesised" if made else "unchanged"))
        finally:
            await emulating
        self._say(f"emulator: AWS at {self._emulator.endpoint}")
        clients = Clients(self._emulator.endpoint)
        record = self._settings.data / "emulator" / "deployed"
        deployed, changed = await asyncio.to_thread(deploy, clients, assembly, record)
        if changed:
            await self._emulator.save()
            record.write_text(deployed.template)
        self._say("stack: " + ("deployed" if changed else "unchanged"))
        self._agent = TaskAgent(self._settings, clients, self._emulator, deployed.cluster)
        self._background.append(asyncio.create_task(self._agent.run()))
        mailbox = Mailbox(self._settings.mail, self._emulator.endpoint, tls=self._emulator.tls)
        self._background.append(asyncio.create_task(mailbox.run()))
        await self._front_door.open(
            self._emulator.endpoint,
            deployed.api_id,
            origin_headers=partial(origin_headers, clients.cloudfront, deployed.distribution),
            tls=self._emulator.tls,
        )
        self._write_endpoints(deployed)
        self._say(f"ready: {self._settings.url} (after {time.perf_counter() - began:.1f} s)")
        self._introduce()

    async def _stop(self) -> None:
        # If nothing has started yet, only the reason is printed.
        say = self._say if self._emulator.started else _nothing
        say("stopping")
        await self._front_door.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._agent is not None:
            await self._agent.stop()
        await self._emulator.stop()
        (self._settings.data / "endpoints.json").unlink(missing_ok=True)
        say("stopped")

    def _write_endpoints(self, deployed: Deployed) -> None:
        endpoints: dict[str, object] = {
            "api": f"{self._settings.url}/api/v1",
            "aws": self._emulator.endpoint,
            "region": LOCAL_REGION,
            "account": LOCAL_ACCOUNT,
            "stack": STACK,
            "table": deployed.table,
            "bucket": deployed.bucket,
            "queues": deployed.queues,
        }
        self._front_door.endpoints = endpoints
        (self._settings.data / "endpoints.json").write_text(json.dumps(endpoints, indent=2) + "\n")

    def _introduce(self) -> None:
        base = f"{self._settings.url}/api/v1"
        for line in (
            f"  docs   {base}/docs",
            f"  try    curl {base}/plans",
            f"  mails  {self._settings.mail}",
            f"  logs   {self._settings.logs}",
            "  Ctrl-C stops it; your data is kept for the next start.",
        ):
            self._say(line)


def _nothing(_line: str) -> None:
    pass


async def _completed(awaited: Awaitable[object]) -> None:
    await awaited


async def _first_of(*tasks: asyncio.Task[None]) -> None:
    """Wait until one of the tasks ends, cancel the others, and raise what the first one raised."""
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if tasks[-1] not in done:
        others.discard(tasks[-1])  # the last task waits for the request to stop and continues
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for task in done:
        task.result()


@contextlib.contextmanager
def _only_one(settings: LocalSettings) -> Iterator[None]:
    """Hold the lock of the data folder, which is released when the process ends."""
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.logs.mkdir(exist_ok=True)
    with (settings.data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LocalError(
                f"Another local system runs on {settings.data} already; stop that one first."
            ) from error
        yield


def _require_free(port: int) -> None:
    """Check early that the port of the front door is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise LocalError(
                f"Port {port} needs permissions that you do not have; try make run PORT=8000."
            ) from error
        except OSError as error:
            raise port_taken(port) from error
