"""A site with the llms.txt that its owner expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from testkit.serving import Answer

Answering = Callable[[str], Answer | None]


@dataclass(frozen=True)
class OwnedSite:
    """A site with the name and the sections that its owner expects.

    `sections` are those that the navigation has, in its order; each names pages in the order of the navigation, which
    other pages may stand between. `answering` may raise MissingPackageError.
    """

    kind: str
    answering: Callable[[], Answering]
    name: str
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: str = "/"
