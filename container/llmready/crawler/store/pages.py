"""Store pages on disk during the crawl, so that memory does not grow with their number.

If a zip is requested, a thread compresses each page.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from llmready.crawler.characters import clean_line
from llmready.crawler.model import StoredPage
from llmready.crawler.page.excerpt import first_paragraph, plain
from llmready.crawler.store.deflate import deflated
from llmready.crawler.store.duplicates import Duplicates, is_better
from llmready.crawler.store.navigation import SiteNavigation
from llmready.crawler.store.repeats import RepeatedBlocks
from llmready.crawler.store.tokens import count_spaced_words, count_words, estimate_tokens
from llmready.crawler.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_WORDS_OF_BANNER = 7
MOST_WAITING = 32
"""Greatest number of pages that wait to be compressed. If there are more, the crawl waits for the thread."""

_PART = 1 << 20  # bytes
# Old pages have no heading: their title is a line above a rule. A line that begins a block, such as a code fence, is
# no title, because the text below would lose its block.
_TITLE = re.compile(
    rb"#{1,6} [^\n]*\n*|(?![ \t>]|```|~~~|[<\[]|[-+*][ \t]|\d{1,9}[.)][ \t])[^\n]{1,400}\n\n(?:---\n\n)?"
)


class Text(NamedTuple):
    """The Markdown of a page in the parts that the archive needs.

    Attributes:
        head: The first line with the rule and the line ends after it, if the line is a heading or a short paragraph.
        rest: Everything else, with a line end at its end.
        packed: The rest compressed; empty if no zip is requested.
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


def _is_banner(markdown: str) -> bool:
    """Return whether a page contains only a few words without links or images, such as a banner in a frame."""
    return len(markdown.split()) <= MOST_WORDS_OF_BANNER and "](" not in markdown


class PageStore:
    """Keeps the pages of a crawl in one file, which is only appended to, and compressed pages in a second file.

    Args:
        path: Path of the file, which must not exist.
        compress: Whether a zip is wanted.
    """

    def __init__(self, path: Path, *, compress: bool = False) -> None:
        self.navigation = SiteNavigation()
        self.frameset_title = ""
        self.app_name = ""
        self._file = path.open("xb")
        # A second descriptor for reading leaves the position of the first one at the end.
        self._reading = path.open("rb", buffering=0)
        self._is_flushed = True
        self._packed = path.with_suffix(".packed").open("x+b") if compress else None
        self._packer = ThreadPoolExecutor(1, "packer") if compress else None
        self._waiting: list[Future[tuple[int, int]]] = []
        self._end = self._packed_end = 0
        self._repeats = RepeatedBlocks()
        self._pages: dict[Url, tuple[StoredPage, _Place]] = {}
        self._duplicates = Duplicates()

    def add(self, page: StoredPage, markdown: str, variant: str = "") -> bool:
        """Keep a page.

        Args:
            page: Facts of the page.
            markdown: Sanitised Markdown.
            variant: Equal for translations with the same text.

        Returns:
            False if the page is not stored, because its content is stored under a better URL or because it is
            a banner in a frame.
        """
        if self.frameset_title and _is_banner(markdown):
            return False
        holder = self._duplicates.add(page, markdown, variant)
        if holder is None:
            self._pages[page.url] = (page, self._keep(markdown))
            self._repeats.note(markdown)
            return True
        other, place = self._pages[holder[0]]
        self.navigation.note_copy(page.url, other.url)
        if is_better(page, other):
            del self._pages[other.url]
            self._pages[page.url] = (page, place if page.digest == other.digest else self._keep(markdown))
            holder[0] = page.url
        return False

    def _keep(self, markdown: str) -> _Place:
        data = markdown.encode()
        self._file.write(data)
        self._is_flushed = False
        spaced_words = count_spaced_words(data)
        tokens = estimate_tokens(data, spaced_words)
        words = count_words(data, spaced_words)
        place = _Place(self._end, len(data), words, tokens, self._pack(data))
        self._end += len(data)
        return place

    def state(self) -> dict[str, Any]:
        """Return everything but the Markdown as data for JSON."""
        return {
            "pages": [[asdict(page), place.start, place.length] for page, place in self._pages.values()],
            "duplicates": self._duplicates.state(),
            "navigation": self.navigation.state(),
            "frameset_title": self.frameset_title,
        }

    def flushed(self) -> int:
        """Flush what was added to the file, and return its size in bytes."""
        self._file.flush()
        self._is_flushed = True
        return self._end

    def stored(self, size: int) -> Iterator[bytes]:
        """Yield the first `size` bytes of the file, which never change; may be called from any thread."""
        for start in range(0, size, _PART):
            yield os.pread(self._reading.fileno(), min(_PART, size - start), start)

    def restore(self, state: dict[str, Any], markdown: bytes) -> None:
        """Fill an empty store with the pages in `state`, either all of them or none.

        Args:
            state: State of the store.
            markdown: File of the store to which the state belongs.

        Raises:
            ValueError, KeyError, TypeError: The state is not usable.
        """
        if any(start < 0 or length < 0 for _, start, length in state["pages"]):
            raise ValueError("a page has no place")
        if sum(length for _, _, length in state["pages"]) > len(markdown):
            raise ValueError("pages share their Markdown")
        pages = [
            (_page(fields), markdown[start : start + length].decode())
            for fields, start, length in state["pages"]
        ]
        duplicates = Duplicates.restored(state["duplicates"])
        self.navigation = SiteNavigation.restored(state["navigation"])
        self.frameset_title = state["frameset_title"]
        for page, text in pages:
            self._pages[page.url] = (page, self._keep(text))
            self._repeats.note(text)
        self._duplicates = duplicates

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
        """Return a page's Markdown in the parts that the archive needs. Raises: OSError."""
        place = self._pages[page.url][1]
        head, rest = _split(self._data(place))
        packed = b""
        if place.packed is not None and self._packed is not None:
            start, length = place.packed.result()
            self._packed.seek(start)
            packed = self._packed.read(length)
        return Text(head, rest, packed)

    def words(self, page: StoredPage) -> int:
        """Return the number of words of a page."""
        return self._pages[page.url][1].words

    def tokens(self, page: StoredPage) -> int:
        """Return the estimated number of tokens of a page."""
        return self._pages[page.url][1].tokens

    def drop(self, page: StoredPage) -> None:
        """Leave a page out of the result. Its text stays on disk until the store is closed."""
        del self._pages[page.url]

    def pages(self) -> list[StoredPage]:
        """Return all pages in the order of their URLs.

        Pages in the frames of a frameset that do not name the site get the frameset's title as its name. The start
        page gets the name in the web app manifest.
        """
        for page, _ in self._pages.values():
            page.site_name = page.site_name or self.frameset_title
            if page.depth == 0:
                page.app_name = self.app_name
        return [self._pages[url][0] for url in sorted(self._pages)]

    def finish(self) -> None:
        """Remove blocks that many pages repeat, and wait until all pages are compressed.

        Called once, after the last page was added and before the pages are read.
        Raises: OSError.
        """
        if self._repeats.found():
            for url, (page, place) in list(self._pages.items()):
                markdown = self._data(place).decode()
                kept = self._repeats.without(markdown)
                if kept != markdown:
                    page.excerpt = "" if plain(page.description) else clean_line(first_paragraph(kept))
                    self._pages[url] = (page, self._keep(kept))
            self._repeats = RepeatedBlocks()
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
    decoded = {
        "url": Url(*fields["url"]),
        "breadcrumbs": tuple(fields["breadcrumbs"]),
        **{name: tuple(fields.get(name, ())) for name in ("headings", "brands", "logos")},
    }
    return StoredPage(**{**fields, **decoded})


def _split(data: bytes) -> tuple[bytes, bytes]:
    heading = _TITLE.match(data)
    cut = heading.end() if heading else 0
    return data[:cut], data[cut:] + b"\n"
