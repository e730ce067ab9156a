"""Calls to AWS from the event loop, tried again while that makes sense."""

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from llmready.domain.errors import TryAgain

T = TypeVar("T")

_FIRST_PAUSE = 0.2  # seconds; doubles with each try
_LONGEST_PAUSE = 5.0


async def patiently(call: Callable[[], T], *, while_: Callable[[], bool]) -> T:
    """Make a blocking call in a thread and return its answer.

    Args:
        call: What to call.
        while_: Tells whether it may be tried again.

    Raises:
        TryAgain: It still did not succeed when it could not be tried again.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            return await asyncio.to_thread(call)
        except TryAgain:
            if not while_():
                raise
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter is no secret
        pause = min(2 * pause, _LONGEST_PAUSE)
        if not while_():
            raise TryAgain
