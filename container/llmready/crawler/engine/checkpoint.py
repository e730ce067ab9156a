"""A crawl written down while it runs, so that one that is interrupted goes on from there.

What is being fetched at that moment counts as not yet fetched; everything else is there.
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

from llmready.crawler.failures import Code
from llmready.crawler.pack.archive import PageFailure
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from pathlib import Path

    from llmready.crawler.engine.frontier import Frontier
    from llmready.crawler.engine.scheduler import Walk
    from llmready.crawler.options import Options
    from llmready.crawler.store.pages import PageStore

SECONDS = 2.0
"""Between two checkpoints."""

SHARE = 20
"""Writing them takes at most one part in so many of the time."""

_FORMAT = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a crawl was: when it `began`, its frontier, its pages and what it missed."""

    start: Url
    began: datetime
    sitemaps_read: bool
    frontier: dict[str, Any]
    failures: list[PageFailure]
    store: dict[str, Any]
    markdown: bytes


def read_checkpoint(path: Path | None, options: Options) -> Checkpoint | None:
    """Read a checkpoint of the same crawl; None where there is none that can be used."""
    if path is None:
        return None
    try:
        with gzip.open(path) as file:
            state = json.loads(file.readline())
            if state["crawl"] != _crawl(options):
                return None
            return Checkpoint(
                start=Url(*state["start"]),
                began=datetime.fromisoformat(state["began"]),
                sitemaps_read=state["sitemaps_read"],
                frontier=state["frontier"],
                failures=[PageFailure(url, Code(code), detail) for url, code, detail in state["failures"]],
                store=state["store"],
                markdown=file.read(),
            )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        _log.warning("the checkpoint cannot be used; the crawl begins anew")
        return None


class Recorder:
    """Writes checkpoints of a walk.

    Parameters: `path` of the file; `options` of the crawl; `began`, when it did; `walk`, `frontier` and `store`.
    """

    def __init__(
        self,
        path: Path,
        options: Options,
        *,
        began: datetime,
        walk: Walk,
        frontier: Frontier,
        store: PageStore,
    ) -> None:
        self._path = path
        self._options = options
        self._began = began
        self._walk = walk
        self._frontier = frontier
        self._store = store
        self._number = self._written = 0
        self._writing = threading.Lock()

    async def run(self) -> None:
        """Write one every few seconds, until cancelled."""
        pause = SECONDS
        while True:
            await asyncio.sleep(pause)
            begun = monotonic()
            if len(self._store):
                await asyncio.to_thread(self._write, *self._state())
            pause = max(SECONDS, SHARE * (monotonic() - begun))

    def write_now(self) -> None:
        """Write one as things are at this moment."""
        if len(self._store):
            self._write(*self._state())

    def _state(self) -> tuple[int, dict[str, Any], int]:
        """Return the number of a new checkpoint, its state, and how far the store's file belongs to it."""
        self._number += 1
        state = {
            "crawl": _crawl(self._options),
            "start": list(self._frontier.start),
            "began": self._began.isoformat(),
            "sitemaps_read": self._walk.sitemaps_read,
            "frontier": self._frontier.state(),
            "failures": [list(asdict(failure).values()) for failure in self._walk.failures],
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
                # It only saves work; the crawl itself will tell of a disk that is full.
                _log.warning("no checkpoint could be written")
            self._written = number


def _crawl(options: Options) -> list[Any]:
    return [
        _FORMAT,
        list(options.start),
        options.max_pages,
        list(options.include),
        list(options.exclude),
        options.use_playwright,
    ]
