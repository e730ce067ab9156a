"""Evaluate scripts in a page. Its own scripts can change what these return, so the types are checked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from playwright.async_api import CDPSession

    from llmready.crawler.urls import Url

    Shape = Mapping[str, type | tuple[type, ...]]

SECONDS_TO_ANSWER = 8.0
"""Seconds after which a page that does not respond, because its scripts are running, counts as hanging."""

NUMBER = (int, float)
OF_NOTHING: Shape = {}
OF_WATCH: Shape = {
    "filled": bool,
    "poor": bool,
    "elements": NUMBER,
    "web": bool,
    "pending": bool,
    "quiet": bool,
}
OF_MORE: Shape = {"asked": bool, "pressed": bool, "length": NUMBER, "at": NUMBER, "isLast": bool}
OF_READ: Shape = {"address": str, "html": (str, type(None))}
"""The names and types of the answers of watch.js, more.js and read.js."""


async def evaluated(
    session: CDPSession, page: Url, expression: str, shape: Shape, context: int | None = None
) -> dict[str, Any]:
    """Evaluate an expression in the page that is shown.

    Args:
        session: The session of the tab.
        page: URL of the page.
        expression: Its value, or that of its promise, is an object.
        shape: Names and types that the object must have.
        context: ID of the world in which it is evaluated, or None for that of the page's scripts.

    Raises: Failure if the page does not answer or answers something else.
    """
    wanted: dict[str, Any] = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    if context is not None:
        wanted["contextId"] = context
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            answer = await session.send("Runtime.evaluate", wanted)
    except TimeoutError:
        raise Failure(Code.TIMEOUT, f"The scripts of {page} never stop running in the browser.") from None
    value = answer["result"].get("value")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), shape[name]) for name in shape):
        raise Failure(Code.RENDER_FAILED, f"{page} cannot be read in the browser.")
    return value


async def within(seconds: float, waiting: Coroutine[Any, Any, Any]) -> bool:
    """Wait for at most this many seconds. Returns: whether the awaited event came."""
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return False
    return True
