"""``llmready sync``: the newest files of a website in a folder, such as a Git checkout."""

import argparse
import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.generations import follow, newest
from llmready.cli.client.output import plain, print_json
from llmready.cli.client.session import Session
from llmready.cli.client.site_names import find_site
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed, not_written
from llmready.crawler.pack.folder import FolderChanges, FolderError, ForeignFilesError, put_files
from llmready.crawler.pack.web_root import web_root
from llmready.domain.archive_names import is_archive_name
from llmready.domain.file_index import read_entry

_MANIFEST = "manifest.json"
_LISTED = 20


def add_commands(add: Add) -> None:
    """Add the command."""
    sync = client_command(add, "sync", _sync, "Put a website's newest files into a folder.")
    sync.add_argument("site", metavar="WEBSITE", help="a website's address, name or ID")
    sync.add_argument("folder", metavar="DIR", type=Path, help="folder to write, such as a Git checkout")
    sync.add_argument(
        "--layout",
        choices=("zip", "web-root"),
        default="zip",
        help="layout of the folder: as in the archive (default), or each page at the path of its URL",
    )
    sync.add_argument("--wait", action="store_true", help="wait for a running generation first")
    sync.add_argument(
        "--force",
        action="store_true",
        help="also replace files that you edited or that existed before the first sync",
    )
    sync.add_argument("--summary", type=Path, metavar="FILE", help="write the summary of the changes here")


def _sync(session: Session, options: argparse.Namespace) -> int:
    site = find_site(session, options.site)
    if options.wait:
        _wait_for_running(session, site)
    run = newest(session, status="completed", website_id=site["id"])
    archive = _archive(session, str(run["id"]))
    files = web_root(archive) if options.layout == "web-root" else dict(archive)
    changes = _put(options.folder, _without_times(options.folder, files), force=options.force)
    summary = _summary(site, run, changes)
    if options.summary:
        try:
            options.summary.write_text(summary, encoding="utf-8")
        except OSError as error:
            raise not_written(str(options.summary), error) from None
    if options.json:
        lists = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
        print_json({"generation_id": run["id"], **{name: list(paths) for name, paths in lists.items()}})
    else:
        print(summary, end="")
    return ExitCode.CHANGED if changes.any else ExitCode.DONE


def _put(folder: Path, files: dict[str, bytes], *, force: bool) -> FolderChanges:
    try:
        return put_files(folder, files, force=force)
    except FolderError as error:
        sentence = str(error)
        hint = " --force replaces them." if isinstance(error, ForeignFilesError) else ""
        raise CommandFailed(sentence[:1].lower() + sentence[1:] + hint, ExitCode.NOT_WRITTEN) from None
    except OSError as error:
        raise not_written(str(folder), error) from None


def _wait_for_running(session: Session, site: dict[str, Any]) -> None:
    params = {"website_id": site["id"], "per_page": 1}
    items = session.call("GET", "/generations/history", params=params)["items"]
    if items and items[0]["status"] in ("pending", "processing"):
        follow(session, str(items[0]["id"]), plain(site["name"]))


def _archive(session: Session, generation_id: str) -> dict[str, bytes]:
    """Download the archive of a generation, check its hash, and return its files by path.

    Raises:
        CommandFailed: The archive cannot be downloaded or read, or has a file that LLMReady does not write.
    """
    from llmready.cli.client.downloading import downloaded  # noqa: PLC0415 - imports httpx and rich

    with downloaded(session, generation_id) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                for entry in entries:
                    _check(entry)
                return {entry.filename: read_entry(archive, entry) for entry in entries}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise CommandFailed(f"the archive cannot be read: {plain(error)}", ExitCode.DAMAGED) from None


def _check(entry: zipfile.ZipInfo) -> None:
    """Refuse a file that other programs in a repository could run, because the server may be in foreign hands."""
    if not is_archive_name(entry.filename):
        raise CommandFailed(
            f"the archive has a file that LLMReady does not write, so nothing was changed: {plain(entry.filename)}",
            ExitCode.DAMAGED,
        )


def _without_times(folder: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    """Keep the existing manifest if the new one differs only in times, so that equal pages change no file."""
    if _MANIFEST not in files:
        return files
    try:
        present = (folder / _MANIFEST).read_bytes()
        if _timeless(present) == _timeless(files[_MANIFEST]):
            return {**files, _MANIFEST: present}
    except (OSError, ValueError, AttributeError):
        pass
    return files


def _timeless(manifest: bytes) -> dict[str, Any]:
    times = {"started_at", "ended_at", "duration_sec"}
    return {name: value for name, value in json.loads(manifest).items() if name not in times}


def _summary(site: dict[str, Any], run: dict[str, Any], changes: FolderChanges) -> str:
    """Return what changed as Markdown for a pull request."""
    name = re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", plain(site["name"]))
    if not changes.any:
        return f"The files of {name} are up to date (generation {run['id']}).\n"
    lines = [f"## Files of {name}", "", f"Generation {run['id']}, {run['pages_crawled']} pages.", ""]
    for title, paths in (
        ("Added", changes.added),
        ("Changed", changes.changed),
        ("Removed", changes.removed),
    ):
        if paths:
            lines += [f"### {title}: {len(paths)}", ""]
            lines += [f"- `{path.replace('`', '')}`" for path in paths[:_LISTED]]
            lines += [f"- and {len(paths) - _LISTED} more"] if len(paths) > _LISTED else []
            lines.append("")
    return "\n".join(lines)
