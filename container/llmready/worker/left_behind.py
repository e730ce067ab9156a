"""Files that a crawler left behind, looked at before they are believed."""

import hashlib
import stat
from pathlib import Path


def plain_size(file: Path) -> int:
    """Return the bytes of a file that is nothing but a file of its own.

    Raises:
        OSError: There is none.
        ValueError: It leads elsewhere, perhaps to something of ours.
    """
    found = file.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise ValueError("it is no plain file")
    return found.st_size


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
