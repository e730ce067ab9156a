"""Remove everything that a crawler's user has written: its working folder's content, shared memory, queues.

    python -I -S remove_files.py UID

The worker starts this program when all processes of the crawler's user have ended. The program runs under
that user, because only that user may remove its folders. It needs only the standard library.
"""

import contextlib
import ctypes
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_SHARED_FOLDERS = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp")  # noqa: S108 - looked for what the user left there
_IPC = Path("/proc/sysvipc")
_REMOVE = 0  # IPC_RMID


def main() -> None:
    """Empty the current folder, then remove the user's files and IPC objects in shared places.

    Raises:
        SystemExit: This does not run as the user that the argument names, or it runs as root.
    """
    if os.getuid() == 0 or sys.argv[1:] != [str(os.getuid())]:
        raise SystemExit("remove_files runs only as the user whose ID is its argument, and never as root.")
    _empty(".")
    for folder in _SHARED_FOLDERS:
        _remove_own_entries(folder)
    _remove_ipc_objects()


def _empty(top: str) -> None:
    """Remove the content of a folder, however deeply its folders are nested.

    Nested folders are moved to the top one by one, so neither paths nor the number of open files grow with the depth.
    """
    with _opened(top) as top_folder:
        folders = _remove_files(top_folder)
        while folders:
            name = folders.pop()
            os.chmod(name, 0o700, dir_fd=top_folder)
            with _opened(name, top_folder) as folder:
                for inner in _remove_files(folder):
                    moved = secrets.token_hex(8)
                    os.chmod(inner, 0o700, dir_fd=folder)
                    os.rename(inner, moved, src_dir_fd=folder, dst_dir_fd=top_folder)
                    folders.append(moved)
            os.rmdir(name, dir_fd=top_folder)


def _remove_files(folder: int) -> list[str]:
    """Remove the files in an open folder, and return the names of its folders."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return folders


@contextlib.contextmanager
def _opened(name: str, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_own_entries(folder: str) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != os.getuid():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    Path(entry.path).chmod(0o700)
                    _empty(entry.path)
                    Path(entry.path).rmdir()
                else:
                    Path(entry.path).unlink()


def _remove_ipc_objects() -> None:
    """Remove System V shared memory, message queues and semaphores (sysvipc(7)), which processes leave behind."""
    library = ctypes.CDLL(None)
    removals: dict[str, Callable[[int], object]] = {
        "shm": lambda number: library.shmctl(number, _REMOVE, None),
        "msg": lambda number: library.msgctl(number, _REMOVE, None),
        "sem": lambda number: library.semctl(number, 0, _REMOVE),
    }
    for kind, remove in removals.items():
        with contextlib.suppress(OSError, ValueError):
            names, *lines = (_IPC / kind).read_text().splitlines()
            columns = names.split()
            identity, owner = columns.index(f"{kind}id"), columns.index("uid")
            for line in lines:
                values = line.split()
                if int(values[owner]) == os.getuid():
                    remove(int(values[identity]))


if __name__ == "__main__":
    main()
