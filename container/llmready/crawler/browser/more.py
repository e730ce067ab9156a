"""Ask a rendered page for more of its text, up to a limit: some lists never end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmready.crawler.browser.labels import HARMFUL, LOADS_MORE, LONGEST_LABEL, MORE
from llmready.crawler.browser.merging import States

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llmready.crawler.urls import Url

SECONDS_FOR_MORE = 6.0
MOST_MORE = 10
"""Greatest number and total seconds of attempts to load more of a page."""

SECONDS_TO_BEGIN = 0.1
"""Pages that load more do it in the frame after the one that was scrolled."""

_LABELS = {"loadsMore": LOADS_MORE, "more": MORE, "harmful": HARMFUL, "longest": LONGEST_LABEL}
_SCRIPT = (Path(__file__).parent / "more.js").read_text()
ASK = f"({_SCRIPT})({json.dumps(_LABELS)})"
MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered page: its HTML and its address, or the URL that its scripts lead to.

    `is_unfinished` is true if the page would load still more text.
    """

    html: str = ""
    address: Url | None = None
    leads_to: Url | None = None
    is_unfinished: bool = False


async def read_with_more(
    ask: Callable[[str], Awaitable[dict[str, Any]]],
    rest: Callable[[float], Awaitable[None]],
    read: Callable[[], Awaitable[Rendered]],
) -> Rendered:
    """Read a page after it was scrolled down and buttons such as "Load more" were pressed, as long as this helps.

    Args:
        ask: Evaluates a script in the page, which asks it for more.
        rest: Waits until the page no longer changes. Its argument is the time of the page when it was asked.
        read: Reads the page.
    """
    loop = asyncio.get_running_loop()
    end, length = loop.time() + SECONDS_FOR_MORE, 0
    before = await read()
    is_unfinished = was_asked = False
    for attempt in range(MOST_MORE + 1):
        state = await ask(ASK)
        if not state["asked"] or state["length"] <= length:
            break
        was_asked = True
        if attempt == MOST_MORE or loop.time() > end:
            is_unfinished = attempt > 0
            break
        length = state["length"]
        await asyncio.sleep(SECONDS_TO_BEGIN)
        await rest(state["at"])
    if not was_asked:
        return before
    after = await read()
    if _path_of(after) != _path_of(before):
        # A control led to another page of an application.
        return before
    states = States(before.html)
    if not states.loses(after.html):
        return replace(after, is_unfinished=is_unfinished)
    is_complete = await _add_steps(states, ask, rest, read) and not is_unfinished
    states.add(after.html)
    return replace(before, html=states.html, is_unfinished=not is_complete)


async def _add_steps(
    states: States,
    ask: Callable[[str], Awaitable[dict[str, Any]]],
    rest: Callable[[float], Awaitable[None]],
    read: Callable[[], Awaitable[Rendered]],
) -> bool:
    """Add what a page shows at each scroll position. Returns: whether its end was reached."""
    if not states.can_join:
        return False
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS_FOR_MORE
    for step in range(MOST_STEPS):
        state = await ask(f"({_SCRIPT})({json.dumps(_LABELS)}, {step})")
        await asyncio.sleep(SECONDS_TO_BEGIN)
        await rest(state["at"])
        states.add((await read()).html)
        if not states.can_join:
            return False
        if state["isLast"]:
            return True
        if loop.time() > end:
            break
    return False


def _path_of(rendered: Rendered) -> str | None:
    return rendered.address.path if rendered.address else None
