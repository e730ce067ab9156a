"""Copy files that a crawler wrote, without trusting their names.

A taken-over crawler may leave a symbolic link to a file of the worker, a pipe on which a reader waits for
ever, or a file of another user. Each file is therefore opened once, without following links and without
waiting. The opened file is examined and copied into a folder that no crawler can write.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 20


class NotAcceptable(Exception):
    """A file differs from what an uncompromised crawler writes. The message gives the reason."""


class TooLarge(NotAcceptable):
    """A file has more bytes than allowed."""


class Taken(NamedTuple):
    """The worker's own copy of a file. ``size`` is bytes, ``sha256`` hexadecimal."""

    path: Path
    size: int
    sha256: str


def take(file: Path, copy: Path, *, owner: int, most: int) -> Taken:
    """Copy a file that a crawler wrote.

    Args:
        file: Path of the crawler's file.
        copy: Path of the copy, in a folder that the crawler cannot write.
        owner: ID of the crawler's user.
        most: The greatest number of bytes.

    Raises:
        FileNotFoundError: There is no such file.
        NotAcceptable: It is not a regular file of that user, or it has several names (hard links).
        TooLarge: It has more than ``most`` bytes.
        OSError: It could not be read, or the copy could not be written.
    """
    descriptor = _open(file)
    try:
        size = _acceptable_size(os.fstat(descriptor), owner=owner, most=most)
        return _copied(descriptor, copy, size)
    finally:
        os.close(descriptor)


def _open(file: Path) -> int:
    # O_NONBLOCK: opening a pipe must not wait for a writer. It does not matter for regular files.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(file, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotAcceptable(f"It cannot be opened: {error.strerror}.") from error


def _copied(descriptor: int, copy: Path, size: int) -> Taken:
    """Copy a number of bytes of an open file. A checkpoint's writer may still be running."""
    digest, copied = hashlib.sha256(), 0
    with copy.open("wb") as target:
        while chunk := os.read(descriptor, min(_CHUNK, size + 1 - copied)):
            copied += len(chunk)
            if copied > size:
                break
            digest.update(chunk)
            target.write(chunk)
    if copied != size:
        raise NotAcceptable("It changed while it was read.")
    return Taken(copy, size, digest.hexdigest())


def _acceptable_size(found: os.stat_result, *, owner: int, most: int) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise NotAcceptable("It is not a regular file.")
    if found.st_uid != owner:
        raise NotAcceptable("It belongs to another user.")
    if found.st_nlink != 1:
        raise NotAcceptable("It has several hard links.")
    if found.st_size > most:
        raise TooLarge(f"It has more than {most} bytes.")
    return found.st_size
