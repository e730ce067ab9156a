"""Download archives: resume interrupted downloads, check the hash, and never leave an incomplete file.

The received part is kept in the cache folder of the operating system, under the hash of the whole file. The file
itself appears only when it is complete and its hash is right.
"""

import contextlib
import fcntl
import os
import re
import shutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import httpx
import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from llmready.cli.client.output import print_json
from llmready.cli.client.session import Session, is_loopback, unreachable
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed, not_written

_CHUNK = 256 * 1024
_TRIES = 4
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
# A zip, so that a server cannot choose the name of a file that other programs in the folder run.
_NAME = re.compile(r'filename="(llmready_[A-Za-z0-9._-]{1,150}\.zip)"')


class _Broken(Exception):
    """The connection ended before the file was complete."""


def download_files(
    session: Session, generation_id: str, out: Path | None, *, force: bool, as_json: bool
) -> int:
    """Download the files of a generation and print where they are.

    Args:
        session: The connection.
        generation_id: ID of the generation.
        out: File or folder to write; None for the current folder.
        force: Replace an existing file.
        as_json: Print JSON.
    """
    found = session.call("GET", f"/generations/{generation_id}/download", params={"redirect": "false"})
    digest, total = str(found["sha256"]), int(found["file_size"])
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise CommandFailed("the server sent no hash of the files; try again later", ExitCode.DAMAGED)
    name = f"llmready_{generation_id}.zip"
    target = _target(out, name)
    if target is None or not _is_there(target, digest, force=force):
        with _part(digest) as part:
            given = _fetch(session, generation_id, found, part)
            if target is None:
                target = _folder(out) / (given or name)
                if not _is_there(target, digest, force=force):
                    _place(part, target)
            else:
                _place(part, target)
    if as_json:
        print_json({"path": str(target), "sha256": digest, "file_size": total})
    else:
        print(f"{target}: {total / 1_000_000:.1f} MB, sha256 {digest[:12]}… verified.")
    return ExitCode.DONE


@contextlib.contextmanager
def downloaded(session: Session, generation_id: str) -> Iterator[Path]:
    """Download the files of a generation, check their hash, and yield the zip. The zip is removed afterwards.

    Raises:
        CommandFailed: The files cannot be downloaded, or differ from those that the server stored.
    """
    found = session.call("GET", f"/generations/{generation_id}/download", params={"redirect": "false"})
    digest = str(found["sha256"])
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise CommandFailed("the server sent no hash of the files; try again later", ExitCode.DAMAGED)
    with _part(digest) as part:
        _fetch(session, generation_id, found, part)
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _folder(out: Path | None) -> Path:
    return out if out is not None else Path()


def _target(out: Path | None, name: str) -> Path | None:
    """Return the file to write; None when `out` is a folder, because the server names the file.

    Raises:
        CommandFailed: The folder does not exist or cannot be written.
    """
    is_folder = out is None or out.is_dir()
    folder = _folder(out) if is_folder else _folder(out).parent
    if not folder.is_dir():
        raise CommandFailed(f"the folder {folder} does not exist; create it first", ExitCode.NOT_WRITTEN)
    if not os.access(folder, os.W_OK):
        raise CommandFailed(f"{folder / name} could not be written: Permission denied", ExitCode.NOT_WRITTEN)
    return None if is_folder else out


def _is_there(target: Path, digest: str, *, force: bool) -> bool:
    """Return whether the same file exists already.

    Raises:
        CommandFailed: A different file has this name.
    """
    if not target.exists():
        return False
    if target.is_file():
        with target.open("rb") as file:
            if _hash(file) == digest:
                return True
    if not force:
        raise CommandFailed(f"{target} exists already and is a different file; --force replaces it")
    return False


@contextlib.contextmanager
def _part(digest: str) -> Iterator[Path]:
    """Yield the file for the received part, locked against other commands."""
    folder = Path(platformdirs.user_cache_dir("llmready", appauthor=False)) / "downloads"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / f"{digest}.lock").open("w")
    except OSError as error:
        raise not_written(str(folder), error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandFailed("another command is downloading these files; wait for it to end") from None
        try:
            yield folder / f"{digest}.part"
        finally:
            Path(lock.name).unlink(missing_ok=True)


def _fetch(session: Session, generation_id: str, found: dict[str, Any], part: Path) -> str | None:
    """Download the whole file into ``part`` and return the file name that the server sent."""
    digest, total, name = str(found["sha256"]), int(found["file_size"]), None
    console = Console(stderr=True)
    columns = (TextColumn("download"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    failure: CommandFailed | None = None
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=total)
        for _ in range(_TRIES):
            try:
                name = _receive(str(found["download_url"]), part, total, progress, task)
            except _Broken as broken:
                failure = unreachable("the files", broken)
            except httpx.HTTPError as error:
                failure = unreachable("the files", error)
            except OSError as error:
                part.unlink(missing_ok=True)  # frees space on a full disk
                raise not_written(str(part), error) from None
            else:
                with part.open("rb") as file:
                    if _hash(file) == digest:
                        return name
                part.unlink()
                failure = CommandFailed(
                    "the downloaded file differs from the stored file, even after a retry; try again later",
                    ExitCode.DAMAGED,
                )
            found = session.call(
                "GET", f"/generations/{generation_id}/download", params={"redirect": "false"}
            )
    assert failure is not None  # noqa: S101 - every other path out of the loop has returned
    raise failure


def _receive(url: str, part: Path, total: int, progress: Progress, task: Any) -> str | None:
    have = part.stat().st_size if part.exists() else 0
    if have > total:
        part.unlink()
        have = 0
    # Request at least the last byte again, because the response carries the file name.
    have = min(have, total - 1) if total else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with httpx.stream(
        "GET",
        url,
        headers=headers,
        timeout=_TIMEOUT,
        follow_redirects=False,
        # Requests to this machine use no proxy. SSL_CERT_FILE applies to all requests.
        trust_env=not is_loopback(url),
        verify=httpx.create_ssl_context(),
    ) as answer:
        if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise _Broken(f"status {answer.status_code}")
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        position = have if resumed else 0
        with part.open("r+b" if part.exists() else "wb") as file:
            file.truncate(position)
            file.seek(position)
            progress.update(task, completed=position)
            for chunk in answer.iter_bytes(_CHUNK):
                position += len(chunk)
                if position > total:
                    break
                file.write(chunk)
                progress.update(task, completed=position)
        if position < total:
            raise _Broken("the connection ended early")
        named = _NAME.search(answer.headers.get("Content-Disposition", ""))
    return named[1] if named else None


def _place(part: Path, target: Path) -> None:
    """Move the complete file to its place in one step."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        try:
            part.replace(target)
        except OSError:  # another file system
            shutil.copyfile(part, partial)
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(target)
            part.unlink()
    except OSError as error:
        raise not_written(str(target), error) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _hash(file: IO[bytes]) -> str:
    digest = sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
