"""Retry calls to AWS from the event loop, with backoff."""

import asyncio
import random
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from llmready.domain.errors import TryAgain

T = TypeVar("T")

_FIRST_PAUSE = 0.2  # seconds; doubles with each attempt
_LONGEST_PAUSE = 5.0


async def retry(call: Callable[[], T], *, while_: Callable[[], bool]) -> T:
    """Make a blocking call in a thread and return its result.

    If AWS cannot be reached, the call is repeated after a pause.

    Args:
        call: The call. It raises TryAgain if a repeat may succeed.
        while_: Returns whether the call may be repeated.

    Raises:
        TryAgain: The call has not succeeded and may not be repeated any more.
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


async def retry_for(seconds: float, call: Callable[[], T]) -> T:
    """Make a blocking call in a thread, and repeat it for some seconds (see :func:`retry`)."""
    until = monotonic() + seconds
    return await retry(call, while_=lambda: monotonic() < until)
