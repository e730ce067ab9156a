"""Write the archive. Equal pages give equal bytes. Only manifest.json contains times."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from llmready.crawler.pack.llms_txt import ROOT, escape, own_link, page_link, render_llms_txt
from llmready.crawler.pack.outline import Entry, Outline, make_outline
from llmready.crawler.pack.paths import archive_paths
from llmready.crawler.pack.quality import judge
from llmready.crawler.pack.text_faults import TextFaults
from llmready.crawler.pack.zip_file import ZipFile
from llmready.crawler.page.excerpt import plain
from llmready.crawler.page.index_pointer import index_pointer
from llmready.crawler.store.deflate import deflated_line
from llmready.crawler.store.tokens import COUNTED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from llmready.crawler.model import Coverage, PageFailure, Quality, StoredPage
    from llmready.crawler.options import LinkTarget
    from llmready.crawler.store.pages import PageStore, Text
    from llmready.crawler.urls import Url

FULL = "llms-full.txt"
MANIFEST = "manifest.json"

MOST_WAITING = 64
"""Maximum number of files that wait to be written."""

_CHUNK = 1 << 20

_quote = json.JSONEncoder(ensure_ascii=False).encode


def _quoted(text: str) -> str:
    """Return a text as a value of the front matter.

    A parser of Markdown that does not know front matter would read tags and destinations in it.
    """
    return _quote(text).replace("<", "\\u003c").replace("](", "]\\u0028")


@dataclass(frozen=True, slots=True)
class Written:
    """Summary of the archive: number of files, bytes of llms-full.txt, name of the site, quality of llms.txt.

    `coverage` is that of the run, with whether the structure was simplified.
    """

    total_files: int
    content_bytes: int
    site_name: str
    quality: Quality
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Facts of a crawl for the manifest. Times are ISO 8601 in UTC.

    Attributes:
        link_target: Whether the links of llms.txt lead to the site or to the Markdown files.
        coverage: How much of the site was crawled, or None if this is not known.
        languages: Languages that have sections. Empty for all languages.
    """

    start: Url
    started_at: str
    ended_at: str
    seconds: float
    generator: str
    failures: Sequence[PageFailure]
    notes: Sequence[str]
    link_target: LinkTarget = "page"
    coverage: Coverage | None = None
    languages: Sequence[str] = ()


class Bundle:
    """The files of an archive, written into a folder and, at the same time, into a zip if wanted.

    Use it as a context manager. Leaving it completes the zip.

    Args:
        folder: Folder that exists.
        zip_path: Path of the zip, or None for no zip.
        limit: Greatest size of the zip, in bytes.
    """

    def __init__(self, folder: Path, zip_path: Path | None, limit: int) -> None:
        self.names: list[str] = []
        self._folder = folder
        self._made = {folder}
        # Creating a file waits for the file system; more than one thread would only wait for the interpreter lock.
        self._writer = ThreadPoolExecutor(1, "writer")
        self._writing: deque[Future[None]] = deque()
        self._closing = ExitStack()
        self._zip = zip_path and ZipFile(zip_path, limit)

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            if self._zip:
                closing.enter_context(self._zip)
            closing.callback(self._writer.shutdown, cancel_futures=True)
            closing.push(self._complete)
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.__exit__(kind, error, trace)

    def _complete(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._wait_for(len(self._writing))

    def add(self, name: str, data: bytes, parts: Sequence[bytes] = ()) -> None:
        """Write a file.

        Args:
            name: Path in the archive.
            data: Content of the file.
            parts: The compressed content, if available.

        Raises:
            Failure: The archive is too large (archive_too_large).
            OSError: The file cannot be written.
        """
        path = self._folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        self._wait_for(len(self._writing) - MOST_WAITING + 1)
        self._writing.append(self._writer.submit(_write, str(path), data))
        self.names.append(name)
        if self._zip:
            self._zip.add(name, data, parts)

    def _wait_for(self, files: int) -> None:
        for _ in range(files):
            self._writing.popleft().result()

    def add_joined(self, name: str, pieces: Iterator[_Piece]) -> int:
        """Write a file from pieces.

        Returns: its size in bytes. Raises: Failure (archive_too_large), OSError.
        """
        size = checksum = packed_size = 0
        scratch = self._folder.with_name(f"{name}.packed")
        with (self._folder / name).open("wb") as plain, scratch.open("w+b") as packed:
            for piece in pieces:
                for data in piece.plain:
                    plain.write(data)
                    size += len(data)
                    checksum = zlib.crc32(data, checksum) if self._zip else 0
                if self._zip:
                    packed_size += sum(packed.write(part) for part in piece.packed())
            self.names.append(name)
            if self._zip:
                packed.seek(0)
                parts = partial(iter, partial(packed.read, _CHUNK), b"")
                self._zip.add_parts(name, size, checksum, parts, packed_size)
        scratch.unlink()
        return size


def _write(path: str, data: bytes) -> None:
    """Write a file with the smallest number of system calls."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A page in llms-full.txt: the lines above its text, and the text."""

    head: bytes
    text: Text

    @property
    def plain(self) -> tuple[bytes, bytes, bytes]:
        return (self.head, self.text.rest, b"\n")

    def packed(self) -> tuple[bytes, bytes, bytes]:
        return (deflated_line(self.head), self.text.packed, deflated_line(b"\n"))


def write_archive(bundle: Bundle, store: PageStore, run: Run) -> Written:
    """Write llms.txt, llms-full.txt, md/ and manifest.json.

    Args:
        bundle: The files are written into it.
        store: Pages of the crawl, at least one.
        run: Facts of the crawl.

    Raises:
        Failure: The archive is too large (archive_too_large).
        OSError: A file cannot be written.
    """
    store.finish()
    outline = make_outline(store.pages(), run.start, store.markdown, store.navigation, run.languages)
    if run.coverage is not None:
        run = replace(run, coverage=replace(run.coverage, simplified=outline.is_simplified))
    entries = outline.entries
    paths = archive_paths(entry.page.url for entry in entries)
    origin = run.start.origin

    def markdown_link(entry: Entry) -> str:
        return own_link(origin, paths[entry.page.url])

    target = markdown_link if run.link_target == "markdown" else page_link
    for name, text in render_llms_txt(outline, target, origin).items():
        bundle.add(name, text.encode())
    pointer = index_pointer(outline.site_name, own_link(origin, ROOT))
    described: list[dict[str, Any]] = []
    faults = TextFaults(run.failures)

    def pieces() -> Iterator[_Piece]:
        for section in outline.sections:
            for entry in section.entries:
                above = f"{_front_matter(entry)}{pointer}\n\n"
                written, text = _write_page(bundle, paths[entry.page.url], above, entry, store)
                described.append({**written, "section": section.title})
                faults.read(entry.page.url, entry.title, text.rest)
                yield _piece(entry, text)

    content_bytes = bundle.add_joined(FULL, pieces())
    quality = judge(outline, described, run.failures, run.coverage, faults)
    described.sort(key=lambda page: page["path"])
    total = len(bundle.names) + 1
    bundle.add(MANIFEST, _manifest(run, outline, described, total, quality).encode())
    return Written(total, content_bytes, outline.site_name, quality, run.coverage)


def _piece(entry: Entry, text: Text) -> _Piece:
    head = f"# {escape(entry.title)}\n\nURL: {entry.page.url}\n\n".encode()
    return _Piece(head if _repeats(text.head, entry.title) else head + text.head, text)


def _repeats(head: bytes, title: str) -> bool:
    """Return whether the first heading or line of a text repeats the title of the page."""
    line = head.decode().partition("\n")[0].lstrip("#")
    return plain(line).casefold() == title.casefold()


def _write_page(
    bundle: Bundle, path: str, above: str, entry: Entry, store: PageStore
) -> tuple[dict[str, Any], Text]:
    """Write a page with the lines `above` before its text. Return its entry in the manifest, and its text."""
    page = entry.page
    text = store.text(page)
    is_title = _repeats(text.head, entry.title) and not text.head.startswith(b"# ")
    # A title in a heading of a lower level, or in none, becomes the heading of the page.
    title = f"# {escape(entry.title)}\n\n".encode() if is_title else text.head
    head = above.encode() + title
    data = head + text.rest
    bundle.add(path, data, (deflated_line(head), text.packed) if text.packed else ())
    described = {
        "url": str(page.url),
        "path": path,
        "title": entry.title,
        "page_type": page.page_type,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "words": store.words(page),
        "tokens": store.tokens(page),
    }
    return described, text


def _front_matter(entry: Entry) -> str:
    page: StoredPage = entry.page
    facts = {
        "title": entry.title,
        "description": entry.description,
        "url": str(page.url),
        "canonical_url": page.canonical or str(page.url),
        "lang": page.lang,
        "last_updated": page.modified,
    }
    # Every JSON string is also a valid YAML string.
    front = "".join(f"{key}: {_quoted(text)}\n" for key, text in facts.items() if text)
    return f"---\n{front}---\n\n"


def _manifest(
    run: Run, outline: Outline, described: Sequence[dict[str, Any]], total_files: int, quality: Quality
) -> str:
    manifest = {
        "origin": str(run.start),
        "site_name": outline.site_name,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_sec": round(run.seconds, 3),
        "total_files": total_files,
        "generator": run.generator,
        "link_target": run.link_target,
        "tokens": sum(page["tokens"] for page in described),
        "tokens_counted_by": COUNTED_BY,
        "quality": quality.to_json(),
        "pages_found": run.coverage.pages_found if run.coverage else None,
        "truncated_by": run.coverage.truncated_by if run.coverage else None,
        "warnings": run.coverage.warnings() if run.coverage else [],
        "notes": [*run.notes, *outline.notes],
        "pages": list(described),
        "failures": [
            {"url": failure.url, "code": failure.code.value, "detail": failure.detail}
            for failure in sorted(run.failures, key=lambda failure: (failure.url, failure.code))
        ],
    }
    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
