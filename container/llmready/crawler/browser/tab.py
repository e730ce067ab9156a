"""A tab of the browser. It loads a fetched page, waits until the page no longer changes, and reads it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error

from llmready.crawler.browser.answers import OF_MORE, OF_NOTHING, OF_READ, OF_WATCH, evaluated, within
from llmready.crawler.browser.more import Rendered, read_with_more
from llmready.crawler.browser.shown_headers import shown_headers
from llmready.crawler.browser.visit import Visit
from llmready.crawler.failures import Code, Failure
from llmready.crawler.page.media import is_page_path
from llmready.crawler.urls import BadUrl, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from playwright.async_api import BrowserContext, CDPSession, Page

    from llmready.crawler.browser.answers import Shape
    from llmready.crawler.browser.other_hosts import PageRequests
    from llmready.crawler.browser.share import Share
    from llmready.crawler.fetch.bodies import Budget
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.options import Limits

QUIET_MS = 100
LOOK_MS = 500
SECONDS_TO_PARSE = 10
SECONDS_FOR_REQUESTS = 3.0
"""Seconds to wait for requests that do not end, such as a long poll, once the page has its text."""

SECONDS_FOR_TEXT = 4.0
SECONDS_TO_REST = 8.0
SECONDS_TO_LEAVE = 3.0

_WAITED_FOR = frozenset({"Script", "Stylesheet", "XHR", "Fetch"})
_NEVER_PAUSED = frozenset({"Prefetch", "FedCM"})
"""Types of requests that Chromium's own process sends. Its arguments and the page's policy prevent them."""

_FOLDER = Path(__file__).parent
WATCH = (_FOLDER / "watch.js").read_text()
READ = (_FOLDER / "read.js").read_text()
_log = logging.getLogger(__name__)


class Crashed(Exception):
    """The process of the page crashed."""


class Tab:
    """A tab; create it with `open`."""

    def __init__(
        self, page: Page, session: CDPSession, *, limits: Limits, budget: Budget, share: Share, watch: str
    ) -> None:
        self.shown = 0
        self.share = share
        self._crashed = False
        self._page = page
        self._session = session
        self._limits = limits
        self._budget = budget
        self._watch = watch
        self._frame = ""
        self._visit: Visit | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls, context: BrowserContext, limits: Limits, budget: Budget, share: Share, watch: str
    ) -> Tab:
        """Open a tab.

        `share` is the one of its port of the proxy. `watch` is the name of the function that observes a page.
        """
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        tab = cls(page, session, limits=limits, budget=budget, share=share, watch=watch)
        page.on("crash", lambda _: tab._crash())
        handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "Fetch.requestPaused": tab._paused,
            "Network.requestWillBeSent": tab._asked,
            "Network.responseReceived": tab._answered,
            "Network.dataReceived": tab._received,
            "Network.loadingFinished": tab._finished,
            "Network.loadingFailed": tab._finished,
            "Page.domContentEventFired": tab._parsed,
            "Page.frameStoppedLoading": tab._parsed,
            "Page.frameNavigated": tab._navigated,
        }
        for name, handler in handlers.items():
            session.on(name, handler)
        frames = await session.send("Page.getFrameTree")
        tab._frame = frames["frameTree"]["frame"]["id"]
        patterns = [{"resourceType": "Document"}, {"urlPattern": "http*"}]
        await session.send("Page.enable")
        await session.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})
        await session.send("Fetch.enable", {"patterns": patterns})
        source = f"({WATCH})({json.dumps(watch)})"
        await session.send("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        return tab

    async def show(self, response: Response, requests: PageRequests) -> Rendered:
        """Show a page and read it once it no longer changes.

        `requests` decides which requests of the page may be sent.
        Raises: Failure, Crashed, or Playwright's Error when the browser ended. The tab cannot be used afterwards.
        """
        self.shown += 1
        visit = self._visit = Visit(response, requests)
        visit.landed.set()
        self.share.begin(lambda: visit.fail(_too_large(visit, self.share.size, "The traffic of the page")))
        working = asyncio.ensure_future(self._work(visit))
        ended = asyncio.ensure_future(visit.ended.wait())
        try:
            await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
            if visit.ended.is_set():
                return self._end_of(visit)
            try:
                return await working
            except Failure as failure:
                return visit.read_before(failure)
            except Error:
                # If a page navigates away while it is read, the reading fails first.
                if visit.ended.is_set():
                    return self._end_of(visit)
                raise
            except Exception:  # noqa: BLE001 - it is logged with its traceback, and must only fail this page
                _log.exception("cannot read %s in the browser", response.url)
                url = response.url
                return visit.read_before(Failure(Code.RENDER_FAILED, f"{url} cannot be read in the browser."))
        finally:
            for future in (working, ended):
                future.cancel()
            await asyncio.gather(working, ended, return_exceptions=True)
            self._visit = None

    async def clear(self) -> bool:
        """Navigate to an empty page, so that the scripts of the last one end. Returns: whether it did in time."""
        try:
            async with asyncio.timeout(SECONDS_TO_LEAVE):
                await self._session.send("Page.navigate", {"url": "about:blank"})
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Close the tab with its context. Raises: Playwright's Error, TimeoutError."""
        # The end of the session would send the requests that wait to be judged.
        if not self._crashed:
            with contextlib.suppress(Error):
                await self.clear()
        async with asyncio.timeout(SECONDS_TO_LEAVE):
            await self._page.context.close()

    def _end_of(self, visit: Visit) -> Rendered:
        if visit.crashed:
            raise Crashed
        if visit.failure is not None:
            return visit.read_before(visit.failure)
        return Rendered(leads_to=visit.leads_to)

    async def _work(self, visit: Visit) -> Rendered:
        answer = await self._session.send("Page.navigate", {"url": str(visit.response.url)})
        if "errorText" in answer:
            raise Failure(
                Code.RENDER_FAILED, f"The browser cannot show {visit.response.url}: {answer['errorText']}."
            )
        for _ in range(SECONDS_TO_PARSE):
            if await within(1.0, visit.parsed.wait()):
                break
            # Raises a failure where the page hangs.
            await self._evaluated(visit, "({})", OF_NOTHING)
        await self._wait_until_stable(visit)

        async def asked(expression: str) -> dict[str, Any]:
            answer = await self._evaluated(visit, expression, OF_MORE)
            visit.pressed = visit.pressed or answer["pressed"]
            return answer

        return await read_with_more(
            asked, lambda at: self._wait_until_stable(visit, at), lambda: self._read(visit)
        )

    async def _wait_until_stable(self, visit: Visit, asked: float | None = None) -> None:
        """Wait until the page no longer changes. `asked` is its time when it was asked for more."""
        loop = asyncio.get_running_loop()
        began, elements = loop.time(), 0
        while loop.time() - began < SECONDS_TO_REST:
            await within(SECONDS_FOR_REQUESTS, visit.landed.wait())
            moved = visit.moved
            state = await self._look(visit, asked)
            spent = loop.time() - began
            grows, elements = state["elements"] > elements * 1.02, state["elements"]
            if visit.moved != moved:
                continue
            # Clocks and carousels change all the time, but the page does not grow.
            rests = state["quiet"] or (spent > 2 * LOOK_MS / 1000 and not grows and not state["pending"])
            if visit.flying:
                enough = not state["poor"] and spent > SECONDS_FOR_REQUESTS
            else:
                enough = state["filled"] or spent > SECONDS_FOR_TEXT
            if (rests and enough) or not state["web"]:
                return
            await asyncio.sleep(QUIET_MS / 1000)

    async def _look(self, visit: Visit, asked: float | None) -> dict[str, Any]:
        since = "" if asked is None else f", {asked}"
        expression = f"globalThis[{json.dumps(self._watch)}]({QUIET_MS}, {LOOK_MS}{since})"
        return await self._evaluated(visit, expression, OF_WATCH)

    async def _read(self, visit: Visit) -> Rendered:
        world = await self._session.send(
            "Page.createIsolatedWorld", {"frameId": self._frame, "worldName": "llmready"}
        )
        most = self._limits.page_bytes
        found = await self._evaluated(visit, f"({READ})({most})", OF_READ, world["executionContextId"])
        try:
            address = parse(found["address"])
        except BadUrl:
            raise Failure(
                Code.REDIRECTS_ELSEWHERE, f"{visit.response.url} redirects to {found['address'][:100]}."
            ) from None
        html = found["html"]
        if html is None or len(html.encode(errors="replace")) > most:
            raise _too_large(visit, most, "The rendered page")
        rendered = Rendered(html, address)
        visit.read = visit.read or rendered
        return rendered

    async def _evaluated(
        self, visit: Visit, expression: str, shape: Shape, context: int | None = None
    ) -> dict[str, Any]:
        return await evaluated(self._session, visit.response.url, expression, shape, context)

    def _paused(self, event: dict[str, Any]) -> None:
        visit, request = self._visit, event["request"]
        is_page = event.get("resourceType") == "Document" and event.get("frameId") == self._frame
        if visit is None or (event.get("resourceType") == "Document" and not is_page):
            self._send("Fetch.failRequest", requestId=event["requestId"], errorReason="BlockedByClient")
        elif not is_page:
            self._judge(visit, event)
        elif not visit.opened:
            visit.opened = True
            self._send(
                "Fetch.fulfillRequest",
                requestId=event["requestId"],
                responseCode=200,
                responseHeaders=shown_headers(visit.response),
                body=base64.b64encode(visit.response.body).decode(),
            )
        else:
            self._send("Fetch.failRequest", requestId=event["requestId"], errorReason="Aborted")
            self._leave(visit, request)

    def _leave(self, visit: Visit, request: dict[str, Any]) -> None:
        """Record that the page navigates to another one.

        A navigation by a submitted form, or after the crawler pressed a control, is not followed. A download does not
        change the page.
        """
        if request["method"] != "GET" or visit.pressed:
            return
        try:
            target = parse(request["url"])
        except BadUrl as error:
            visit.fail(
                Failure(
                    Code.REDIRECTS_ELSEWHERE, f"{visit.response.url} redirects to an invalid address: {error}"
                )
            )
            return
        own = visit.response.url
        if (target.host, target.key) != (own.host, own.key) and is_page_path(target.path):
            visit.leads_to = target
            visit.ended.set()

    def _judge(self, visit: Visit, event: dict[str, Any]) -> None:
        paused, request = event["requestId"], event["request"]
        try:
            allowed = visit.requests.may_send(
                event.get("networkId", paused), request["url"], request["method"]
            )
        except Failure as failure:
            visit.fail(failure)
            allowed = False
        if allowed:
            self._send("Fetch.continueRequest", requestId=paused)
        else:
            self._send("Fetch.failRequest", requestId=paused, errorReason="BlockedByClient")

    def _answered(self, event: dict[str, Any]) -> None:
        if self._visit is not None and event["response"].get("fromDiskCache"):
            self._visit.requests.was_cached(event["requestId"])

    def _asked(self, event: dict[str, Any]) -> None:
        visit = self._visit
        if visit is None:
            return
        if event.get("type") in _WAITED_FOR:
            visit.flying.add(event["requestId"])
            visit.landed.clear()
            visit.moved += 1
        elif event.get("type") in _NEVER_PAUSED:
            try:
                visit.requests.was_sent(event["requestId"], event["request"]["url"])
            except Failure as failure:
                visit.fail(failure)

    def _received(self, event: dict[str, Any]) -> None:
        visit = self._visit
        if visit is None:
            return
        request, size = event["requestId"], event["dataLength"]
        visit.decoded[request] = visit.decoded.get(request, 0) + size
        visit.size += size
        if visit.size > self._limits.page_bytes:
            visit.fail(
                _too_large(visit, self._limits.page_bytes, "The page with all resources that it loads")
            )

    def _finished(self, event: dict[str, Any]) -> None:
        visit = self._visit
        if visit is None:
            return
        if event["requestId"] in visit.flying:
            visit.flying.discard(event["requestId"])
            visit.moved += 1
            if not visit.flying:
                visit.landed.set()
        # The proxy counted the encoded bytes; the additional bytes after decoding are known only here. A response
        # from the browser's cache has no encoded length.
        sent = event.get("encodedDataLength", 0)
        added = visit.decoded.pop(event["requestId"], 0) - sent
        if sent > 0 and added > 0:
            try:
                self._budget.spend(added)
            except Failure as failure:
                visit.fail(failure)

    def _parsed(self, _: dict[str, Any]) -> None:
        if self._visit is not None and self._visit.opened:
            self._visit.parsed.set()

    def _navigated(self, event: dict[str, Any]) -> None:
        """Leave a document that the page made itself (`blob:`), which has no Permissions-Policy."""
        frame, visit = event["frame"], self._visit
        url = frame["url"]
        if visit is None or frame["id"] != self._frame or not url.startswith("blob:"):
            return
        self._send("Page.stopLoading")
        visit.fail(Failure(Code.REDIRECTS_ELSEWHERE, f"{visit.response.url} redirects to {url[:100]}."))

    def _crash(self) -> None:
        self._crashed = True
        if self._visit is not None:
            self._visit.crashed = True
            self._visit.ended.set()

    def _send(self, method: str, **parameters: Any) -> None:
        async def send(sending: Coroutine[Any, Any, Any]) -> None:
            try:
                await sending
            except Error:
                # The page was closed, or the request was aborted meanwhile.
                return

        task = asyncio.ensure_future(send(self._session.send(method, parameters)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _too_large(visit: Visit, most: float, what: str) -> Failure:
    return Failure(Code.PAGE_TOO_LARGE, f"{what} at {visit.response.url} is larger than {most / 1e6:g} MB.")
