"""The pages that wait until the frontier starts their level."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.candidate import Candidate, restored_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Levels:
    """Waiting candidates: the rest of the current level, the next level, lists (`is_late`) and `is_last`.

    The rest of the current level is what `current` returned and the frontier did not pop.
    """

    def __init__(self) -> None:
        self._current: dict[str, Candidate] = {}
        self._next: dict[str, Candidate] = {}
        self._late: dict[str, Candidate] = {}
        self._last: dict[str, Candidate] = {}

    @property
    def _all(self) -> tuple[dict[str, Candidate], ...]:
        return self._current, self._next, self._late, self._last

    def __len__(self) -> int:
        return sum(map(len, self._all))

    def __iter__(self) -> Iterator[Candidate]:
        return (candidate for level in self._all for candidate in level.values())

    def get(self, key: str) -> Candidate | None:
        """Return the waiting candidate with the key of this URL, or None."""
        return next((level[key] for level in self._all if key in level), None)

    def pop(self, key: str) -> Candidate | None:
        """Remove a candidate and return it. Return None if it does not wait."""
        return next((level.pop(key) for level in self._all if key in level), None)

    def add(self, candidate: Candidate) -> None:
        """Add a candidate to the level in which it comes."""
        level = self._last if candidate.is_last else self._late if candidate.is_late else self._next
        level[candidate.url.key] = candidate

    @property
    def are_late(self) -> bool:
        """Whether only lists, notices and forms come next."""
        if self._next:
            return False
        coming = self._current or self._late or self._last
        return all(candidate.is_late for candidate in coming.values())

    def current(self) -> list[Candidate]:
        """Return the rest of the current level, or the next level if nothing is left of the current one."""
        if any(one.is_last for one in self._current.values()) and (self._next or self._late):
            self._last |= self._current
            self._current = {}
        if self._next and any(one.is_late for one in self._current.values()):
            # The lists that were fetched so far led to new content, which has priority over further lists.
            self._late |= self._current
            self._current = {}
        if not self._current:
            self._current, self._next = self._next, {}
        if not self._current:
            self._current, self._late = self._late, {}
        if not self._current:
            content = {key: one for key, one in self._last.items() if not one.is_late}
            self._current = content or self._last
            self._last = {key: one for key, one in self._last.items() if key not in self._current}
        return list(self._current.values())

    def postpone(self, comes_last: Callable[[Candidate], bool]) -> bool:
        """Let candidates of the current level come last. Return whether others are left in it."""
        found = [one for one in self._current.values() if not one.is_last and comes_last(one)]
        for candidate in found:
            candidate.is_last = True
            del self._current[candidate.url.key]
            self._last[candidate.url.key] = candidate
        return bool(self._current)

    def recall(self, comes_last: Callable[[Candidate], bool]) -> None:
        """Let candidates that no longer come last come in their level again."""
        for candidate in [one for one in self._last.values() if not comes_last(one)]:
            candidate.is_last = False
            del self._last[candidate.url.key]
            self.add(candidate)

    def state(self) -> list[list[dict[str, Any]]]:
        """Return the levels as data for JSON."""
        return [[asdict(one) for one in level.values()] for level in self._all]

    @classmethod
    def restored(cls, state: list[list[dict[str, Any]]]) -> Levels:
        """Return the levels that `state` describes."""
        levels = cls()
        levels._current, levels._next, levels._late, levels._last = (
            {one.url.key: one for one in map(restored_candidate, level)} for level in state
        )
        return levels
