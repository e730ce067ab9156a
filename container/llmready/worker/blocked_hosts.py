"""Hosts that operators blocked. They are not crawled, and their running crawls are stopped."""

import asyncio

from llmready.domain.controls import Controls
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Failure
from llmready.observability import logger
from llmready.ports.controls import ControlsStore

HOST_BLOCKED = Failure(
    code="host_blocked", message="The operator of this service does not allow crawls of this host."
)


class BlockedHosts:
    """The operators' list of blocked hosts, read repeatedly.

    Args:
        controls: Store of the list.
        seconds: Time between two reads.
    """

    def __init__(self, controls: ControlsStore, *, seconds: float = 5.0) -> None:
        self._controls = controls
        self._seconds = seconds

    async def read(self) -> Controls:
        """Return the controls of operators. If they cannot be read, no host is blocked."""
        try:
            return await asyncio.to_thread(self._controls.get)
        except TryAgain:
            logger.warning("blocked hosts not read")
            return Controls()

    async def wait_until_blocked(self, url: str) -> None:
        """Return as soon as the host of a URL is blocked."""
        while True:
            controls = await self.read()
            if controls.blocks(url):
                return
            await asyncio.sleep(self._seconds)
