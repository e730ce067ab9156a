"""Recognise pages whose content is already stored under another URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmready.crawler.page.digests import content_digest
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from llmready.crawler.model import StoredPage

LONG = 500
"""Minimum length of equal Markdown, in characters, that makes pages at any two URLs one page.

Shorter texts may be equal by chance.
"""


class Duplicates:
    """Records which content is stored under which URL."""

    def __init__(self) -> None:
        # Each value is shared by all keys of one content and holds the URL under which it is kept.
        self._kept: dict[tuple[str, str], list[Url]] = {}

    def add(self, page: StoredPage, markdown: str, variant: str) -> list[Url] | None:
        """Record a page. Return the object with the URL under which the same content is stored, or None.

        Two pages with equal content are the same if the content is long or one of them is the start page. They are
        also the same if their URLs differ only in query, extension or case. Translations with the same text
        (`variant`) are the same, too.
        """
        keys = [(_stem(page.url), page.digest)]
        if variant:
            keys.append(("", variant))
        digest = _digest_without_own_url(page, markdown)
        if len(markdown) >= LONG:
            keys.append(("", digest))
        # The first chapter of a book is often its front page, too.
        start = ("start", digest)
        if page.depth == 0:
            keys.append(start)
        known = next((self._kept[key] for key in [*keys, start] if key in self._kept), None)
        holder = known or [page.url]
        for key in keys:
            self._kept.setdefault(key, holder)
        return known

    def state(self) -> list[Any]:
        """Return the remembered content as data for JSON."""
        return [[*key, list(holder[0])] for key, holder in self._kept.items()]

    @classmethod
    def restored(cls, state: list[Any]) -> Duplicates:
        """Create the object from what `state` returned. Raises: ValueError, TypeError."""
        holders: dict[Url, list[Url]] = {}
        found = cls()
        found._kept = {
            (stem, digest): holders.setdefault(Url(*url), [Url(*url)]) for stem, digest, url in state
        }
        return found


def is_better(page: StoredPage, other: StoredPage) -> bool:
    """Return whether a URL is preferred to another: nearer to the start page, or equally near and shorter."""
    return _rank(page) < _rank(other)


def _digest_without_own_url(page: StoredPage, markdown: str) -> str:
    own = f"]({page.url}#"
    if own not in markdown:
        return page.digest
    return content_digest(page.title, markdown.replace(own, "](#"))


def _stem(url: Url) -> str:
    # Some servers ignore case in paths; equal content shows that this one does.
    path = url._replace(query="").key.lower().removesuffix(".md")
    stem, dot, extension = path.rpartition(".")
    return stem if dot and "/" not in extension else path


def _rank(page: StoredPage) -> tuple[int, int, str]:
    return (page.depth, len(page.url.target), page.url.target)
