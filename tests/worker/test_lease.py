"""How often the lease on a generation is extended."""

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

from llmready.domain.generation import Generation, Progress
from llmready.worker.lease import Lease
from testkit.people import new_generation, new_user, new_website


class Written:
    """Counts the writes of a generation's item."""

    def __init__(self) -> None:
        self.times = 0

    def heartbeat(self, *_: Any, **__: Any) -> None:
        self.times += 1


def generation(patterns: list[str]) -> Generation:
    user = new_user()
    return new_generation(user, new_website(user, include_patterns=patterns, exclude_patterns=patterns))


async def writes(patterns: list[str]) -> int:
    """Return how often the item of a generation is written during a crawl of two seconds."""
    written: Any = Written()
    message: Any = None
    lease = Lease(
        generation(patterns),
        message,
        length=timedelta(seconds=90),
        taken=monotonic(),
        generations=written,
        jobs=message,
    )

    async def crawl() -> None:
        for number in range(50):
            lease.report(Progress(pages_crawled=number, total_pages=50))
            await asyncio.sleep(0.04)

    await lease.hold_while(crawl())
    return int(written.times)


async def test_a_large_item_is_written_less_often() -> None:
    """DynamoDB charges for the whole item at each write."""
    longest = [f"{number:03}{'ü' * 197}" for number in range(50)]
    small, large = await asyncio.gather(writes(["/docs/*"]), writes(longest))
    assert 1 <= large <= small / 2
