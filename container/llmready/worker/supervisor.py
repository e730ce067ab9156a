"""One crawler process: started, listened to, limited and, in any case, ended."""

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from llmready.domain.generation import Failure, PageError, Progress
from llmready.domain.website import CrawlSettings
from llmready.observability import logger
from llmready.usecases.end_generation import TIMED_OUT
from llmready.usecases.page_errors import MOST_ERRORS
from llmready.worker import processes
from llmready.worker.confinement import Confinement
from llmready.worker.events import Completed, Failed, PageFailed, Progressed, event_from

# -P keeps the work folder, which is the working directory, out of the module path.
CRAWLER = (sys.executable, "-P", "-m", "llmready.crawler")
# By its path, without the environment and site packages: it needs neither, and starts the faster.
CLEARER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("clearing.py")))

_LINE = 16 * 1024  # bytes
_BLOCKED = "blocked-hosts"
_KEPT = "kept.answers"
_SHARED = "shared.answers"
_CHECKPOINT = "checkpoint"
_ALL_LINES = 8 * 1024 * 1024  # bytes; an honest crawler says less than half of that in an hour
_GARBAGE_LINES = 1000
_TOO_LONG = b" " * _LINE  # stands for a line that was longer than that
_TAIL = 2000  # characters
_REAPING = 5.0  # seconds
_URL = re.compile(r"\b[a-z]{2,10}://\S+", re.IGNORECASE)

_CRASHED = Failure(
    code="internal_error", message="The crawl broke off unexpectedly. This is our fault, not the website's."
)
_OUT_OF_MEMORY = Failure(
    code="budget_exceeded",
    message="The crawl needed more memory than one generation may use; fewer pages may help.",
)
_FILE_TOO_LARGE = Failure(
    code="budget_exceeded", message="The crawl wrote more than one generation may; fewer pages may help."
)


class CrawlOrder(NamedTuple):
    """What to crawl.

    Attributes:
        seconds: How long the crawler itself may take.
        blocked_hosts: Hosts that are not crawled, each with all below it.
        previous: The site's answers as the last crawl got them, to ask only for what changed.
        shared: Answers that other crawls of the host shared.
        share: Whether to write down the answers that others may use.
        resume: Where an earlier attempt was.
    """

    url: str
    settings: CrawlSettings
    seconds: int
    blocked_hosts: tuple[str, ...] = ()
    previous: Path | None = None
    shared: Path | None = None
    share: bool = False
    resume: Path | None = None


def checkpoint_of(folder: Path) -> Path:
    """Return where the crawler that works in a folder writes down how far it is."""
    return folder / "crawl" / _CHECKPOINT


class Crawled(NamedTuple):
    """The crawl came to its end, and ``archive`` should be there.

    Attributes:
        answers: The site's answers, for the next crawl of it.
        shared: Answers that other crawls may use.
        errors: The pages that are missing.
    """

    archive: Path
    report: Completed
    answers: Path
    shared: Path
    errors: tuple[PageError, ...] = ()


class CrawlFailed(NamedTuple):
    """The crawl came to nothing; ``transient`` tells whether another may succeed."""

    failure: Failure
    transient: bool
    errors: tuple[PageError, ...] = ()


class CrawlStopped(NamedTuple):
    """The crawl was stopped because the worker has to go."""


Outcome = Crawled | CrawlFailed | CrawlStopped


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a crawler may use. Times are seconds, memory is bytes.

    Attributes:
        memory: Of the crawler and all its children together.
        silence: Between two events.
        grace: Beyond the time that the crawler was told, for packing.
        farewell: Between being asked to stop and being killed.
        look: Between two looks at the memory.
    """

    memory: int
    silence: float = 300.0
    grace: float = 60.0
    farewell: float = 10.0
    look: float = 1.0


class Supervisor:
    """Runs crawlers.

    Args:
        confinement: What they are kept from.
        limits: What they may use.
        command: How one is called, without its arguments.
        clearer: What clears up behind one that had a user of its own.
    """

    def __init__(
        self,
        confinement: Confinement,
        *,
        limits: Limits,
        command: Sequence[str] = CRAWLER,
        clearer: Sequence[str] = CLEARER,
    ) -> None:
        self._confinement = confinement
        self._limits = limits
        self._command = command
        self._clearer = clearer

    async def crawl(
        self, order: CrawlOrder, folder: Path, *, report: Callable[[Progress], None], stop: asyncio.Event
    ) -> Outcome:
        """Run one crawler to its end; cancelling this kills it.

        Args:
            order: What to crawl.
            folder: An empty folder for this crawl.
            report: Is told each progress.
            stop: Ends the crawl when it is set.
        """
        home = self._confinement.make_folder(folder)
        if order.blocked_hosts:
            (folder / _BLOCKED).write_text("\n".join(order.blocked_hosts))
        process = await asyncio.create_subprocess_exec(
            *self._confinement.prefix(),
            *self._command,
            *_arguments(order, folder, home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE,
            **self._confinement.process_options(home),
        )
        crawl = _Crawl(process, home, self._limits, report)
        try:
            outcome = await crawl.outcome(order.seconds + self._limits.grace, stop)
            if isinstance(outcome, CrawlStopped):
                await crawl.ask_to_stop()
        finally:
            await crawl.end()
        return outcome

    async def clear(self, folder: Path) -> None:
        """End what is left of a user of its own, and empty its folder, as only that user can.

        Without such a user there is nothing to do: the folder can be removed as it is.
        """
        home = folder / "crawl"
        if not self._confinement.other_user or not home.is_dir():
            return
        # No other crawl has this user meanwhile: whoever else runs under it has slipped away from its family.
        cleaner = await asyncio.create_subprocess_exec(
            *self._clearer,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            **self._confinement.process_options(home),
        )
        await cleaner.wait()


class _Crawl:
    """One running crawler."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        home: Path,
        limits: Limits,
        report: Callable[[Progress], None],
    ) -> None:
        self._process = process
        self._home = home
        self._errors: list[PageError] = []
        self._limits = limits
        self._report = report
        self._seen: set[processes.Process] = set()
        self._tail = ""
        self._chatter = asyncio.create_task(self._hear_logs())

    async def outcome(self, seconds: float, stop: asyncio.Event) -> Outcome:
        """Return how it ends, whichever comes first: its own word, a limit, or the stop."""
        listening = asyncio.create_task(self._listen())
        watching = asyncio.create_task(self._watch_memory())
        stopping = asyncio.create_task(stop.wait())
        tasks: list[asyncio.Task[Outcome] | asyncio.Task[bool]] = [listening, watching, stopping]
        try:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                return listening.result()
            if watching.done():
                return watching.result()
            return CrawlStopped() if stopping.done() else CrawlFailed(TIMED_OUT, transient=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ask_to_stop(self) -> None:
        """Let it write down where it is; how long it may take is limited."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.farewell):
                await self._process.wait()

    async def end(self) -> None:
        """Kill whatever is left of it."""
        processes.kill(self._process.pid, self._seen)
        # Its pipes have to be read to their end, or asyncio keeps them open.
        reading = asyncio.gather(self._drain(), self._chatter, self._process.wait())
        try:
            async with asyncio.timeout(_REAPING):
                await reading
        except TimeoutError:
            # One that got away holds the pipes. Its user's processes are ended with the folder (see clear).
            logger.warning("a process of the crawl could not be ended", pid=self._process.pid)
            self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - or the pipes stay open

    async def _listen(self) -> Outcome:
        said = garbage = 0
        while said < _ALL_LINES and garbage < _GARBAGE_LINES:
            try:
                async with asyncio.timeout(self._limits.silence):
                    line = await self._line()
                    if line is None:
                        return self._died(await self._process.wait())
            except TimeoutError:
                logger.warning("crawler fell silent")
                return CrawlFailed(_CRASHED, transient=True)
            said += len(line)
            match event := event_from(line):
                case None:
                    garbage += 1
                case Progressed():
                    self._report(
                        Progress(
                            pages_crawled=event.pages_crawled,
                            total_pages=event.total_pages,
                            pages_failed=event.pages_failed,
                        )
                    )
                case PageFailed():
                    if len(self._errors) < MOST_ERRORS:
                        self._errors.append(PageError(url=event.url, code=event.code, detail=event.detail))
                case Completed():
                    self._look()
                    home = self._home
                    return Crawled(
                        home / "out.zip", event, home / _KEPT, home / _SHARED, errors=tuple(self._errors)
                    )
                case Failed():
                    self._look()
                    failure = Failure(code=event.code, message=event.detail)
                    return CrawlFailed(failure, event.transient, errors=tuple(self._errors))
            # What is in the buffer already is read without a pause: let the heartbeat have its turn.
            await asyncio.sleep(0)
        logger.warning("crawler talked too much", bytes_said=said, lines_not_understood=garbage)
        return CrawlFailed(_CRASHED, transient=True)

    async def _line(self) -> bytes | None:
        try:
            line = await _readable(self._process.stdout).readline()
        except ValueError:
            return _TOO_LONG
        return line or None

    async def _drain(self) -> None:
        while await _readable(self._process.stdout).read(_LINE):
            pass

    async def _hear_logs(self) -> None:
        stream = _readable(self._process.stderr)
        while text := await stream.read(_LINE):
            self._tail = (self._tail + text.decode(errors="replace"))[-_TAIL:]

    async def _watch_memory(self) -> Outcome:
        while True:
            await asyncio.sleep(self._limits.look)
            family = self._look()
            if processes.memory_of(family, limit=self._limits.memory) > self._limits.memory:
                logger.warning("crawler used too much memory", limit_bytes=self._limits.memory)
                return CrawlFailed(_OUT_OF_MEMORY, transient=False)
            if family and all(process.pid != self._process.pid for process in family):
                # It is dead, and children that hold its pipes would hide that.
                processes.kill(self._process.pid, self._seen)

    def _look(self) -> list[processes.Process]:
        """Return its family, and remember it: who outlives its parent can no longer be told to be of it."""
        family = processes.family(self._process.pid)
        self._seen.update(family)
        return family

    def _died(self, status: int) -> CrawlFailed:
        logger.warning("crawler died", exit_status=status, last_words=_URL.sub("(address)", self._tail))
        if status == -signal.SIGXFSZ:
            return CrawlFailed(_FILE_TOO_LARGE, transient=False)
        return CrawlFailed(_CRASHED, transient=True)


def _arguments(order: CrawlOrder, folder: Path, home: Path) -> list[str]:
    wanted = order.settings
    arguments = [
        order.url,
        f"--out={home / 'out'}",
        f"--keep={home / _KEPT}",
        f"--checkpoint={home / _CHECKPOINT}",
        f"--max-pages={wanted.max_pages}",
        f"--timeout={order.seconds}",
        f"--link-target={wanted.link_target}",
        "--zip",
        "--events",
    ]
    if wanted.include_patterns:
        arguments.append(f"--include={','.join(wanted.include_patterns)}")
    if wanted.exclude_patterns:
        arguments.append(f"--exclude={','.join(wanted.exclude_patterns)}")
    if order.blocked_hosts:
        arguments.append(f"--blocked-hosts={folder / _BLOCKED}")
    if order.previous is not None:
        arguments.append(f"--previous={order.previous}")
    if order.shared is not None:
        arguments.append(f"--shared={order.shared}")
    if order.resume is not None:
        arguments.append(f"--resume={order.resume}")
    if order.share:
        arguments.append(f"--share={home / _SHARED}")
    if wanted.use_playwright:
        arguments.append("--use-playwright")
    return arguments


def _readable(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the crawler was started without a pipe")
    return stream
