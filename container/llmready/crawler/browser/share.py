"""The bytes that one page may transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Callable


class Share:
    """Bytes that the page of a tab may transfer through the proxy, in both directions.

    Args:
        size: Number of bytes.
    """

    def __init__(self, size: float) -> None:
        self.size = size
        self._left = size
        self._end: Callable[[], None] | None = None

    def begin(self, end: Callable[[], None]) -> None:
        """Begin with the next page of the tab. `end` is called when it has transferred too much."""
        self._left, self._end = self.size, end

    @property
    def is_spent(self) -> bool:
        """Whether the page has transferred too much."""
        return self._left < 0

    def spend(self, size: int) -> None:
        """Subtract bytes. Raises: Failure (page_too_large) when the share is used up."""
        self._left -= size
        if self.is_spent:
            if self._end is not None:
                self._end()
            raise Failure(Code.PAGE_TOO_LARGE, f"The page transfers more than {self.size / 1e6:g} MB.")
