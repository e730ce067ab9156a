"""Run crawlers one after another under one user, and remove all processes and files between them."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from pathlib import Path

from llmready.domain.generation import Progress
from llmready.observability import logger
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_order import CRASHED, CrawlOrder, CrawlStopped, Outcome, arguments_for
from llmready.worker.crawl_process import LONGEST_LINE, CrawlProcess, Limits
from llmready.worker.crawler_user import UserProcesses
from llmready.worker.processes import CrawlProcesses, Family
from llmready.worker.results import Taken, take
from llmready.worker.task_resources import TaskResources

TakeTurns = Callable[[CrawlProcess], Coroutine[None, None, None]]
"""Resumes and pauses a crawl until it is cancelled."""

# -P keeps the working directory, which the crawler can write, out of the module path.
CRAWLER = (sys.executable, "-P", "-m", "llmready.crawler")
# Started by its path, without environment and site packages, because it needs neither and starts faster.
REMOVER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("remove_files.py")))


class Supervisor:
    """Runs crawlers under one user, one at a time.

    Args:
        confinement: User, environment and limits of the crawlers.
        limits: Limits of a crawler.
        command: The command of a crawler, without its arguments.
        remover: The command that removes the files of a crawler with a separate user.
        resources: What the crawls of the task share. None if other programs use the machine as well.
    """

    def __init__(
        self,
        confinement: Confinement,
        *,
        limits: Limits,
        command: Sequence[str] = CRAWLER,
        remover: Sequence[str] = REMOVER,
        resources: TaskResources | None = None,
    ) -> None:
        self._confinement = confinement
        self._limits = limits
        self._command = command
        self._remover = remover
        self._resources = resources
        self._retired = False

    @property
    def is_retired(self) -> bool:
        """Whether no further crawler may be started, because processes or files of an earlier one remain."""
        return self._retired

    async def crawl(
        self,
        order: CrawlOrder,
        folder: Path,
        *,
        report: Callable[[Progress], None],
        stop: asyncio.Event,
        take_turns: TakeTurns | None = None,
    ) -> Outcome:
        """Run one crawler to its end; cancelling this kills it. When this returns, none of its processes is left.

        Args:
            order: What to crawl.
            folder: An empty folder for this crawl.
            report: Called with each progress.
            stop: Ends the crawl when it is set.
            take_turns: Resumes and pauses the crawl. None means that the crawl is never paused.
        """
        watched = self._resources.crawling() if self._resources else nullcontext(asyncio.Event())
        with watched as exhausted:
            home = self._confinement.make_folder(folder)
            process = await asyncio.create_subprocess_exec(
                *self._confinement.prefix(),
                *self._command,
                *arguments_for(order, folder, home, memory=self._limits.memory),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                **self._confinement.process_options(home),
            )
            crawl = CrawlProcess(process, self._processes_of(process.pid), home, self._limits, report)
            turns = asyncio.create_task(self._turns(crawl, take_turns))
            try:
                outcome = await crawl.outcome(order.seconds + self._limits.packing, stop, exhausted)
                if isinstance(outcome, CrawlStopped):
                    await crawl.ask_to_stop()
            finally:
                if not await crawl.end():
                    self._retire("processes")
                # Another crawl of the host may run after all processes of this one have ended.
                turns.cancel()
                await asyncio.wait({turns})
        # Results are not read while a process could still change them.
        return CRASHED if self._retired else outcome

    async def _turns(self, crawl: CrawlProcess, take_turns: TakeTurns | None) -> None:
        if take_turns is None:
            crawl.resume()
            return
        try:
            await take_turns(crawl)
        except Exception:  # noqa: BLE001 - a crawl does not fail because of them
            logger.exception("taking turns failed; the crawl continues without turns")
            crawl.resume()

    def take(self, file: Path, copy: Path, *, most: int) -> Taken:
        """Copy a file that the crawler wrote. See :func:`llmready.worker.results.take`."""
        return take(file, copy, owner=self._confinement.uid, most=most)

    async def remove_files(self, folder: Path) -> None:
        """Remove the files of a crawler with a separate user, as that user.

        Without such a user there is nothing to do: the worker can remove the folder itself.

        Args:
            folder: The folder that was given to :meth:`crawl`.
        """
        home = folder / "crawl"
        if not self._confinement.has_own_user or not home.is_dir():
            return
        process = await asyncio.create_subprocess_exec(
            *self._remover,
            str(self._confinement.uid),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            **self._confinement.process_options(home),
        )
        try:
            async with asyncio.timeout(self._limits.removing):
                await process.wait()
        except TimeoutError:
            logger.warning("removing a crawler's files took too long")
        finally:
            if process.returncode is None:
                await asyncio.to_thread(self._processes_of(process.pid).kill)
                await process.wait()
        if process.returncode != 0 or any(home.iterdir()):
            self._retire("files")

    def _processes_of(self, pid: int) -> CrawlProcesses:
        if self._confinement.has_own_user:
            return UserProcesses(self._confinement.uid, seconds=self._limits.ending)
        return Family(pid, seconds=self._limits.ending)

    def _retire(self, left: str) -> None:
        """Do not use this user again, because processes or files of an earlier crawler remain."""
        self._retired = True
        logger.error(
            "a Unix user for crawlers was retired, because its processes or files remain",
            uid=self._confinement.uid,
            left_behind=left,
        )
