"""The archive: written page by page, the same bytes for the same pages, times only in manifest.json."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.failures import Code, Failure
from crawler.pack.llms_txt import render_llms_txt
from crawler.pack.outline import Entry, Outline, make_outline
from crawler.pack.paths import archive_paths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.frontier.urls import Url
    from crawler.pack.store import PageStore

# The zip format has no earlier day, and any fixed one makes the bytes reproducible.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that is missing from the result, and why."""

    url: str
    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the files in their order in the archive, and figures about them."""

    files: list[str]
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


def write_archive(folder: Path, store: PageStore, run: Run) -> Written:
    """Write llms.txt, llms-full.txt, md/ and manifest.json into a folder.

    Parameters: `folder`, which exists; `store`, with at least one page; `run`. Raises: OSError.
    """
    outline = make_outline(store.pages(), run.start)
    paths = archive_paths(entry.page.url for entry in outline.entries)
    described: list[dict[str, Any]] = []
    with (folder / "llms-full.txt").open("w", encoding="utf-8", newline="\n") as full:
        for entry in outline.entries:
            body = store.markdown(entry.page)
            full.write(f"# {entry.title}\n\nURL: {entry.page.url}\n\n{_without_title(body, entry.title)}\n\n")
            described.append(_write_page(folder, paths[entry.page.url], entry, body))
        content_bytes = full.tell()
    _write_text(folder / "llms.txt", render_llms_txt(outline))
    described.sort(key=lambda page: page["path"])
    files = ["llms.txt", "llms-full.txt", "manifest.json", *(page["path"] for page in described)]
    _write_text(folder / "manifest.json", _manifest(run, outline, described, len(files)))
    return Written(files, content_bytes, outline.site_name)


def write_zip(folder: Path, files: Sequence[str], target: Path, limit: int) -> tuple[int, str]:
    """Pack the files of a folder.

    Parameters: `folder`; `files`, paths below it in the order of the zip; `target`; `limit`, bytes.
    Returns: size in bytes and SHA-256 of the zip. Raises: Failure (archive_too_large), OSError.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in files:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _PLAIN_FILE
            info.create_system = 3
            info.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, archive.open(info, "w") as packed:
                while chunk := source.read(_CHUNK):
                    packed.write(chunk)
            if archive.start_dir > limit:
                raise _too_large(limit)
    size = target.stat().st_size
    if size > limit:
        raise _too_large(limit)
    with target.open("rb") as source:
        return size, hashlib.file_digest(source, "sha256").hexdigest()


def _too_large(limit: int) -> Failure:
    return Failure(
        Code.ARCHIVE_TOO_LARGE,
        f"The archive would be larger than {limit / 1_000_000:g} MB; ask for fewer pages.",
    )


def _write_page(folder: Path, path: str, entry: Entry, body: str) -> dict[str, Any]:
    head = {"title": entry.title, "description": entry.description, "url": str(entry.page.url)}
    # JSON strings are YAML strings, with every quote and colon where YAML wants it.
    front = "".join(f"{key}: {json.dumps(text, ensure_ascii=False)}\n" for key, text in head.items() if text)
    data = f"---\n{front}---\n\n{body}\n".encode()
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
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


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
