"""Puts the least root file system together that some programs of Debian need; runs while the image is built.

What is named by its package comes with all the package's files except documentation and commands, what is named by
its path comes alone. The shared libraries that they need follow. The packages that anything was taken from are
listed under ``/var/lib/dpkg/status.d``, where scanners of images look for them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DPKG = Path("/var/lib/dpkg")
LEFT_OUT = re.compile(
    r"/(?:usr/)?s?bin/|/etc/(?:init\.d|cron)|/usr/share/(?:man|info|locale|lintian|bug|applications|icons|menu|binfmts"
    r"|bash-completion|zsh|apport|python3/runtime\.d|doc/(?!.*/copyright$))"
)
# Packages have commands left out, but for these.
COMMANDS = {"python3.13-minimal": "/usr/bin/python3.13"}
MERGED = ("bin", "sbin", "lib", "lib64")
EMPTY = ("dev", "proc", "sys", "etc", "run", "tmp")


def owners() -> dict[str, str]:
    """Return the package of each file that dpkg installed, under the name that the file really has."""
    found: dict[str, str] = {}
    for listing in (DPKG / "info").glob("*.list"):
        package = listing.stem.split(":")[0]
        for line in listing.read_text().splitlines():
            found[_merged(line)] = package
    return found


def stanzas() -> dict[str, str]:
    """Return what dpkg knows of each package."""
    blocks = (DPKG / "status").read_text().strip().split("\n\n")
    return {block.split("\n", 1)[0].removeprefix("Package: "): block for block in blocks}


def wanted_files(names: Iterable[str], owner: dict[str, str]) -> set[str]:
    """Return the files that are named, and those of the packages that are named."""
    files: set[str] = set()
    for name in names:
        if name.startswith("/"):
            files.add(name)
            continue
        of_package = {path for path, package in owner.items() if package == name}
        if not of_package:
            raise SystemExit(f"The package {name} is not installed.")
        files |= {path for path in of_package if not LEFT_OUT.match(path) and not Path(path).is_dir()}
        if name in COMMANDS:
            files.add(COMMANDS[name])
    return {path for path in files if os.path.lexists(path)}


def with_libraries(files: set[str], scanned: Iterable[Path]) -> set[str]:
    """Return ``files`` with the shared libraries that they and the files in some folders need."""
    asked = [Path(name) for name in files] + [path for folder in scanned for path in folder.rglob("*")]
    programs = [str(path) for path in asked if path.is_file() and not path.is_symlink() and _is_elf(path)]
    answer = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    lines = [line.split() for line in answer.splitlines()]
    if missing := [line[0] for line in lines if line[1:] == ["=>", "not", "found"]]:
        raise SystemExit(f"These libraries are missing: {', '.join(sorted(set(missing)))}.")
    found = {
        line[-2]
        for line in lines
        if len(line) > 1 and line[-1].startswith("(0x") and line[-2].startswith("/")
    }
    own = tuple(str(folder) for folder in scanned)
    return files | {_merged(name) for name in found if not name.startswith(own)}


def with_targets(files: set[str]) -> set[str]:
    """Return ``files`` with what symbolic links among them point to."""
    complete: set[str] = set()
    todo = list(files)
    while todo:
        name = todo.pop()
        if name not in complete:
            complete.add(name)
            if Path(name).is_symlink():
                target = os.path.normpath(Path(name).parent / Path(name).readlink())
                if os.path.lexists(target):
                    todo.append(_merged(target))
    return complete


def copy(files: Iterable[str], root: Path, beside: Path | None) -> None:
    """Copy files, with their modes and times, unless another root file system has them already."""
    for name in sorted(files):
        source, target = Path(name), root / name.lstrip("/")
        if source.is_dir() or (beside is not None and os.path.lexists(beside / name.lstrip("/"))):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def main() -> None:
    """Make the root file system that the arguments describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", help="packages, or files by their path")
    parser.add_argument("--root", type=Path, required=True, help="the root file system to make")
    parser.add_argument("--beside", type=Path, help="one that is there already, below this one")
    parser.add_argument(
        "--scan", type=Path, action="append", default=[], help="a folder whose libraries to add"
    )
    options = parser.parse_args()
    owner = owners()
    files = with_targets(with_libraries(with_targets(wanted_files(options.names, owner)), options.scan))
    if options.beside is None:
        for name in EMPTY:
            (options.root / name).mkdir(parents=True)
        for name in MERGED:
            (options.root / name).symlink_to(f"usr/{name}")
            (options.root / "usr" / name).mkdir(parents=True)
    copy(files, options.root, options.beside)
    status = options.root / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    known = stanzas()
    for package in {owner[name] for name in files if name in owner}:
        (status / package).write_text(known[package] + "\n")


def _merged(name: str) -> str:
    """Return the name below ``/usr`` of a file whose folder is a link there."""
    top = name.split("/", 2)[1] if name.startswith("/") else ""
    return f"/usr{name}" if top in MERGED else name


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


if __name__ == "__main__":
    main()
