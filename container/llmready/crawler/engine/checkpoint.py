"""Write checkpoints while a crawl runs, so that an interrupted crawl continues instead of starting again.

Pages that are being fetched at that moment count as not yet fetched. Everything else is kept.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from llmready.bounded_json import parse_json
from llmready.crawler.failures import Code
from llmready.crawler.model import PageFailure
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from pathlib import Path

    from llmready.crawler.engine.frontier import Frontier
    from llmready.crawler.engine.scheduler import Scheduler
    from llmready.crawler.options import Options
    from llmready.crawler.store.pages import PageStore

SECONDS_BETWEEN = 2.0
"""Seconds between two checkpoints."""

MOST_TIME = 20
"""Writing checkpoints takes at most this fraction (1/n) of the time."""

MOST_STATE = 100_000_000
STATE_MEMORY = 600_000_000
"""Bytes of the state, and of the memory for parsing it.

50,000 URLs, the most that a crawl knows, need 350 MB, or 550 MB with the menus of the site if they are long.
"""

MOST_MARKDOWN = 250_000_000
"""Bytes of the Markdown. A crawl reads at most 200 MB by default."""

_FORMAT = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a crawl: when it began, its frontier, its failures, its pages and their Markdown."""

    start: Url
    began: datetime
    sitemaps_read: bool
    frontier: dict[str, Any]
    failures: list[PageFailure]
    store: dict[str, Any]
    markdown: bytes


def read_checkpoint(path: Path | None, options: Options) -> Checkpoint | None:
    """Return the checkpoint of a crawl with the same options, or None if there is no usable one."""
    if path is None:
        return None
    try:
        with gzip.open(path) as file:
            state = parse_json(file.readline(MOST_STATE), memory=STATE_MEMORY)
            if state["crawl"] != _crawl(options):
                return None
            return Checkpoint(
                start=Url(*state["start"]),
                began=datetime.fromisoformat(state["began"]),
                sitemaps_read=state["sitemaps_read"],
                frontier=state["frontier"],
                failures=[PageFailure(url, Code(code), detail) for url, code, detail in state["failures"]],
                store=state["store"],
                markdown=_limited(file),
            )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        _log.warning("the checkpoint in %s cannot be used; the crawl starts again", path)
        return None


class CheckpointWriter:
    """Writes checkpoints of one crawl.

    Args:
        path: File of the checkpoint.
        options: Options of the crawl.
        began: Time at which the crawl began.
        scheduler: Scheduler of the crawl.
        frontier: Frontier of the crawl.
        store: Pages of the crawl.
    """

    def __init__(
        self,
        path: Path,
        options: Options,
        *,
        began: datetime,
        scheduler: Scheduler,
        frontier: Frontier,
        store: PageStore,
    ) -> None:
        self._path = path
        self._options = options
        self._began = began
        self._scheduler = scheduler
        self._frontier = frontier
        self._store = store
        self._number = self._written = 0
        self._writing = threading.Lock()

    async def run(self) -> None:
        """Write a checkpoint every few seconds, until cancelled."""
        pause = SECONDS_BETWEEN
        while True:
            await asyncio.sleep(pause)
            begun = monotonic()
            if len(self._store):
                await asyncio.to_thread(self._write, *self._state())
            pause = max(SECONDS_BETWEEN, MOST_TIME * (monotonic() - begun))

    def write_now(self) -> None:
        """Write a checkpoint now."""
        if len(self._store):
            self._write(*self._state())

    def _state(self) -> tuple[int, dict[str, Any], int]:
        """Return a new checkpoint: its number, its state, and how many bytes of the store's file it covers."""
        self._number += 1
        state = {
            "crawl": _crawl(self._options),
            "start": list(self._frontier.start),
            "began": self._began.isoformat(),
            "sitemaps_read": self._scheduler.sitemaps_read,
            "frontier": self._frontier.state(),
            "failures": [list(asdict(failure).values()) for failure in self._scheduler.failures],
            "store": self._store.state(),
        }
        return self._number, state, self._store.flushed()

    def _write(self, number: int, state: dict[str, Any], size: int) -> None:
        partial = self._path.with_suffix(".partial")
        with self._writing:
            if number < self._written:
                return
            try:
                with gzip.open(partial, "wb", compresslevel=1) as file:
                    file.write(json.dumps(state).encode() + b"\n")
                    for part in self._store.stored(size):
                        file.write(part)
                partial.replace(self._path)
            except OSError:
                # A checkpoint is optional; a full disk is reported when a page is stored.
                _log.warning("no checkpoint could be written to %s", self._path)
            self._written = number


def _limited(file: gzip.GzipFile) -> bytes:
    markdown = file.read(MOST_MARKDOWN)
    if file.read(1):
        raise ValueError("the Markdown is too long")
    return markdown


def _crawl(options: Options) -> list[Any]:
    return [
        _FORMAT,
        list(options.start),
        options.max_pages,
        list(options.include),
        list(options.exclude),
        options.use_playwright,
    ]
