"""Pages on disk while the crawl runs, so that memory stays flat however many there are."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.frontier.urls import Url

if TYPE_CHECKING:
    from pathlib import Path

_TARGET = re.compile(r"\]\([^()\s]*+\)")


@dataclass(slots=True)
class StoredPage:
    """One page of the result: what it says about itself. Its Markdown lies in the store."""

    url: Url
    depth: int
    title: str
    heading: str
    description: str
    site_name: str
    excerpt: str
    digest: str


class PageStore:
    """Keeps the pages of a crawl in one file, to which it only appends.

    Parameters: `path` of the file, which it makes.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x+b")
        self._end = 0
        self._pages: dict[Url, tuple[StoredPage, int, int]] = {}
        self._twins: dict[tuple[str, str], Url] = {}

    def add(self, page: StoredPage, markdown: str, variant: str = "") -> bool:
        """Keep a page.

        Parameters: `variant`, alike for those translations of a page whose text is the same, if it has any.
        Returns: False when the same content lies here under a variant of its URL (another query, another
        extension, other capitals); the better of the two URLs is kept then.
        """
        twin_keys = [(_stem(page.url), page.digest), *([("", variant)] if variant else [])]
        twin = next((self._twins[key] for key in twin_keys if key in self._twins), None)
        if twin is not None:
            other, start, length = self._pages[twin]
            if _rank(page) < _rank(other):
                del self._pages[twin]
                self._pages[page.url] = (page, start, length)
                self._twins.update(dict.fromkeys([*self._twins_of(twin), *twin_keys], page.url))
            return False
        data = markdown.encode()
        self._file.write(data)
        self._pages[page.url] = (page, self._end, len(data))
        self._end += len(data)
        self._twins.update(dict.fromkeys(twin_keys, page.url))
        return True

    def _twins_of(self, url: Url) -> list[tuple[str, str]]:
        return [key for key, kept in self._twins.items() if kept == url]

    def markdown(self, page: StoredPage) -> str:
        """Return a page's Markdown."""
        _, start, length = self._pages[page.url]
        self._file.seek(start)
        return self._file.read(length).decode()

    def pages(self) -> list[StoredPage]:
        """Return all pages in the order of their URLs."""
        return [self._pages[url][0] for url in sorted(self._pages)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._pages)


def content_digest(title: str, markdown: str) -> str:
    """Return what tells the content of two pages apart."""
    return hashlib.sha256(f"{title}\n{markdown}".encode()).hexdigest()


def variant_digest(title: str, markdown: str) -> str:
    """Return what tells the content of two translations apart, whose links lead into their own languages."""
    return content_digest(title, _TARGET.sub("]()", markdown))


def _stem(url: Url) -> str:
    # Some servers take upper and lower case for the same; whether this one does, the content tells.
    path = url._replace(query="").key.lower().removesuffix(".md")
    stem, dot, extension = path.rpartition(".")
    return stem if dot and "/" not in extension else path


def _rank(page: StoredPage) -> tuple[int, int, str]:
    return (page.depth, len(page.url.target), page.url.target)
