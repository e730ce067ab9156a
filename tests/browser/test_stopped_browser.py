"""If a page cannot be left, the browser is stopped. The other page that it shows is then rendered again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.async_api import Error

from llmready.crawler.browser import browser as module
from llmready.crawler.browser.browser import Browser
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.bodies import Budget
from llmready.crawler.fetch.gate import Gate
from llmready.crawler.options import Limits


class _Chromium:
    """A browser that still is connected when its pages report that they were closed."""

    def __init__(self) -> None:
        self.closes = asyncio.Event()

    def is_connected(self) -> bool:
        return True

    async def close(self) -> None:
        self.closes.set()
        await asyncio.sleep(0.1)


async def test_the_page_of_a_stopped_browser_is_no_page_that_crashed() -> None:
    browser = Browser(
        Path("/nowhere/chromium"),
        guard=AddressGuard(),
        budget=Budget(1000),
        limits=Limits(),
        user_agent="Test",
        gate=Gate(),
        memory=1 << 30,
    )
    chromium = _Chromium()
    browser._chromium = cast("Any", chromium)

    async def show() -> None:
        await chromium.closes.wait()
        raise Error("Target page, context or browser has been closed")

    showing = asyncio.ensure_future(browser._while_up(cast("Any", chromium), show()))
    await asyncio.sleep(0)
    await browser._stop()
    with pytest.raises(module._Down) as raised:
        await showing
    assert not raised.value.by_page
