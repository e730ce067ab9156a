"""The browser of one crawl.

It starts when the first page needs it, is restarted a few times, and is closed at the end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import Error, async_playwright

from llmready.crawler.browser.memory import MemoryWatch, limited_driver
from llmready.crawler.browser.more import Rendered
from llmready.crawler.browser.other_hosts import OtherHosts, PageRequests, site_of
from llmready.crawler.browser.process import arguments, end_browser, limit_memory, may_sandbox
from llmready.crawler.browser.proxy import GuardProxy
from llmready.crawler.browser.share import Share
from llmready.crawler.browser.tab import Crashed, Tab
from llmready.crawler.browser.tally import Tally
from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Self

    from aiohttp.abc import AbstractResolver
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import Playwright

    from llmready.crawler.fetch.address_guard import AddressGuard
    from llmready.crawler.fetch.bodies import Budget
    from llmready.crawler.fetch.gate import Gate
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.fetch.robots import Robots
    from llmready.crawler.options import Limits

MOST_STARTS = 6
MOST_PAGES_A_TAB = 100
TRAFFIC = 2
"""Bytes that a page may transfer, per decoded byte that it may load. Requests and WebSockets count only here."""
SECONDS_TO_START = 30.0
SECONDS_TO_CLOSE = 5.0

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class _Down(Exception):
    """The browser process ended.

    `by_page`: whether the page that is shown was the only one, and needed too much memory.
    """

    def __init__(self, *, by_page: bool = False) -> None:
        super().__init__()
        self.by_page = by_page


class _End(asyncio.Event):
    """The end of a browser process, and the value of `_Down.by_page` for it."""

    by_page = False


class Browser:
    """Renders pages that were fetched; an asynchronous context manager.

    Args:
        program: Path of Chromium.
        guard: Decides which addresses may be connected to.
        budget: Bytes that the crawl may still receive.
        limits: Limits of the crawl.
        user_agent: User agent of all requests.
        gate: No page is rendered while it is closed.
        memory: Bytes that all processes of the browser together may use.
        resolver: Resolver of host names. Only tests replace it.
    """

    def __init__(
        self,
        program: Path,
        *,
        guard: AddressGuard,
        budget: Budget,
        limits: Limits,
        user_agent: str,
        gate: Gate,
        memory: int,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.tally = Tally()
        self.starts = 0
        self._program = program
        self._budget = budget
        self._limits = limits
        self._user_agent = user_agent
        self._gate = gate
        self._memory = memory
        self._watching: MemoryWatch | None = None
        self._showing = 0
        self._others = OtherHosts()
        self._sites: set[tuple[str, int]] = set()
        self._watch = f"_{secrets.token_hex(8)}"
        self.proxy = GuardProxy(
            guard,
            budget,
            connections=limits.connections,
            connect_seconds=limits.headers_seconds,
            is_site=lambda url: site_of(url) in self._sites,
            resolver=resolver,
        )
        # Rendering is limited by the processor, so more pages at once would only make each of them slower.
        self._places = asyncio.Semaphore(min(2, _processors()))
        self._starting = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._down = _End()
        self._tabs: list[Tab] = []
        self._chromium: Chromium | None = None
        self._driver: Playwright | None = None

    async def __aenter__(self) -> Self:
        await self.proxy.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await self.proxy.__aexit__()

    async def render(self, response: Response, robots: Robots) -> Rendered:
        """Render a page until it no longer changes.

        Args:
            response: The response to the request for the page.
            robots: Rules of the site's robots.txt.

        Raises:
            Failure: The page crashed the browser or never became stable. Other pages are not affected.
        """
        try:
            async with self._places:
                return await self._rendered(response, robots)
        except _Down as down:
            if down.by_page:
                raise _broken(response) from None
            # Another page may have caused the crash, so this page is rendered again alone.
            _log.info("the browser ended while %s was rendered", response.url)
        try:
            async with self._alone, self._places:
                return await self._rendered(response, robots)
        except _Down:
            raise _broken(response) from None

    async def _rendered(self, response: Response, robots: Robots) -> Rendered:
        chromium, tab = await self._tab()
        # A tab without a page sends no requests, so only the time from showing the page to leaving it needs a turn.
        async with self._gate.passing():
            self._showing += 1
            try:
                return await self._shown(chromium, tab, response, robots)
            finally:
                self._showing -= 1

    async def _shown(self, chromium: Chromium, tab: Tab, response: Response, robots: Robots) -> Rendered:
        requests = PageRequests(response.url, robots, self._others)
        self._sites.add(site_of(response.url))
        usable = cancelled = False
        try:
            async with asyncio.timeout(self._limits.page_seconds):
                rendered = await self._while_up(chromium, tab.show(response, requests))
                cleared = await self._while_up(chromium, tab.clear())
                usable = cleared and tab.shown < MOST_PAGES_A_TAB and not tab.share.is_spent
        except TimeoutError:
            raise Failure(
                Code.TIMEOUT, f"{response.url} did not finish loading in the browser in time."
            ) from None
        except (Crashed, Error):
            raise _broken(response) from None
        except asyncio.CancelledError:
            # The crawl ends, and the browser with it.
            cancelled = True
            raise
        finally:
            if usable and chromium is self._chromium:
                self._tabs.append(tab)
            elif not cancelled:
                await self._discard(chromium, tab)
        if self.proxy.spent is not None:
            raise self.proxy.spent
        self.tally.rendered += 1
        if rendered.is_unfinished:
            self.tally.unfinished.append(str(response.url))
        return rendered

    async def _tab(self) -> tuple[Chromium, Tab]:
        async with self._starting:
            chromium = self._chromium
            if chromium is None or not chromium.is_connected():
                chromium = await self._start()
            if self._tabs:
                return chromium, self._tabs.pop()
            opening = self._opened(chromium)
            try:
                async with asyncio.timeout(SECONDS_TO_START):
                    return chromium, await self._while_up(chromium, opening)
            except (Error, TimeoutError):
                await self._stop()
                raise _Down from None

    async def _opened(self, chromium: Chromium) -> Tab:
        # The requests of a page with `keepalive` outlive its tab. They end with its context, which no other tab uses.
        share = Share(TRAFFIC * self._limits.page_bytes)
        port = await self.proxy.open_port(share)
        context = await chromium.new_context(
            # As in the arguments of the browser, loopback addresses are no exception.
            proxy={"server": f"http://{port}", "bypass": "<-loopback>"},
            user_agent=_agent(self._user_agent, chromium.version),
            viewport={"width": 1280, "height": 1600},
            accept_downloads=False,
            service_workers="block",
            locale="en-US",
            reduced_motion="reduce",
        )
        context.on("close", lambda _: self.proxy.close_port(share))
        return await Tab.open(context, self._limits, self._budget, share, self._watch)

    async def _while_up(self, chromium: Chromium, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a call to the browser.

        Raises: _Down as soon as the browser process ends, because some calls would never return.
        """
        end = self._down
        working = asyncio.ensure_future(work)
        down = asyncio.ensure_future(end.wait())
        try:
            await asyncio.wait({working, down}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done() or end.by_page:
                raise _Down(by_page=end.by_page)
            try:
                return working.result()
            except Error:
                if chromium.is_connected() and not end.is_set():
                    raise
                raise _Down from None
        finally:
            for future in (working, down):
                future.cancel()
            await asyncio.gather(working, down, return_exceptions=True)

    async def _start(self) -> Chromium:
        await self._stop()
        if self.starts >= MOST_STARTS:
            raise Failure(
                Code.RENDER_FAILED,
                "Pages of this site crashed the browser too often, so the site cannot be rendered.",
            )
        self.starts += 1
        down = self._down = _End()
        try:
            async with asyncio.timeout(SECONDS_TO_START):
                # The driver is restarted together with a browser that crashed.
                with limited_driver():
                    self._driver = await async_playwright().start()
                self._chromium = await self._driver.chromium.launch(
                    executable_path=self._program,
                    args=arguments(self.proxy.address),
                    chromium_sandbox=may_sandbox(),
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                    env=_environment(),
                )
                self._chromium.on("disconnected", lambda _: down.set())
                limit_memory(self._program)
                self._watching = MemoryWatch(self._program, self._memory, lambda: self._outgrow(down))
                self._watching.start()
                return self._chromium
        except (Error, TimeoutError, OSError) as error:
            if self.starts > 1:
                raise _Down from error
            _log.warning("Chromium does not start: %s", error)
            raise Failure(
                Code.BROWSER_MISSING,
                "Pages cannot be rendered here because Chromium does not start. Crawl without the browser option.",
            ) from error

    def _outgrow(self, down: _End) -> None:
        """Give up a browser that needs too much memory. The driver may not report its end for seconds."""
        if down is self._down:
            _log.info("the browser was ended because it needs too much memory")
            down.by_page = self._showing == 1
            down.set()
            self._chromium = None
            self._tabs.clear()

    async def _discard(self, chromium: Chromium, tab: Tab) -> None:
        if chromium is not self._chromium:
            # The browser of this tab has ended.
            return
        try:
            await tab.close()
        except (Error, TimeoutError):
            async with self._starting:
                # A tab that cannot be closed would continue to use the processor.
                if chromium is self._chromium:
                    await self._stop()

    async def _stop(self) -> None:
        chromium, driver = self._chromium, self._driver
        self._chromium = self._driver = None
        self._tabs.clear()
        # The other page that this browser shows is rendered again.
        self._down.set()
        if self._watching is not None:
            self._watching.stop()
            self._watching = None
        try:
            async with asyncio.timeout(SECONDS_TO_CLOSE):
                if chromium is not None:
                    await chromium.close()
                if driver is not None:
                    await driver.stop()
        except (Error, TimeoutError):
            _log.info("the browser did not close in time")
        if driver is not None:
            end_browser(self._program, driver=True)


def _broken(response: Response) -> Failure:
    return Failure(Code.RENDER_FAILED, f"{response.url} crashed the browser; it may need too much memory.")


def _agent(user_agent: str, version: str) -> str:
    """Return the user agent of Chromium with the crawler's name added, in the form that search engines use."""
    name, _, contact = user_agent.partition(" (")
    chrome = f"Chrome/{version.partition('.')[0]}.0.0.0 Safari/537.36"
    ours = f"compatible; {name}; {contact.rstrip(')')}"
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; {ours}) {chrome}"


def _environment() -> dict[str, str | float | bool]:
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
