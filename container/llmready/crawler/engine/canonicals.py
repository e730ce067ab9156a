"""Recognise canonical URLs that a template sets on many pages by mistake."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.engine.candidate import Candidate
    from llmready.crawler.urls import Url

FEWEST = 2
"""Number of pages with different headings that name the same canonical page from which on this counts as a
mistake."""


class CanonicalClaims:
    """Records which pages name which page as their canonical URL, and their headings.

    A page is first treated as a copy. The page is restored if its canonical page has a different heading, and
    if other pages name the same canonical page. The result does not depend on the order in which the pages
    arrive.
    """

    def __init__(self) -> None:
        self.ignored = 0
        self._headings: dict[str, str] = {}
        self._named_by: defaultdict[str, dict[str, Candidate]] = defaultdict(dict)
        self._taken_back: set[str] = set()

    def stored(self, url: Url, heading: str) -> list[Candidate]:
        """Record that a page is in the result.

        Returns: pages that are not copies of it after all and must be restored.
        """
        self._headings[url.key] = heading.casefold()
        return self._no_copies(url.key) if url.key in self._named_by else []

    def claimed(self, original: Url, candidate: Candidate, heading: str) -> list[Candidate]:
        """Record that a page names a canonical URL.

        Returns: pages that are not copies of it after all and must be restored.
        """
        if heading:
            self._named_by[original.key].setdefault(heading.casefold(), candidate)
        return self._no_copies(original.key) if original.key in self._headings else []

    def notes(self) -> list[str]:
        """Return a sentence for the site's owner if canonical URLs were ignored."""
        if not self.ignored:
            return []
        pages = "1 page names" if self.ignored == 1 else f"{self.ignored} pages name"
        sentence = f"{pages} another page as canonical URL although the texts differ. The canonical URL was ignored; "
        return [f"{sentence}correct the template so that each page has its own URL as canonical URL."]

    def _no_copies(self, key: str) -> list[Candidate]:
        others = [page for heading, page in self._named_by[key].items() if heading != self._headings[key]]
        if len({page.url.path for page in others}) < FEWEST:
            return []
        found = [page for page in others if page.url.key not in self._taken_back]
        self._taken_back.update(page.url.key for page in found)
        self.ignored += len(found)
        return found
