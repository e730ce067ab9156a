"""Large pages wait for each other, so that a crawl's memory is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from llmready.crawler.fetch import large_pages
from llmready.crawler.fetch.large_pages import MOST_IN_MEMORY, MOST_PROCESSED, LargePages


async def _steps() -> None:
    """Let all tasks run until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


class _Crawl:
    """Pages that are processed until they are told to end; `processed` names them."""

    def __init__(self) -> None:
        self.pages = LargePages()
        self.processed: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    def start(self, name: str, size: int) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._process(name, size))

    async def _process(self, name: str, size: int) -> None:
        with self.pages.page():
            await self.pages.room()
            if size:
                self.pages.add(size)
            await self.pages.turn()
            self.processed.append(name)
            await self.ends[name].wait()


def _with_tasks(test: Callable[[_Crawl], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await test(_Crawl())

    asyncio.run(run())


def test_a_page_above_the_limit_is_processed_alone() -> None:
    async def check(crawl: _Crawl) -> None:
        for name, size in (
            ("small", 0),
            ("large", 2_000_000),
            ("huge", 2 * MOST_PROCESSED),
            ("last", 2_000_000),
        ):
            crawl.start(name, size)
        await _steps()
        assert crawl.processed == ["small", "large"]
        crawl.ends["large"].set()
        await _steps()
        assert crawl.processed == ["small", "large", "huge"]
        crawl.ends["huge"].set()
        await _steps()
        assert crawl.processed == ["small", "large", "huge", "last"]

    _with_tasks(check)


@pytest.mark.parametrize("cancelled", ["first", "second"])
def test_a_cancelled_page_makes_room_for_the_others(cancelled: str) -> None:
    async def check(crawl: _Crawl) -> None:
        tasks = {name: crawl.start(name, MOST_PROCESSED) for name in ("first", "second", "third")}
        await _steps()
        assert crawl.processed == ["first"]
        tasks[cancelled].cancel()
        crawl.ends["first"].set()
        await _steps()
        crawl.ends["second"].set()
        await _steps()
        assert crawl.processed[-1] == "third"

    _with_tasks(check)


def test_no_page_is_requested_while_the_large_pages_fill_the_memory() -> None:
    async def check(crawl: _Crawl) -> None:
        crawl.start("large", MOST_IN_MEMORY + 1)
        await _steps()
        crawl.start("small", 0)
        await _steps()
        assert crawl.processed == ["large"]
        crawl.ends["large"].set()
        await _steps()
        assert crawl.processed == ["large", "small"]

    _with_tasks(check)


def test_only_one_large_page_at_a_time_has_its_markdown_file() -> None:
    async def check(_: _Crawl) -> None:
        pages, stored, fetched = LargePages(), asyncio.Event(), []

        async def process(name: str) -> None:
            with pages.page():
                pages.add(2_000_000)
                await pages.turn()
                async with pages.alternate_turn():
                    fetched.append(name)
                pages.add(9_000_000)
                await pages.turn()
                await stored.wait()

        tasks = [asyncio.create_task(process(name)) for name in ("first", "second")]
        await _steps()
        assert fetched == ["first"]
        stored.set()
        await asyncio.gather(*tasks)
        assert fetched == ["first", "second"]

    _with_tasks(check)


def test_slow_markdown_files_of_large_pages_take_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_pages, "SECONDS_FOR_ALTERNATES", 0.2)

    async def check(_: _Crawl) -> None:
        pages, without = LargePages(), []

        async def process(name: str) -> None:
            with pages.page():
                pages.add(2_000_000)
                await pages.turn()
                try:
                    async with pages.alternate_turn():
                        await asyncio.Event().wait()
                except TimeoutError:
                    without.append(name)

        async with asyncio.timeout(20):
            await asyncio.gather(*map(process, "abc"))
        assert sorted(without) == ["a", "b", "c"]

    _with_tasks(check)


def test_three_of_the_largest_pages_leave_the_last_connection_to_other_pages() -> None:
    async def check(crawl: _Crawl) -> None:
        for name in ("first", "second", "third"):
            crawl.start(name, 9_800_000)
        await _steps()
        crawl.start("small", 0)
        await _steps()
        assert crawl.processed == ["first", "small"]

    _with_tasks(check)
