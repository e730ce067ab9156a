"""The converter: one persistent Node child that finds the main part of a page and turns it into Markdown.

Frames over pipes, answers in the order of the questions; `mdream/pipe.mjs` says what they hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import struct
from collections import deque
from typing import TYPE_CHECKING

from llmready.crawler.convert.node import SCRIPT, converter_command
from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from pathlib import Path

    from llmready.crawler.page.metadata import Told

SECONDS_A_PAGE = 15
MAX_WAITING = 8
"""Pages given to the child at once; more would only wait in its pipe, and in memory."""

# The young generation is kept small: pages die young, and the default lets 32 MB of them pile up. (Half of this costs
# 5 % of the time and saves 2 MB.) The last of V8's
# compilers, TurboFan, comes late: most crawls end before what it costs is brought in again.
_NODE_OPTIONS = (
    "--max-semi-space-size=2",
    "--max-old-space-size=192",
    "--no-parallel-scavenge",
    "--no-osr-from-maglev",
    "--invocation-count-for-turbofan=100000",
)

PIPE_BYTES = 1 << 18

_QUESTION = struct.Struct(">III")
_ANSWER = struct.Struct(">III")


MAX_DEATHS = 5
"""Children that may die in a row, without one answer, before the converter counts as broken."""


class _GoneError(Exception):
    """The child ended before it came to this question."""


class Converter:
    """Converts pages. Use `start` first, `close` at the end; a child that dies is replaced.

    Parameters: `script`, what Node runs.
    """

    def __init__(self, script: Path = SCRIPT) -> None:
        self._script = script
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[tuple[bytes, str]]] = deque()
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._starting = asyncio.Lock()
        self._deaths = 0

    async def start(self) -> None:
        """Start the child. Raises: Failure (converter_failed) when there is no Node or no converter."""
        node, script = converter_command(self._script)
        try:
            self._child = await asyncio.create_subprocess_exec(
                node,
                *_NODE_OPTIONS,
                script,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", ""), "NODE_ENV": "production"},
            )
        except OSError as error:
            raise Failure(
                Code.CONVERTER_FAILED, f"The converter does not start: {error.strerror}."
            ) from error
        if self._child.stdin is not None:
            _widen(self._child.stdin.transport)
        self._reader = asyncio.create_task(self._read(self._child))

    async def read(self, html: bytes, url: str) -> tuple[Told, str]:
        """Read one page.

        Parameters: `html`, all of it, in UTF-8; `url`, against which its links are resolved.
        Returns: what it says about itself, and its Markdown, not yet sanitised.
        Raises: Failure (converter_failed) when this page is more than mdream can take.
        """
        facts, markdown = await self._asked(html, url, wants_facts=True)
        told: Told = json.loads(facts)
        return told, markdown

    async def convert(self, html: bytes, url: str) -> str:
        """Return only the Markdown of a page; see `read`. Raises: Failure (converter_failed)."""
        _, markdown = await self._asked(html, url, wants_facts=False)
        return markdown

    async def _asked(self, html: bytes, url: str, *, wants_facts: bool) -> tuple[bytes, str]:
        async with self._places:
            question = _question(html, url, wants_facts=wants_facts)
            while self._deaths < MAX_DEATHS:
                try:
                    return await self._ask(question)
                except _GoneError:
                    continue
                except TimeoutError:
                    self._deaths += 1
                    break
        raise Failure(Code.CONVERTER_FAILED, f"{url} could not be converted to Markdown.")

    async def close(self) -> None:
        """End the child."""
        if self._child is not None:
            _kill(self._child)
            await self._child.wait()
        if self._reader is not None:
            await self._reader
        self._child = None

    async def _ask(self, question: bytes) -> tuple[bytes, str]:
        async with self._starting:
            if self._child is None:
                await self.start()
        child = self._child
        if child is None or child.stdin is None:
            raise _GoneError
        answer: asyncio.Future[tuple[bytes, str]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        child.stdin.write(question)
        try:
            async with asyncio.timeout(SECONDS_A_PAGE):
                return await answer
        except TimeoutError:
            # Questions are answered in their order, so the first to run out of time is the one that hangs.
            _kill(child)
            raise

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        """Hand the answers to those who wait, oldest first, until the child ends."""
        if child.stdout is None:
            return
        try:
            while True:
                head = await child.stdout.readexactly(_ANSWER.size)
                status, facts_length, length = _ANSWER.unpack(head)
                body = await child.stdout.readexactly(facts_length + length)
                facts, text = body[:facts_length], body[facts_length:].decode("utf-8", errors="replace")
                self._deaths = 0
                answer = self._waiting.popleft()
                if answer.done():
                    continue
                if status == 0:
                    answer.set_result((facts, text))
                else:
                    answer.set_exception(
                        Failure(Code.CONVERTER_FAILED, f"The page cannot be converted: {text}.")
                    )
        except (asyncio.IncompleteReadError, OSError):
            self._mourn()

    def _mourn(self) -> None:
        """The child is gone: the page it was at is lost, the others are asked again."""
        self._child = None
        self._deaths += 1
        culprit = True
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(
                    Failure(Code.CONVERTER_FAILED, "The page is more than the converter can take.")
                    if culprit
                    else _GoneError()
                )
            culprit = False


def _question(html: bytes, url: str, *, wants_facts: bool) -> bytes:
    address = url.encode("ascii", errors="replace")
    return b"".join((_QUESTION.pack(wants_facts, len(address), len(html)), address, html))


def _widen(pipe: asyncio.WriteTransport) -> None:
    """Give a pipe room for whole pages, so that each is written at once, where the system allows it."""
    with contextlib.suppress(OSError, AttributeError, ValueError, TypeError):
        fcntl.fcntl(pipe.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()
