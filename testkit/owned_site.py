"""A site with the llms.txt that its owner expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from testkit.serving import Answer

Answering = Callable[[str], Answer | None]


@dataclass(frozen=True)
class OwnedSite:
    """A site with the name and the sections that its owner expects.

    `sections` are the sections of the navigation, in its order. Each contains pages in the order of the navigation.
    The result may have other pages between them. `answering` may raise MissingPackageError.
    """

    kind: str
    answering: Callable[[], Answering]
    name: str
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: str = "/"
