"""Put a finished archive in its place, and check beforehand that it may be put there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVE_NAMES = frozenset({"llms.txt", "llms-full.txt", "manifest.json", "md", "llms"})
"""Names of files and folders at the root of an archive."""


def check_out(out: Path) -> None:
    """Check that a folder is missing, empty, or holds an earlier archive.

    Raises: ValueError, with a sentence that says what to change.
    """
    if not out.name:
        raise ValueError(f"{out} cannot be the folder of an archive. Name another one with --out.")
    if not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist. Create it first.")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"The folder {out.parent} cannot be written to. Check its rights.")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file. Name a folder with --out.")
    if out.is_dir():
        names = {entry.name for entry in out.iterdir()}
        if names and (not names <= ARCHIVE_NAMES or "manifest.json" not in names):
            raise ValueError(f"The folder {out} holds other files. Name an empty or a new folder with --out.")


def publish(folder: Path, out: Path, replaced: Path) -> None:
    """Move a finished folder to its place.

    Parameters: `folder`; `out`, where it belongs; `replaced`, where an earlier archive is moved to.
    """
    if out.exists():
        out.rename(replaced)
    folder.rename(out)
