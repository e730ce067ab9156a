"""Pages on disk while the crawl runs, so that memory stays flat however many there are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.frontier.urls import Url

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class StoredPage:
    """One page of the result; its Markdown lies in the store."""

    url: Url
    depth: int
    title: str
    heading: str
    description: str
    site_name: str
    excerpt: str
    digest: str


class PageStore:
    """Keeps the pages of a crawl. Parameters: `folder`, which it makes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True)
        self._pages: dict[str, StoredPage] = {}
        self._twins: dict[tuple[str, str], str] = {}

    def add(self, page: StoredPage, markdown: str) -> bool:
        """Keep a page.

        Returns: False when the same content lies here under a variant of its URL (another query, another
        extension); the better of the two URLs is kept then.
        """
        twin_key = (_stem(page.url), page.digest)
        twin = self._twins.get(twin_key)
        if twin is not None:
            other = self._pages[twin]
            if _rank(page) < _rank(other):
                del self._pages[twin]
                self._file(other.url).unlink()
            else:
                return False
        self._file(page.url).write_text(markdown, encoding="utf-8", newline="\n")
        key = str(page.url)
        self._pages[key] = page
        self._twins[twin_key] = key
        return twin is None

    def markdown(self, page: StoredPage) -> str:
        """Return a page's Markdown."""
        return self._file(page.url).read_text(encoding="utf-8")

    def pages(self) -> list[StoredPage]:
        """Return all pages in the order of their URLs."""
        return sorted(self._pages.values(), key=lambda page: page.url)

    def __len__(self) -> int:
        return len(self._pages)

    def _file(self, url: Url) -> Path:
        return self._folder / f"{hashlib.sha256(str(url).encode()).hexdigest()[:32]}.md"


def content_digest(title: str, markdown: str) -> str:
    """Return what tells the content of two pages apart."""
    return hashlib.sha256(f"{title}\n{markdown}".encode()).hexdigest()


def _stem(url: Url) -> str:
    path = url._replace(query="").key
    stem, dot, extension = path.rpartition(".")
    return stem if dot and "/" not in extension else path


def _rank(page: StoredPage) -> tuple[int, int, str]:
    return (page.depth, len(page.url.target), page.url.target)
