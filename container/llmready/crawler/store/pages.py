"""Pages on disk while the crawl runs, so that memory stays flat however many there are.

Where a zip is wanted, each page is compressed here, in a thread of its own beside the crawl.
"""

from __future__ import annotations

import hashlib
import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from llmready.crawler.convert.sanitise import clean_line
from llmready.crawler.pack.descriptions import plain
from llmready.crawler.pack.zip_file import deflated
from llmready.crawler.page.excerpt import first_paragraph
from llmready.crawler.page.navigation import Sign
from llmready.crawler.store.repeats import Repeats
from llmready.crawler.store.tokens import count_words, estimate_tokens
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_WAITING = 32
"""Pages that wait for being compressed; the crawl waits for the thread where there are more."""

LONG = 500
"""Characters from which on the same Markdown at two addresses is one page, wherever these are."""

_PART = 1 << 20  # bytes
_TARGET = re.compile(r"\]\([^()\s]*+\)")
_TITLE = re.compile(rb"# [^\n]*\n*")


@dataclass(slots=True)
class StoredPage:
    """One page of the result: what it says about itself. Its Markdown lies in the store.

    `lang` as BCP 47 has it and `modified` in ISO 8601, if the page says so; `crumbs`, the labels of its breadcrumbs;
    `signs`, the links of its navigation, kept of the front page alone.
    """

    url: Url
    depth: int
    title: str
    heading: str
    description: str
    site_name: str
    excerpt: str
    digest: str
    lang: str = ""
    modified: str = ""
    crumbs: tuple[str, ...] = ()
    signs: tuple[Sign, ...] = ()


class Text(NamedTuple):
    """The Markdown of a page as the archive needs it.

    `head`, its first line when that is a heading, with the line ends after it; `rest`, all else, ending in a line
    end; `packed`, the rest compressed, empty where no zip is wanted.
    """

    head: bytes
    rest: bytes
    packed: bytes


@dataclass(slots=True)
class _Place:
    start: int
    length: int
    words: int
    tokens: int
    packed: Future[tuple[int, int]] | None


class PageStore:
    """Keeps the pages of a crawl in one file, to which it only appends, and their compressed form in another.

    Parameters: `path` of the file, which it makes; `compress`, for a zip.
    """

    def __init__(self, path: Path, *, compress: bool = False) -> None:
        self._file = path.open("xb")
        # Pages are read through a door of their own, so that writing only ever appends.
        self._reading = path.open("rb", buffering=0)
        self._is_flushed = True
        self._packed = path.with_suffix(".packed").open("x+b") if compress else None
        self._packer = ThreadPoolExecutor(1, "packer") if compress else None
        self._waiting: list[Future[tuple[int, int]]] = []
        self._end = self._packed_end = 0
        self._repeats = Repeats()
        self._pages: dict[Url, tuple[StoredPage, _Place]] = {}
        # Where the same content lies: one list for all that is alike, holding the address that is kept.
        self._twins: dict[tuple[str, str], list[Url]] = {}

    def add(self, page: StoredPage, markdown: str, variant: str = "") -> bool:
        """Keep a page.

        Parameters: `variant`, alike for those translations of a page whose text is the same, if it has any.
        Returns: False when the same content lies here under a variant of its URL (another query, another
        extension, other capitals) or, if it is long enough to be no accident, under any other URL; the better of
        the two URLs is kept then: the one nearer to the start, else the shorter.
        """
        keys = [(_stem(page.url), page.digest), *([("", variant)] if variant else [])]
        if len(markdown) >= LONG:
            own = f"]({page.url}#"
            is_own = own in markdown
            digest = content_digest(page.title, markdown.replace(own, "](#")) if is_own else page.digest
            keys.append(("", digest))
        known = next((self._twins[key] for key in keys if key in self._twins), None)
        kept = known or [page.url]
        for key in keys:
            self._twins.setdefault(key, kept)
        if known is None:
            self._pages[page.url] = (page, self._keep(markdown))
            self._repeats.note(markdown)
            return True
        other, place = self._pages[kept[0]]
        if _rank(page) < _rank(other):
            del self._pages[other.url]
            self._pages[page.url] = (page, place if page.digest == other.digest else self._keep(markdown))
            kept[0] = page.url
        return False

    def _keep(self, markdown: str) -> _Place:
        data = markdown.encode()
        self._file.write(data)
        self._is_flushed = False
        words = count_words(data)
        place = _Place(self._end, len(data), words, estimate_tokens(data, words), self._pack(data))
        self._end += len(data)
        return place

    def state(self) -> dict[str, Any]:
        """Return all there is to know but the Markdown as JSON-able data."""
        return {
            "pages": [[asdict(page), place.start, place.length] for page, place in self._pages.values()],
            "twins": [[*key, list(kept[0])] for key, kept in self._twins.items()],
        }

    def flushed(self) -> int:
        """Hand what was added to the file, and return how many bytes it has."""
        self._file.flush()
        self._is_flushed = True
        return self._end

    def stored(self, size: int) -> Iterator[bytes]:
        """Walk the first bytes of the file, which never change; any thread may."""
        for start in range(0, size, _PART):
            yield os.pread(self._reading.fileno(), min(_PART, size - start), start)

    def restore(self, state: dict[str, Any], markdown: bytes) -> None:
        """Fill an empty store with what `state` described, or not at all. Raises: ValueError, KeyError, TypeError."""
        pages = [
            (_page(fields), markdown[start : start + length].decode())
            for fields, start, length in state["pages"]
        ]
        kept: dict[Url, list[Url]] = {}
        twins = {
            (stem, digest): kept.setdefault(Url(*url), [Url(*url)]) for stem, digest, url in state["twins"]
        }
        for page, text in pages:
            self._pages[page.url] = (page, self._keep(text))
            self._repeats.note(text)
        self._twins = twins

    def _pack(self, data: bytes) -> Future[tuple[int, int]] | None:
        if self._packer is None:
            return None
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.pop(0).result()
        future = self._packer.submit(self._write_packed, data)
        self._waiting.append(future)
        return future

    def _write_packed(self, data: bytes) -> tuple[int, int]:
        packed = deflated(_split(data)[1])
        start = self._packed_end
        if self._packed is not None:
            self._packed.write(packed)
        self._packed_end += len(packed)
        return start, len(packed)

    def markdown(self, page: StoredPage) -> str:
        """Return a page's Markdown."""
        return self._data(self._pages[page.url][1]).decode()

    def text(self, page: StoredPage) -> Text:
        """Return a page's Markdown in the pieces that the archive is made of. Raises: OSError."""
        place = self._pages[page.url][1]
        head, rest = _split(self._data(place))
        packed = b""
        if place.packed is not None and self._packed is not None:
            start, length = place.packed.result()
            self._packed.seek(start)
            packed = self._packed.read(length)
        return Text(head, rest, packed)

    def words(self, page: StoredPage) -> int:
        """Return how many words a page has."""
        return self._pages[page.url][1].words

    def tokens(self, page: StoredPage) -> int:
        """Return about how many tokens a page has."""
        return self._pages[page.url][1].tokens

    def pages(self) -> list[StoredPage]:
        """Return all pages in the order of their URLs."""
        return [self._pages[url][0] for url in sorted(self._pages)]

    def settle(self) -> None:
        """Take out what repeats from page to page, and wait until all is compressed. Raises: OSError.

        Before anything is read.
        """
        if self._repeats.found():
            for url, (page, place) in list(self._pages.items()):
                markdown = self._data(place).decode()
                kept = self._repeats.without(markdown)
                if kept != markdown:
                    page.excerpt = "" if plain(page.description) else clean_line(first_paragraph(kept))
                    self._pages[url] = (page, self._keep(kept))
            self._repeats = Repeats()
        for future in self._waiting:
            future.result()
        self._waiting.clear()

    def close(self) -> None:
        """Close the files."""
        if self._packer is not None:
            self._packer.shutdown(cancel_futures=True)
        if self._packed is not None:
            self._packed.close()
        self._reading.close()
        self._file.close()

    def _data(self, place: _Place) -> bytes:
        if not self._is_flushed:
            self.flushed()
        return os.pread(self._reading.fileno(), place.length, place.start)

    def __len__(self) -> int:
        return len(self._pages)


def _page(fields: dict[str, Any]) -> StoredPage:
    signs = tuple(Sign(label, Url(*url), tuple(parts)) for label, url, parts in fields["signs"])
    made = {"url": Url(*fields["url"]), "crumbs": tuple(fields["crumbs"]), "signs": signs}
    return StoredPage(**{**fields, **made})


def content_digest(title: str, markdown: str) -> str:
    """Return what tells the content of two pages apart."""
    return hashlib.sha256(f"{title}\n{markdown}".encode()).hexdigest()


def variant_digest(title: str, markdown: str) -> str:
    """Return what tells the content of two translations apart, whose links lead into their own languages."""
    return content_digest(title, _TARGET.sub("]()", markdown))


def _split(data: bytes) -> tuple[bytes, bytes]:
    heading = _TITLE.match(data)
    cut = heading.end() if heading else 0
    return data[:cut], data[cut:] + b"\n"


def _stem(url: Url) -> str:
    # Some servers take upper and lower case for the same; whether this one does, the content tells.
    path = url._replace(query="").key.lower().removesuffix(".md")
    stem, dot, extension = path.rpartition(".")
    return stem if dot and "/" not in extension else path


def _rank(page: StoredPage) -> tuple[int, int, str]:
    return (page.depth, len(page.url.target), page.url.target)
