"""The state of the page that a tab shows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from llmready.crawler.browser.more import Rendered
    from llmready.crawler.browser.other_hosts import PageRequests
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.urls import Url


@dataclass(slots=True)
class Visit:
    """The state of the page that is shown."""

    response: Response
    requests: PageRequests
    opened: bool = False
    parsed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    flying: set[str] = field(default_factory=set)
    landed: asyncio.Event = field(default_factory=asyncio.Event)
    decoded: dict[str, int] = field(default_factory=dict)
    size: int = 0
    moved: int = 0
    pressed: bool = False
    leads_to: Url | None = None
    read: Rendered | None = None
    failure: Failure | None = None
    crashed: bool = False

    def read_before(self, failure: Failure) -> Rendered:
        """Return what was read before the page was asked for more. Raises: the failure, if nothing was."""
        if self.read is None or failure.code == Code.BUDGET_EXCEEDED:
            raise failure
        return replace(self.read, is_unfinished=True)

    def fail(self, failure: Failure) -> None:
        """End the visit with a failure, unless it has one already."""
        self.failure = self.failure or failure
        self.ended.set()
