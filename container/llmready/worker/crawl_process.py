"""A running crawler: read its events, enforce its limits, end it."""

import asyncio
import contextlib
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmready.domain.generation import Failure, PageError, Progress
from llmready.observability import logger
from llmready.usecases.end_generation import TIMED_OUT
from llmready.usecases.page_errors import MOST_ERRORS
from llmready.worker.crawl_order import CRASHED, CrawlFailed, CrawlStopped, Outcome, crawled
from llmready.worker.events import (
    Completed,
    Event,
    Failed,
    Moved,
    PageFailed,
    Progressed,
    Waiting,
    event_from,
)
from llmready.worker.processes import CrawlProcesses, memory_of

LONGEST_LINE = 16 * 1024  # bytes
_MOST_BYTES = 8 * 1024 * 1024  # of all events; an intact crawler writes less than half of that in an hour
_MOST_BAD_LINES = 1000
_TOO_LONG = b" " * LONGEST_LINE  # replaces a line that was longer
_LOG_TAIL = 2000  # characters
_URL = re.compile(r"\b[a-z]{2,10}://\S+", re.IGNORECASE)

_OUT_OF_MEMORY = Failure(
    code="budget_exceeded",
    message="The crawl needed more memory than allowed. Reduce max_pages or exclude large pages.",
)
_FILE_TOO_LARGE = Failure(
    code="budget_exceeded",
    message="The crawl wrote more data than allowed. Reduce max_pages or exclude large pages.",
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a crawler may use. Times are seconds, memory is bytes.

    Attributes:
        memory: Memory of all its processes together.
        silence: Time between two events.
        packing: Additional time after the crawl's timeout, for writing the archive.
        stopping: Time between the request to stop and the kill.
        interval: Time between two checks of the memory.
        ending: Time for killing all of its processes.
        closing: Time for reading its pipes to their ends after that.
        pausing: Time for its last requests after it was told to wait.
        removing: Time for removing the files that it wrote.
    """

    memory: int
    silence: float = 300.0
    packing: float = 60.0
    stopping: float = 10.0
    interval: float = 1.0
    ending: float = 10.0
    closing: float = 5.0
    pausing: float = 40.0
    removing: float = 60.0


class CrawlProcess:
    """One running crawler.

    Args:
        process: The crawler.
        processes: The crawler and all processes that it starts.
        home: Its working folder.
        limits: Its limits.
        report: Called with its progress.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        processes: CrawlProcesses,
        home: Path,
        limits: Limits,
        report: Callable[[Progress], None],
    ) -> None:
        self._process = process
        self._processes = processes
        self._home = home
        self._limits = limits
        self._report = report
        self._errors: list[PageError] = []
        self._log_tail = ""
        self._quiet = asyncio.Event()
        self._when_moved: Callable[[str], None] | None = None
        self._is_paused = True
        self._limit: asyncio.Timeout | None = None
        self._extension = 0.0
        self._reading_log = asyncio.create_task(self._read_log())

    async def outcome(self, seconds: float, stop: asyncio.Event, exhausted: asyncio.Event) -> Outcome:
        """Wait for the end of the crawl and return its outcome: the crawler's report, an exceeded limit, or a stop.

        Args:
            seconds: The longest time that it may take, apart from what :meth:`extend` adds.
            stop: Set when the crawl has to stop.
            exhausted: Set when the crawl has to end because the task's resources are used up.
        """
        reading = asyncio.create_task(self._read_events())
        watching = asyncio.create_task(self._watch_memory())
        stopping = asyncio.create_task(stop.wait())
        exhausting = asyncio.create_task(exhausted.wait())
        tasks: list[asyncio.Task[Outcome] | asyncio.Task[bool]] = [reading, watching, stopping, exhausting]
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds + self._extension) as self._limit:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._limit = None
            if reading.done():
                return reading.result()
            if watching.done():
                return watching.result()
            if exhausting.done():
                return CRASHED
            return CrawlStopped() if stopping.done() else CrawlFailed(TIMED_OUT, transient=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def extend(self, seconds: float) -> None:
        """Give the crawl more time."""
        self._extension += seconds
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule((self._limit.when() or 0.0) + seconds)

    def when_moved(self, call: Callable[[str], None]) -> None:
        """Call a function with the URL of the start page if the site redirects to another host."""
        self._when_moved = call

    def resume(self) -> None:
        """Let the crawler send requests. It starts paused."""
        self._is_paused = False
        self._tell(b"run\n")

    async def pause(self) -> None:
        """Let the crawler send no further request, and wait for the end of its last ones, within a limit of time."""
        self._quiet.clear()
        self._is_paused = True
        self._tell(b"wait\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.pausing):
                await self._quiet.wait()

    def _tell(self, line: bytes) -> None:
        pipe = self._process.stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(line)  # a few bytes, which always fit into the pipe's buffer

    async def ask_to_stop(self) -> None:
        """Let the crawler write its last checkpoint, within a limit of time."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.stopping):
                await self._process.wait()

    async def end(self) -> bool:
        """Kill all of its processes, and return whether it is certain that none is left."""
        ended = await asyncio.to_thread(self._processes.kill)
        # Its pipes must be read to their end, because asyncio keeps them open otherwise.
        reading = asyncio.gather(self._discard_events(), self._reading_log, self._process.wait())
        try:
            async with asyncio.timeout(self._limits.closing):
                await reading
        except TimeoutError:
            logger.warning("a process of the crawl could not be killed", pid=self._process.pid)
            self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - or the pipes stay open
        return ended

    async def _read_events(self) -> Outcome:
        read = bad = 0
        while read < _MOST_BYTES and bad < _MOST_BAD_LINES:
            try:
                async with asyncio.timeout(self._limits.silence):
                    line = await self._line()
                    if line is None:
                        return self._died(await self._process.wait())
            except TimeoutError:
                if self._is_paused:
                    continue
                logger.warning("crawler stopped: it sent no event for too long")
                return CRASHED
            read += len(line)
            event = event_from(line)
            bad += event is None
            outcome = self._outcome_of(event)
            if outcome is not None:
                return outcome
            # Lines that are already in the buffer are read without a pause; this lets the heartbeat run in between.
            await asyncio.sleep(0)
        logger.warning("crawler stopped: it wrote too much output", bytes_read=read, bad_lines=bad)
        return CRASHED

    def _outcome_of(self, event: Event | None) -> Outcome | None:
        """Record an event. Return the outcome if it is the last one."""
        match event:
            case Progressed():
                self._report(
                    Progress(
                        pages_crawled=event.pages_crawled,
                        total_pages=event.total_pages,
                        pages_failed=event.pages_failed,
                    )
                )
            case Moved():
                # An intact crawler reports this once.
                call, self._when_moved = self._when_moved, None
                if call is not None:
                    call(event.url)
            case Waiting():
                self._quiet.set()
            case PageFailed():
                if len(self._errors) < MOST_ERRORS:
                    self._errors.append(PageError(url=event.url, code=event.code, detail=event.detail))
            case Completed():
                self._processes.living()  # a family is found from processes that were seen earlier
                return crawled(self._home, event, tuple(self._errors))
            case Failed():
                self._processes.living()
                failure = Failure(code=event.code, message=event.detail)
                return CrawlFailed(failure, event.transient, errors=tuple(self._errors))
        return None

    async def _line(self) -> bytes | None:
        try:
            line = await _readable(self._process.stdout).readline()
        except ValueError:
            return _TOO_LONG
        return line or None

    async def _discard_events(self) -> None:
        while await _readable(self._process.stdout).read(LONGEST_LINE):
            pass

    async def _read_log(self) -> None:
        stream = _readable(self._process.stderr)
        while text := await stream.read(LONGEST_LINE):
            self._log_tail = (self._log_tail + text.decode(errors="replace"))[-_LOG_TAIL:]

    async def _watch_memory(self) -> Outcome:
        while True:
            await asyncio.sleep(self._limits.interval)
            living = self._processes.living()
            if memory_of(living, limit=self._limits.memory) > self._limits.memory:
                logger.warning("crawler used too much memory", limit_bytes=self._limits.memory)
                return CrawlFailed(_OUT_OF_MEMORY, transient=False)
            if living and all(process.pid != self._process.pid for process in living):
                # It has ended; children that keep its pipes open would hide this.
                await asyncio.to_thread(self._processes.kill)

    def _died(self, status: int) -> CrawlFailed:
        logger.warning("crawler died", exit_status=status, last_log=_URL.sub("(address)", self._log_tail))
        if status == -signal.SIGXFSZ:
            return CrawlFailed(_FILE_TOO_LARGE, transient=False)
        return CRASHED


def _readable(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the crawler was started without a pipe")
    return stream
