"""Hosts that operators blocked: not crawled, and no longer crawled."""

import asyncio

from llmready.domain.controls import Controls
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Failure
from llmready.observability import logger
from llmready.ports.controls import ControlsStore

HOST_BLOCKED = Failure(code="host_blocked", message="Websites of this host are not generated.")


class Blocking:
    """What operators set, looked at again and again.

    Args:
        controls: Where it is.
        seconds: Between two looks.
    """

    def __init__(self, controls: ControlsStore, *, seconds: float = 5.0) -> None:
        self._controls = controls
        self._seconds = seconds

    async def now(self) -> Controls:
        """Return what is set; where that cannot be known, nothing is."""
        try:
            return await asyncio.to_thread(self._controls.get)
        except TryAgain:
            logger.warning("controls not read")
            return Controls()

    async def until_blocked(self, url: str) -> None:
        """Return once a URL's host is blocked."""
        while True:
            controls = await self.now()
            if controls.blocks(url):
                return
            await asyncio.sleep(self._seconds)
