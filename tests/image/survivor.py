"""A replacement for a crawler that a page has taken over: leaves processes, files, and a pipe as its result.

It runs in the container. First it records what is left of an earlier job of its user, which should be nothing.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

REPORT = Path("/report")
SHARED = Path("/dev/shm")  # noqa: S108 - a place that all users share is meant


def processes() -> list[str]:
    """Return the other processes of this user in any state."""
    own = str(os.getuid())
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            status = (folder / "status").read_text()
            if own in status.partition("\nUid:")[2].partition("\n")[0].split():
                found.append(status)
    return found


def escape(what: Callable[[], None]) -> None:
    """Run a function in a process that is outside of this process's session and family."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            what()
        os._exit(0)
    os.wait()


def stop_all() -> None:
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                continue
    time.sleep(1)
    while True:
        os.kill(-1, signal.SIGSTOP)


def fork_without_end() -> None:
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0)


def hide() -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()
    ctypes.CDLL(None).pthread_exit(None)


def main() -> None:
    found = {
        "processes": processes(),
        "files": [entry.name for entry in SHARED.iterdir() if entry.stat().st_uid == os.getuid()],
        "limit": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        "user": os.getuid(),
    }
    number = len(list(REPORT.glob("*.json"))) + 1
    (REPORT / f"{number}.json").write_text(json.dumps(found))
    (SHARED / "left").write_text("words")
    out = next(option.partition("=")[2] for option in sys.argv if option.startswith("--out="))
    os.mkfifo(f"{out}.zip")
    for survivor in (hide, stop_all, fork_without_end):
        escape(survivor)
    told = {"pages_crawled": 1, "pages_failed": 0, "total_files": 1, "content_bytes": 1, "sha256": "0" * 64}
    event = {"event": "completed", **told, "quality": {"score": 1, "reasons": []}}
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
