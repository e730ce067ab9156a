"""The URLs of a site that a crawl knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmready.crawler.engine.candidate import Candidate, restored_candidate
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_KNOWN = 50_000
"""URLs of one site that are stored; further ones are ignored."""

MOST_CHARACTERS = 20_000_000
"""Characters of these URLs together. Each URL may have thousands, and is stored several times."""

LONGEST_SETTLED = 400
"""Characters of the path and the query of the longest settled URL that is stored."""


class KnownUrls(set[str]):
    """Keys of URLs, with their number of characters."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        super().__init__(keys)
        self._characters = sum(map(len, self))

    def add(self, key: str) -> None:
        """Add a key."""
        if key not in self:
            self._characters += len(key)
        super().add(key)

    def forget(self, key: str) -> None:
        """Remove a key."""
        if key in self:
            self._characters -= len(key)
            self.remove(key)

    @property
    def is_full(self) -> bool:
        """Whether no further URLs are stored."""
        return len(self) >= MAX_KNOWN or self._characters >= MOST_CHARACTERS


class SeenUrls(KnownUrls):
    """Keys of URLs that the frontier has seen. They contain no slashes at the end and no index files.

    Some were seen only as the Markdown alternate of a page, or as the target of a redirect.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        super().__init__(keys)
        # If the path and query of a URL differ from its key, they are stored, too.
        self._targets: dict[str, str] = {}
        self._alternates: dict[str, str] = {}
        self._passed: dict[str, Candidate | None] = {}

    def see(self, url: Url) -> None:
        """Add a URL."""
        key, target = url.key, url.target
        self.add(key)
        if target != key:
            self._targets[key] = target

    @property
    def found(self) -> list[str]:
        """Paths with queries of all URLs but Markdown alternates."""
        return sorted(self._targets.get(key, key) for key in self - self._alternates.keys())

    def claim(self, key: str, page: str) -> None:
        """Add an alternate of a page with the key `page`. If the key is empty, links do not release the alternate."""
        self.add(key)
        self._alternates[key] = page

    def is_claimed(self, key: str) -> bool:
        """Return whether a URL is an alternate that a link from another page releases."""
        return bool(self._alternates.get(key))

    def release(self, key: str, source: str) -> bool:
        """Return whether an alternate becomes a page, because the page `source` links to it."""
        if self._alternates.get(key, source) in ("", source):
            return False
        del self._alternates[key]
        return True

    def pass_by(self, url: Url) -> None:
        """Add a URL that only a redirect has led to."""
        self.see(url)
        self._passed[url.key] = None

    def link(self, candidate: Candidate) -> None:
        """Note that a page links to a URL that was seen. Only `reopen` uses it, for the URLs of `pass_by`."""
        if candidate.url.key in self._passed:
            self._passed[candidate.url.key] = self._passed[candidate.url.key] or candidate

    def reopen(self, keys: Iterable[str]) -> list[Candidate]:
        """Forget the URLs that only redirects have led to. Return those among them that pages link to."""
        passed = {key: self._passed.pop(key) for key in keys if key in self._passed}
        for key, candidate in passed.items():
            if candidate is None:
                self.forget(key)
        return [candidate for candidate in passed.values() if candidate is not None]

    def state(self) -> list[Any]:
        """Return the URLs as data for JSON."""
        passed = {key: candidate and asdict(candidate) for key, candidate in self._passed.items()}
        return [sorted(self), self._targets, self._alternates, passed]

    @classmethod
    def restored(cls, state: list[Any]) -> SeenUrls:
        """Return the URLs that `state` describes."""
        seen = cls(state[0])
        seen._targets, seen._alternates = dict(state[1]), dict(state[2])
        seen._passed = {key: one and restored_candidate(one) for key, one in state[3].items()}
        return seen


class SettledUrls(set[Url]):
    """URLs that are not examined again when a page links to them. They are a cache, so some may be missing."""

    def note(self, urls: Iterable[Url]) -> None:
        """Add URLs, as far as there is room."""
        if len(self) < MAX_KNOWN:
            self.update(url for url in urls if len(url.path) + len(url.query) <= LONGEST_SETTLED)
