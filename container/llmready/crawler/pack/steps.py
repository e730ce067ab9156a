"""A limit of time for the steps that arrange a site.

Packing runs after the crawl, so the crawl's timeout does not end it. All steps together have a limit that grows with
the number of pages. A step that exceeds the limit is interrupted and replaced by a simpler step, so no result is
lost.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from llmready.crawler.deadline import within

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 15.0
SECONDS_A_PAGE = 0.002
"""Real time, because whoever waits for the result also counts real time. An honest page takes 0.0002 s."""

T = TypeVar("T")


class Steps:
    """Runs steps until their time is used up. Parameters: `pages`, the number of pages of the site."""

    def __init__(self, pages: int) -> None:
        self.is_exceeded = False
        """Whether a step was replaced by a simpler one."""
        self._end = monotonic() + SECONDS + SECONDS_A_PAGE * pages

    def run(self, work: Callable[[], T], simpler: Callable[[], T]) -> T:
        """Return the result of `work`, or of `simpler` if the time is used up.

        Args:
            work: A function without side effects, because it may be interrupted.
            simpler: A function that takes little time.
        """
        left = self._end - monotonic()
        if left > 0:
            try:
                return within(work, left)
            except TimeoutError:
                pass
        self.is_exceeded = True
        return simpler()
