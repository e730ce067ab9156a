"""Runs as a crawler's user once its crawl is over: ends what is left of that user, empties the working directory.

Only that user may do either; the worker must not start this as itself.
"""

import contextlib
import os
import shutil
import signal
from pathlib import Path

EVERYBODY = -1


def main() -> None:
    """End all other processes of this user, then remove what lies here."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(EVERYBODY, signal.SIGKILL)
    for entry in Path().iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                entry.unlink()


if __name__ == "__main__":
    main()
