"""Run the emulator: ministack behind hypercorn, with corrections where it differs from AWS.

Started by :mod:`infra.local.emulator` with the emulator's settings in the environment. In addition to ministack, it

* saves the state while it runs, because ministack saves only at a clean stop. A crash loses at most the changes of
  the last seconds (``SAVE_INTERVAL``, or the time that saving takes).
* lets ``{proxy+}`` match an empty rest, as AWS does: ``/websites/`` reaches ``/websites/{proxy+}``.
* does not wait 50 ms for a log line after a function has answered.
* also writes the logs of functions into a file, and keeps only the latest log streams.
* reports stopped tasks to EventBridge, as ECS does.
* reports bounced mails to EventBridge, as SES does (:mod:`infra.local.mail_feedback`).
* scans archives as GuardDuty does, if ``LLMREADY_MALWARE_SCAN`` is on (:mod:`infra.local.scanner`).
* logs IAM decisions and gives tasks the credentials of their role, if IAM is enforced
  (:mod:`infra.local.enforcement`).
* marks tasks of an earlier run as stopped, because ministack would list them as running.
* refuses requests of web pages (:mod:`infra.local.callers`).

ministack is pinned to an exact version, because this module changes its internals.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import logging.handlers
import os
import re
import signal
import sys
import time
import warnings
from asyncio import constants
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import lambda_runtime
from ministack.core.persistence import save_state
from ministack.services import apigateway, cloudwatch_logs, ecs, eventbridge, lambda_svc

from infra.local.callers import is_refused
from infra.local.child import die_with_parent
from infra.local.enforcement import CREDENTIALS_PATH, enforce_as_aws, task_credentials
from infra.local.mail_feedback import tell_feedback
from infra.local.scanner import scan_archives

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

SAVE_PATH = "/_llmready/save"

SAVE_INTERVAL = 1.0
# Saving uses a whole core, so it may take at most a tenth of the time.
SAVE_SHARE = 10
# The parts of the state that requests change; the rest (code of functions, stacks, roles) changes only by a deploy.
CHANGING = ("dynamodb", "sqs", "s3", "ses", "ses_v2", "ecs", "eventbridge", "secretsmanager")

# The emulator creates a log stream for each call of a function and would keep all of them.
KEPT_STREAMS = 200
LARGEST_LOG = 10 * 1024 * 1024
# Seconds: how long to wait for a function's first log line, for another one, and at most.
LOG_WAITS = (0.005, 0.002, 0.25)

_READS = re.compile(r"(Get|BatchGet|Describe|List|Query|Scan|Receive)")

_logger = logging.getLogger("llmready.emulator")


class Saver:
    """Writes the emulator's state to its folder after requests changed it.

    A forked copy of the process writes a snapshot, so that requests are not blocked.
    """

    def __init__(self) -> None:
        self._changed = False
        self._stopped = asyncio.Event()

    def note(self, scope: Scope) -> None:
        """Record that a request may have changed the state."""
        self._changed = self._changed or not _only_reads(scope)

    def save(self, names: Iterable[str] | None = None) -> None:
        """Write the given parts of the state, or all."""
        for name, get_state in ministack._build_persistence_save_dict().items():  # noqa: SLF001
            if names is None or name in names:
                state = get_state()
                if state is not None:
                    save_state(name, state)

    async def run(self) -> None:
        """Save repeatedly until :meth:`stop`; then wait for the last copy to end."""
        pause = SAVE_INTERVAL
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), pause)
            if self._changed and not self._stopped.is_set():
                self._changed = False
                began = time.perf_counter()
                await self._save_in_copy()
                pause = max(SAVE_INTERVAL, SAVE_SHARE * (time.perf_counter() - began))

    def stop(self) -> None:
        """End :meth:`run`; ministack itself saves everything at its end."""
        self._stopped.set()

    async def _save_in_copy(self) -> None:
        with warnings.catch_warnings():
            # The copy has only this thread, so no other thread can hold a lock that it needs.
            warnings.simplefilter("ignore", DeprecationWarning)
            copy = os.fork()
        if copy == 0:
            die_with_parent(signal.SIGKILL)
            try:
                self.save(CHANGING)
            finally:
                os._exit(0)
        await asyncio.to_thread(os.waitpid, copy, 0)


def _only_reads(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    operation = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    if operation:
        return _READS.match(operation) is not None
    return scope["method"] in {"GET", "HEAD"}


def amended(saver: Saver) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the emulator's ASGI application with LLMReady's additions."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if _is_refused(scope):
                await _answer(send, 403, b"The emulator does not accept requests of web pages.\n")
                return
            if scope["path"] == SAVE_PATH:
                saver.save()
                await _answer(send, 204, b"")
                return
            if scope["path"] == CREDENTIALS_PATH:
                asked = dict(parse_qsl(scope["query_string"].decode()))
                given = json.dumps(task_credentials(asked["role"], asked["task"])).encode()
                await _answer(send, 200, given)
                return
            saver.note(scope)
        elif scope["type"] == "websocket":  # LLMReady uses none, and web pages may open them to any address
            await send({"type": "websocket.close"})
            return
        await ministack.app(scope, receive, send)

    return application


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _is_refused(scope: Scope) -> bool:
    headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    url = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    return is_refused(scope["method"], url, headers)


def amend_gateway() -> None:
    """Correct the differences between the emulated HTTP API and AWS's."""
    path_params = apigateway._extract_path_params  # noqa: SLF001

    def extract_path_params(route_path: str, request_path: str) -> dict[str, str] | None:
        prefix, greedy, _ = route_path.partition("{proxy+}")
        if greedy and request_path == prefix:
            return {"proxy": ""}
        found: dict[str, str] | None = path_params(route_path, request_path)
        return found

    apigateway._extract_path_params = extract_path_params  # noqa: SLF001


def amend_functions(log: str) -> None:
    """Correct how the emulator waits for the output of functions and keeps it.

    Args:
        log: path of the file to which their lines are written.
    """
    handler = logging.handlers.RotatingFileHandler(log, maxBytes=LARGEST_LOG, backupCount=1, delay=True)
    lines = logging.getLogger("llmready.functions")
    lines.addHandler(handler)
    lines.setLevel(logging.INFO)
    lines.propagate = False
    emit = lambda_svc._emit_lambda_logs  # noqa: SLF001

    def emit_everywhere(func: dict[str, Any], request_id: str, text: str, *rest: Any, **options: Any) -> None:
        emit(func, request_id, text, *rest, **options)
        if text:
            lines.info("%s", text)
        for group in list(cloudwatch_logs._log_groups.values()):  # noqa: SLF001
            for stream in list(group["streams"])[:-KEPT_STREAMS]:
                group["streams"].pop(stream, None)

    lambda_svc._emit_lambda_logs = emit_everywhere  # noqa: SLF001
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = LOG_WAITS  # noqa: SLF001


def amend_tasks() -> None:
    """Report the end of a task to EventBridge, and stop tasks whose worker process has ended."""
    mark, restore = ecs._mark_task_stopped, ecs.load_persisted_state  # noqa: SLF001

    def mark_and_tell(arn: str, task: dict[str, Any], *rest: Any, **options: Any) -> bool:
        stopped: bool = mark(arn, task, *rest, **options)
        if stopped:
            told = (
                "clusterArn",
                "taskArn",
                "taskDefinitionArn",
                "lastStatus",
                "desiredStatus",
                "stoppedReason",
            )
            entry = {
                "Source": "aws.ecs",
                "DetailType": "ECS Task State Change",
                "Detail": json.dumps({name: task.get(name) for name in told}),
                "Resources": [arn],
            }
            # In a thread, because a rule's target may be a function that calls the emulator.
            telling = partial(eventbridge._put_events, {"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001
            Thread(target=copy_context().run, args=(telling,), daemon=True).start()
        return stopped

    def restore_stopped(data: dict[str, Any]) -> None:
        restore(data)
        for _, task in ecs._tasks.all_items():  # noqa: SLF001
            if task["desiredStatus"] != "STOPPED":
                task |= {"desiredStatus": "STOPPED", "stoppedReason": "The local system was stopped"}

    ecs._mark_task_stopped = mark_and_tell  # noqa: SLF001
    ecs.load_persisted_state = restore_stopped


async def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    amend_gateway()
    amend_tasks()
    tell_feedback()
    amend_functions(os.environ["LLMREADY_FUNCTIONS_LOG"])
    if os.environ.get("LLMREADY_MALWARE_SCAN") == "true":
        scan_archives()
    if log := os.environ.get("LLMREADY_ACCESS_LOG"):
        enforce_as_aws(Path(log))
    config = Config()
    config.certfile = os.environ.get("MINISTACK_SSL_CERT")
    config.keyfile = os.environ.get("MINISTACK_SSL_KEY")
    config.bind = [f"127.0.0.1:{os.environ['LLMREADY_EMULATOR_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    # Clients that keep their connection do not answer TLS close messages, for which asyncio waits half a minute.
    constants.SSL_SHUTDOWN_TIMEOUT = 1.0
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    saver = Saver()
    saving = asyncio.create_task(saver.run())

    async def stopped() -> None:
        await stopping.wait()
        saver.stop()
        await saving  # what a copy still writes must not come after what ministack writes at its end

    await serve(amended(saver), config, shutdown_trigger=stopped)  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(main())
    # Threads of the emulator may still wait for something; its state is on disk already.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
