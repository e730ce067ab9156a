"""A replacement for the crawler: a program that a page has taken over and that searches for credentials and data.

It runs in the container, started by the worker like a crawler, and writes its findings as JSON.
"""

import ctypes
import errno
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPORT = Path("/report/found.json")
PTRACE_ATTACH = 16
OUTSIDE = ("198.51.100.1", 80)  # RFC 5737: an address that nobody uses
PLACES = (
    "/",
    "/etc",
    "/opt/llmready/app/llmready/worker",
    "/opt/llmready/packages",
    "/run",
    "/tmp",  # noqa: S108
    "/var",
    "/work",
)


def attempt(action: Callable[[], Any]) -> str:
    """Return how an action ended: what it returned, or the name of the error."""
    try:
        return f"done: {action()!r}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def attach(pid: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
        return 0
    raise OSError(ctypes.get_errno(), "ptrace")


def connect() -> None:
    with socket.create_connection(OUTSIDE, timeout=2):
        pass


def ask(path: str) -> str:
    with urllib.request.urlopen(f"http://169.254.170.2{path}", timeout=2) as answer:
        return str(answer.read())


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def others() -> dict[str, dict[str, str]]:
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or folder.stat().st_uid == os.getuid():
            continue
        pid = int(folder.name)
        looked = {name: attempt((folder / name).read_bytes) for name in ("environ", "mem", "maps", "auxv")}
        looked["fd"] = attempt(lambda folder=folder: names(folder / "fd"))  # type: ignore[misc]
        looked["root"] = attempt(lambda folder=folder: names(folder / "root"))  # type: ignore[misc]
        looked["ptrace"] = attempt(lambda pid=pid: attach(pid))  # type: ignore[misc]
        looked["kill"] = attempt(lambda pid=pid: os.kill(pid, 9))  # type: ignore[misc]
        found[f"{pid} {(folder / 'comm').read_text().strip()}"] = looked
    return found


def main() -> None:
    status = Path("/proc/self/status").read_text().splitlines()
    found = {
        "environment": dict(os.environ),
        "status": {line.partition(":")[0]: line.partition(":")[2].strip() for line in status},
        "others": others(),
        "root": attempt(lambda: os.setuid(0)),
        "worker": attempt(lambda: os.setuid(10001)),
        "groups": attempt(lambda: os.setgroups([0])),
        "writing": {place: attempt(Path(place, "planted").touch) for place in PLACES},
        "work": attempt(lambda: names(Path("/work"))),
        "outside": attempt(connect),
        "credentials": attempt(lambda: ask("/v2/credentials/")),
        "programs": names(Path("/usr/bin")),
    }
    REPORT.write_text(json.dumps(found))
    failed = {"event": "failed", "code": "no_pages", "detail": "There was nothing.", "transient": False}
    sys.stdout.write(f"{json.dumps(failed)}\n")


if __name__ == "__main__":
    main()
