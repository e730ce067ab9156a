"""The converter: one persistent Node child that turns pages into Markdown and reports their raw facts.

Requests and responses are frames over pipes, in the same order; `container/mdream/pipe.mjs` describes them.
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

    from llmready.crawler.convert.raw_facts import RawFacts

SECONDS_A_PAGE = 15
MAX_WAITING = 8
"""Pages that are sent to the child at the same time; more would only wait in its pipe."""

# A small young generation, because a page's objects are short-lived and the default keeps 32 MB of them; half of this
# size takes 5 % more time and saves up to 10 MB. TurboFan starts late, because most crawls end before it pays off.
_NODE_OPTIONS = (
    "--max-semi-space-size=4",
    "--max-old-space-size=192",
    "--no-parallel-scavenge",
    "--no-osr-from-maglev",
    "--invocation-count-for-turbofan=100000",
)

PIPE_BYTES = 1 << 20

_REQUEST = struct.Struct(">III")
_RESPONSE = struct.Struct(">III")


MAX_DEATHS = 5
"""Children that may end in a row without any response before the converter counts as broken."""

_PROBE = (b"<p>a</p>", "https://example.com/")
"""A page that every working converter can convert."""


class _GoneError(Exception):
    """The child ended before it read this request."""


class _SlowError(Exception):
    """The child needs more than SECONDS_A_PAGE for this page."""


class Converter:
    """Converts pages in a child process, which is replaced when it crashes. Call `start` first, `close` at the end.

    Args:
        script: Script that Node runs.
    """

    def __init__(self, script: Path = SCRIPT) -> None:
        self._script = script
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[tuple[bytes, str]]] = deque()
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._starting = asyncio.Lock()
        self._answered_at = 0.0
        self._has_answered = False
        self._is_closed = False
        self._deaths = 0

    async def start(self) -> None:
        """Start the child. Raises: Failure (converter_failed) if Node or the converter is missing."""
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
        self._has_answered = False
        self._reader = asyncio.create_task(self._read(self._child))

    async def read(self, html: bytes, url: str) -> tuple[RawFacts, str]:
        """Convert one page.

        Args:
            html: The whole page in UTF-8.
            url: Base URL of the relative links.

        Returns:
            The raw facts of the page, and its Markdown before sanitising.

        Raises:
            Failure: The page needs more time or memory than the limits allow (converter_failed).
        """
        facts, markdown = await self._send(html, url, wants_facts=True)
        others, _, navigation = facts.partition(b"\n")
        raw: RawFacts = json.loads(others)
        raw["navigation"] = navigation.decode("utf-8", errors="replace")
        return raw, markdown

    async def convert(self, html: bytes, url: str) -> str:
        """Return only the Markdown of a page. See `read`. Raises: Failure (converter_failed)."""
        _, markdown = await self._send(html, url, wants_facts=False)
        return markdown

    async def _send(self, html: bytes, url: str, *, wants_facts: bool) -> tuple[bytes, str]:
        async with self._places:
            while self._deaths < MAX_DEATHS:
                try:
                    return await self._exchange(html, url, wants_facts=wants_facts)
                except _GoneError:
                    continue
                except _SlowError:
                    raise Failure(
                        Code.CONVERTER_FAILED,
                        f"{url} takes more than {SECONDS_A_PAGE} seconds to convert to Markdown.",
                    ) from None
        raise Failure(
            Code.CONVERTER_FAILED,
            f"{url} cannot be converted to Markdown: {MAX_DEATHS} processes of the converter ended in a row"
            " without converting a page.",
        )

    async def close(self) -> None:
        """End the child. Pages that are still waiting fail (converter_failed)."""
        self._is_closed = True
        # A child may be starting in place of one that ended.
        async with self._starting:
            if self._child is not None:
                _kill(self._child)
                await self._child.wait()
            if self._reader is not None:
                await self._reader
            self._child = None

    async def _exchange(self, html: bytes, url: str, *, wants_facts: bool) -> tuple[bytes, str]:
        async with self._starting:
            if self._is_closed:
                raise Failure(
                    Code.CONVERTER_FAILED, "The conversion was ended before this page was converted."
                )
            if self._child is None:
                await self.start()
                # The last child ended. If this one converts a simple page, the converter works, and what ended the
                # last child was its page. Nobody waits for the result.
                self._write(_request(*_PROBE, wants_facts=False)).cancel()
        child = self._child
        # The request is a copy of the page, so it is not kept while the page is converted.
        response = self._write(_request(html, url, wants_facts=wants_facts))
        try:
            return await self._answer(response, child)
        finally:
            # If the caller was cancelled, a response that arrives later is ignored.
            response.cancel()

    def _write(self, request: bytes) -> asyncio.Future[tuple[bytes, str]]:
        """Send a request to the child and return its future response. Raises: _GoneError if there is no child."""
        if self._child is None or self._child.stdin is None:
            raise _GoneError
        response: asyncio.Future[tuple[bytes, str]] = asyncio.get_running_loop().create_future()
        self._waiting.append(response)
        self._child.stdin.write(request)
        return response

    async def _answer(
        self, response: asyncio.Future[tuple[bytes, str]], child: asyncio.subprocess.Process | None
    ) -> tuple[bytes, str]:
        """Wait for a response, as long as the child needs for the pages before and SECONDS_A_PAGE for this one.

        Raises: Failure (converter_failed), _GoneError, _SlowError.
        """
        clock = asyncio.get_running_loop().time
        sent_at = clock()
        while not response.done():
            left = max(sent_at, self._answered_at) + SECONDS_A_PAGE - clock()
            if left > 0:
                await asyncio.wait((response,), timeout=left)
                continue
            first = self._waiting[0]
            if child is not None and (first is response or first.done()):
                _kill(child)
            if first is response:
                raise _SlowError
            # An earlier page does not end. This page is sent again when the child has been replaced.
            await asyncio.wait((response,), timeout=SECONDS_A_PAGE)
        return response.result()

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        """Complete the waiting requests in their order, until the child ends."""
        if child.stdout is None:
            return
        try:
            while True:
                head = await child.stdout.readexactly(_RESPONSE.size)
                status, facts_length, length = _RESPONSE.unpack(head)
                facts = await child.stdout.readexactly(facts_length)
                text = (await child.stdout.readexactly(length)).decode("utf-8", errors="replace")
                self._has_answered = True
                self._answered_at = asyncio.get_running_loop().time()
                self._deaths = 0
                response = self._waiting.popleft()
                if response.done():
                    continue
                if status == 0:
                    response.set_result((facts, text))
                else:
                    response.set_exception(
                        Failure(Code.CONVERTER_FAILED, f"The page cannot be converted: {text}.")
                    )
                # This task waits for the next page while others use and release the text.
                del facts, text, response
        except (asyncio.IncompleteReadError, OSError):
            _kill(child)
            if child.stdin is not None:
                child.stdin.close()
            await child.wait()
            self._replace_child()

    def _replace_child(self) -> None:
        """Fail the page that the child was converting when it crashed. The other pages are sent again."""
        self._child = None
        if not self._has_answered:
            self._deaths += 1
        is_first = True
        while self._waiting:
            response = self._waiting.popleft()
            if not response.done():
                response.set_exception(
                    Failure(Code.CONVERTER_FAILED, "The page exceeds the limits of the converter.")
                    if is_first
                    else _GoneError()
                )
            is_first = False


def _request(html: bytes, url: str, *, wants_facts: bool) -> bytes:
    address = url.encode("ascii", errors="replace")
    return b"".join((_REQUEST.pack(wants_facts, len(address), len(html)), address, html))


def _widen(pipe: asyncio.WriteTransport) -> None:
    """Enlarge a pipe so that a whole page fits into it, if the system allows it."""
    with contextlib.suppress(OSError, AttributeError, ValueError, TypeError):
        fcntl.fcntl(pipe.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()
