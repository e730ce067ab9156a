"""Move a finished archive to its place, after checking that the place may be used."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.pack.folder import FolderError, put_files
from llmready.crawler.pack.web_root import web_root

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVE_NAMES = frozenset({"llms.txt", "llms-full.txt", "manifest.json", "md", "llms"})
"""Names of files and folders at the root of an archive."""


def check_out(out: Path) -> None:
    """Check that a folder is missing, empty, or holds an earlier archive.

    Raises: ValueError, with a sentence that says what to change.
    """
    if not out.name:
        raise ValueError(f"The folder {out} cannot be used for an archive. Choose another folder with --out.")
    if not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist. Create it first.")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"The folder {out.parent} cannot be written to. Check its permissions.")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file. Choose a folder with --out.")
    if out.is_dir():
        names = {entry.name for entry in out.iterdir()}
        if names and (not names <= ARCHIVE_NAMES or "manifest.json" not in names):
            raise ValueError(
                f"The folder {out} contains other files. Choose an empty or a new folder with --out."
            )


def publish(folder: Path, out: Path, replaced: Path) -> None:
    """Move a finished folder to its place.

    Args:
        folder: The finished folder.
        out: Where the folder belongs.
        replaced: Where an earlier archive is moved to.
    """
    if out.exists():
        out.rename(replaced)
    folder.rename(out)


def publish_web_root(folder: Path, out: Path) -> None:
    """Write the pages of an archive to the paths where the site would serve them, without touching other files.

    Args:
        folder: Folder of the archive.
        out: Root folder of the website.

    Raises:
        Failure: One of the paths has a file that LLMReady did not write.
    """
    archive = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    try:
        put_files(out, web_root(archive))
    except FolderError as error:
        raise Failure(Code.FILES_IN_THE_WAY, str(error)) from None
    shutil.rmtree(folder)
