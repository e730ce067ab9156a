"""The archive: written page by page, the same bytes for the same pages, times only in manifest.json."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from crawler.failures import Code, Failure
from crawler.pack.llms_txt import render_llms_txt
from crawler.pack.outline import Entry, Outline, make_outline
from crawler.pack.paths import archive_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from crawler.frontier.urls import Url
    from crawler.pack.store import PageStore

# The zip format has no earlier day, and any fixed one makes the bytes reproducible.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that is missing from the result, and why."""

    url: str
    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the number of files, the bytes of llms-full.txt, the name of the site."""

    total_files: int
    content_bytes: int
    site_name: str


@dataclass(frozen=True, slots=True)
class Run:
    """The facts of a crawl that the manifest tells; times are ISO 8601 in UTC."""

    start: Url
    started_at: str
    ended_at: str
    seconds: float
    generator: str
    failures: Sequence[PageFailure]
    notes: Sequence[str]


class Bundle:
    """The files of an archive, written into a folder and, if wanted, into a zip in the same go.

    Parameters: `folder`, which exists; `zip_path`, or None for no zip; `limit`, bytes of the zip.
    Use as a context manager: leaving it completes the zip.
    """

    def __init__(self, folder: Path, zip_path: Path | None, limit: int) -> None:
        self.names: list[str] = []
        self._folder = folder
        self._limit = limit
        self._made = {folder}
        self._zip = zip_path and zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip:
            self._zip.close()

    def add(self, name: str, data: bytes) -> None:
        """Write a file. Raises: Failure (archive_too_large), OSError."""
        path = self._folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        path.write_bytes(data)
        self.names.append(name)
        if self._zip:
            self._zip.writestr(_zip_info(name), data)
            self._check_size()

    @contextmanager
    def stream(self, name: str) -> Iterator[BinaryIO]:
        """Write a file piece by piece; it must be one that is read back when it is complete."""
        path = self._folder / name
        with path.open("wb") as file:
            yield file
        self.names.append(name)
        if self._zip:
            info = _zip_info(name)
            info.file_size = path.stat().st_size
            with path.open("rb") as source, self._zip.open(info, "w") as packed:
                shutil.copyfileobj(source, packed, _CHUNK)
            self._check_size()

    def _check_size(self) -> None:
        if self._zip and self._zip.start_dir > self._limit:
            raise Failure(
                Code.ARCHIVE_TOO_LARGE,
                f"The archive would be larger than {self._limit / 1_000_000:g} MB; ask for fewer pages.",
            )


def write_archive(bundle: Bundle, store: PageStore, run: Run) -> Written:
    """Write llms.txt, llms-full.txt, md/ and manifest.json.

    Parameters: `bundle`, where to; `store`, with at least one page; `run`.
    Raises: Failure (archive_too_large), OSError.
    """
    outline = make_outline(store.pages(), run.start)
    paths = archive_paths(entry.page.url for entry in outline.entries)
    described: list[dict[str, Any]] = []
    bundle.add("llms.txt", render_llms_txt(outline).encode())
    with bundle.stream("llms-full.txt") as full:
        for entry in outline.entries:
            body = store.markdown(entry.page)
            text = f"# {entry.title}\n\nURL: {entry.page.url}\n\n{_without_title(body, entry.title)}\n\n"
            full.write(text.encode())
            described.append(_write_page(bundle, paths[entry.page.url], entry, body))
        content_bytes = full.tell()
    described.sort(key=lambda page: page["path"])
    total = len(bundle.names) + 1
    bundle.add("manifest.json", _manifest(run, outline, described, total).encode())
    return Written(total, content_bytes, outline.site_name)


def _zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _PLAIN_FILE
    info.create_system = _UNIX
    return info


def _write_page(bundle: Bundle, path: str, entry: Entry, body: str) -> dict[str, Any]:
    head = {"title": entry.title, "description": entry.description, "url": str(entry.page.url)}
    # JSON strings are YAML strings, with every quote and colon where YAML wants it.
    front = "".join(f"{key}: {json.dumps(text, ensure_ascii=False)}\n" for key, text in head.items() if text)
    data = f"---\n{front}---\n\n{body}\n".encode()
    bundle.add(path, data)
    return {
        "url": str(entry.page.url),
        "path": path,
        "title": entry.title,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "words": len(body.split()),
    }


def _without_title(body: str, title: str) -> str:
    """Drop a first heading that only repeats the title above it."""
    first, _, rest = body.partition("\n")
    plain = first.removeprefix("# ").replace("\\", "").strip()
    return rest.lstrip("\n") if first.startswith("# ") and plain.casefold() == title.casefold() else body


def _manifest(run: Run, outline: Outline, pages: Sequence[dict[str, Any]], total_files: int) -> str:
    manifest = {
        "origin": str(run.start),
        "site_name": outline.site_name,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_sec": round(run.seconds, 3),
        "total_files": total_files,
        "generator": run.generator,
        "notes": list(run.notes),
        "pages": list(pages),
        "failures": [
            {"url": failure.url, "code": failure.code.value, "detail": failure.detail}
            for failure in sorted(run.failures, key=lambda failure: (failure.url, failure.code))
        ],
    }
    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
