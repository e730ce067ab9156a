"""Write files into a shared folder: replace and remove only files that LLMReady wrote.

A record in the folder (`.llmready.json`) lists the files of the last run with their hashes. A file that is not in the
record, or that was edited since, belongs to somebody else. If it would be replaced, the run stops before it writes
anything. While files are replaced, the record lists their old and their new hashes. The next run can then continue an
interrupted run.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD = ".llmready.json"
_STAGING = ".llmready-new-"
_SHOWN = 5


class FolderError(ValueError):
    """Files cannot be put into a folder. The message says what to do."""


class ForeignFilesError(FolderError):
    """Files that LLMReady did not write would be replaced. This requires ``force``."""


@dataclass(frozen=True)
class FolderChanges:
    """Paths of files, relative to the folder, in order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether a file differs."""
        return bool(self.added or self.changed or self.removed)


def put_files(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> FolderChanges:
    """Write these files into a folder that may contain other files.

    All new content is first written to temporary files, which are then renamed. If the disk is full, the old files
    stay unchanged. After an interruption, no file is incomplete.

    Args:
        folder: Folder to write. It is created when it is missing.
        files: Content by relative path.
        force: Also replace files that LLMReady did not write, and files that were edited.

    Returns:
        What changed.

    Raises:
        FolderError: A path leads out of the folder, or a file that LLMReady did not write would be replaced. OSError:
        The folder cannot be written.
    """
    for path in files:
        _check(path)
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder} is a file. Name a folder.")
    owned = _read_record(folder)
    _refuse_links(folder, [*files, *owned])
    _remove_staging(folder)
    hashes = {path: sha256(content).hexdigest() for path, content in files.items()}
    present = {path: _hash(folder / path) for path in {*files, *owned}}
    changes = FolderChanges(
        added=tuple(sorted(path for path in files if present[path] is None)),
        changed=tuple(sorted(path for path in files if present[path] not in (None, hashes[path]))),
        removed=tuple(sorted(path for path in owned if path not in files and present[path] is not None)),
    )
    ours = {path: digest for path, digest in present.items() if digest in owned.get(path, ())}
    if not force:
        _refuse_foreign(folder, [path for path in (*changes.changed, *changes.removed) if path not in ours])
    if not changes.any and owned == {path: {digest} for path, digest in hashes.items()}:
        return changes
    _write(folder, files, changes, before=ours, after=hashes)
    return changes


def _check(path: str) -> None:
    parts = path.split("/")
    if not all(part and part not in (".", "..") and "\\" not in part and "\0" not in part for part in parts):
        raise FolderError(f"The archive holds a path that leads out of its folder: {path!r}.")


def _read_record(folder: Path) -> dict[str, set[str]]:
    """Return the hashes that each file of the last run may have; empty if there was no run."""
    owned: dict[str, set[str]] = {}
    try:
        record = json.loads((folder / RECORD).read_bytes())
        for listed in (record["files"], record.get("incoming", {})):
            for path, digest in listed.items():
                _check(path)
                owned.setdefault(path, set()).add(str(digest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return owned


def _refuse_links(folder: Path, paths: list[str]) -> None:
    """Refuse to write through a link, which could lead anywhere, or below a file."""
    for path in paths:
        place = folder
        parts = path.split("/")
        for part in parts[:-1]:
            place = place / part
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                raise FolderError(f"{place} is a file or a symbolic link, not a folder. Move or delete it.")
        target = folder / path
        if target.is_symlink() or target.is_dir():
            raise FolderError(
                f"{target} is a folder or a symbolic link, not a regular file. Move or delete it."
            )


def _refuse_foreign(folder: Path, foreign: list[str]) -> None:
    if not foreign:
        return
    named = ", ".join(sorted(foreign)[:_SHOWN]) + (" and others" if len(foreign) > _SHOWN else "")
    raise ForeignFilesError(
        f"Nothing was changed, because files in {folder} were edited or are not from LLMReady: {named}."
        " Move or delete them."
    )


def _hash(file: Path) -> str | None:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _remove_staging(folder: Path) -> None:
    """Remove the temporary files of an interrupted run."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _write(
    folder: Path,
    files: Mapping[str, bytes],
    changes: FolderChanges,
    *,
    before: Mapping[str, str | None],
    after: Mapping[str, str],
) -> None:
    """Write the files that changed.

    Args:
        folder: The folder.
        files: Content by relative path.
        changes: Which of them are written, and which files are removed.
        before: Hashes of the files of the last run, as they are in the folder.
        after: Hashes of all files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / tempfile.mkdtemp(prefix=_STAGING, dir=folder)
    try:
        staged = [(path, files[path]) for path in (*changes.added, *changes.changed)]
        for number, (_, content) in enumerate(staged):
            _write_through(staging / str(number), content)
        for name, record in (
            ("begun", {"files": before, "incoming": after}),
            ("record", {"files": after}),
        ):
            _write_through(staging / name, json.dumps(record, indent=1, sort_keys=True).encode())
        (staging / "begun").replace(folder / RECORD)
        for number, (path, _) in enumerate(staged):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            (staging / str(number)).replace(place)
        for path in changes.removed:
            (folder / path).unlink(missing_ok=True)
            _remove_empty(folder, path)
        (staging / "record").replace(folder / RECORD)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_through(file: Path, content: bytes) -> None:
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _remove_empty(folder: Path, path: str) -> None:
    """Remove the folders that a removed file leaves empty."""
    for parent in (folder / path).parents:
        if parent == folder:
            return
        with contextlib.suppress(OSError):
            parent.rmdir()
