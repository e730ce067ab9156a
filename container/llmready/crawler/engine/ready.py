"""The pages of the part of a level that the frontier has started, in the order in which they are fetched."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.candidate import Candidate, restored_candidate

if TYPE_CHECKING:
    from collections.abc import Iterable


class Ready(OrderedDict[str, Candidate]):
    """Candidates by the keys of their URLs."""

    @property
    def first(self) -> Candidate:
        """The next candidate. There must be one."""
        return next(iter(self.values()))

    def add(self, candidate: Candidate) -> None:
        """Add a candidate at the end."""
        self[candidate.url.key] = candidate

    def add_first(self, candidate: Candidate) -> None:
        """Add a candidate at the beginning."""
        self.add(candidate)
        self.move_to_end(candidate.url.key, last=False)

    def pop_first(self) -> Candidate:
        """Remove the next candidate and return it. There must be one."""
        return self.popitem(last=False)[1]

    def state(self, in_flight: Iterable[Candidate]) -> list[dict[str, Any]]:
        """Return the candidates as data for JSON, after those in flight, which count as not yet fetched."""
        return [asdict(one) for one in (*in_flight, *self.values())]

    @classmethod
    def restored(cls, state: list[dict[str, Any]]) -> Ready:
        """Return the candidates that `state` describes."""
        return cls((one.url.key, one) for one in map(restored_candidate, state))
