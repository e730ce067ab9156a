"""What the browser of a crawl did, and what it could not read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_MOST_NAMED = 5
_LITTLE = 40
"""Characters that rendering adds to a page without adding text, such as the current date."""

_MOST_IN_VAIN = 10
"""Pages with a sign that are rendered without any effect, until the sign is ignored. Sites repeat their templates."""


@dataclass(slots=True)
class Tally:
    """The pages that were rendered, and those that may lack text.

    Attributes:
        rendered: Number of rendered pages.
        unfinished: Pages that would load still more text.
        static: Pages whose text is that of their HTML, because rendering failed.
    """

    rendered: int = 0
    unfinished: list[str] = field(default_factory=list)
    static: list[str] = field(default_factory=list)
    _in_vain: Counter[str] = field(default_factory=Counter)
    _useful: set[str] = field(default_factory=set)
    _skipped: int = 0

    def is_worth(self, signs: frozenset[str]) -> bool:
        """Return whether to render a page that has text and these signs that its scripts add more."""
        if any(sign in self._useful or self._in_vain[sign] < _MOST_IN_VAIN for sign in signs):
            return True
        self._skipped += bool(signs)
        return False

    def learn(self, signs: frozenset[str], *, added: int) -> None:
        """Remember how many characters rendering added to a page with these signs."""
        if added > _LITTLE:
            self._useful.update(signs)
        else:
            self._in_vain.update(signs)

    def notes(self) -> list[str]:
        """Return sentences for the manifest."""
        notes = [f"{self.rendered} pages were rendered in a browser."]
        if self.unfinished:
            notes.append(
                f"These pages load more text than the crawl waits for, so text is missing: {_named(self.unfinished)}."
            )
        if self.static:
            notes.append(
                "These pages could not be rendered, so text that their scripts add may be missing: "
                f"{_named(self.static)}."
            )
        if self._skipped:
            notes.append(
                f"{self._skipped} pages with text were not rendered, because rendering added none to similar pages."
            )
        return notes


def _named(urls: list[str]) -> str:
    return ", ".join(urls[:_MOST_NAMED]) + (" and others" if len(urls) > _MOST_NAMED else "")
