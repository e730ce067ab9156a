"""Which URLs come last, so that no page spends the limits of the whole crawl by what it links to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.setbacks import Setbacks
from llmready.crawler.engine.variants import Variants

if TYPE_CHECKING:
    from llmready.crawler.engine.candidate import Candidate
    from llmready.crawler.engine.levels import Levels


class Shares:
    """Puts candidates last because of setbacks, and limits the queries of each path."""

    def __init__(self) -> None:
        self.setbacks = Setbacks()
        self.variants = Variants()
        self._linked_again: dict[str, list[Candidate]] = {}

    def place(self, candidate: Candidate) -> bool:
        """Set whether a new candidate comes last. Return False if it is left out: its path has too many queries."""
        candidate.is_last = self.setbacks.puts_last(candidate)
        return self.variants.accept(candidate.url)

    def arrange(self, levels: Levels) -> None:
        """Put candidates of the next level last, and take back those that need not come last any more."""
        if self.setbacks.has_recovered:
            self.setbacks.has_recovered = False
            levels.recall(self.setbacks.puts_last)
        # In one pass; otherwise each part of a large level would be sorted only to be put last.
        while levels.current() and not levels.postpone(self.setbacks.puts_last):
            pass

    def link_again(self, waiting: Candidate, source: str) -> None:
        """Note that a further page links to a waiting candidate."""
        if waiting.source != source:
            self._linked_again.setdefault(source, []).append(waiting)

    def finish(self, source: str, levels: Levels, *, is_kept: bool) -> None:
        """Note that a page is finished. Pages that it links to no longer come last, if it is kept.

        Only kept pages count, because otherwise each copy of a page would have its own share.
        """
        for waiting in self._linked_again.pop(source, ()):
            waiting.is_confirmed |= is_kept
            key = waiting.url.key
            if not is_kept or not waiting.is_last or levels.get(key) is not waiting:
                continue
            levels.pop(key)
            waiting.is_last = False
            levels.add(waiting)

    def state(self) -> list[Any]:
        """Return the counts as data for JSON."""
        return [self.setbacks.state(), self.variants.state()]

    @classmethod
    def restored(cls, state: list[Any]) -> Shares:
        """Return the counts that `state` describes."""
        shares = cls()
        shares.setbacks, shares.variants = Setbacks.restored(state[0]), Variants.restored(state[1])
        return shares
