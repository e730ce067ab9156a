"""Pages of published packages, fetched once into `.build/pages` through the packages' own clients."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".build" / "pages"
SECONDS = 180


class MissingPackageError(Exception):
    """A package could not be had here."""


def unpacked(package: str, version: str, members: tuple[str, ...], cache: Path = CACHE) -> Path:
    """Return the folder into which `members` of a package were unpacked.

    Parameters: `package`, such as `debian:git-doc`; `version`, the pinned one (where a distribution has
    replaced it, its successor is taken); `members`, files or folders within the package; `cache`, where it is kept.
    Raises: MissingPackageError.
    """
    registry, _, name = package.partition(":")
    folder = cache / registry / f"{name}-{version.replace(':', '_')}"
    # A folder may be there in part, because somebody else wanted one file of it: what is whole is written down.
    whole = folder / ".members"
    known = set(whole.read_text().splitlines()) if whole.exists() else set()
    if known.issuperset(members):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        archive = _FETCH[registry](name, version, Path(scratch))
        folder.mkdir(parents=True, exist_ok=True)
        _unpack(archive, folder, members)
    missing = [member for member in members if not (folder / member).exists()]
    if missing:
        raise MissingPackageError(f"{package} {version} has no {missing[0]}")
    whole.write_text("\n".join(sorted(known.union(members))))
    return folder


def _debian(name: str, version: str, scratch: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise MissingPackageError(f"{name}: no Debian here")
    for wanted in (f"{name}={version}", name):
        _run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", wanted], scratch)
        for package in scratch.glob("*.deb"):
            archive = scratch / "data.tar"
            with archive.open("wb") as out:
                subprocess.run(["dpkg", "--fsys-tarfile", package], stdout=out, check=True, timeout=SECONDS)
            return archive
    raise MissingPackageError(f"{name}: the Debian package cannot be downloaded")


def _pypi(name: str, version: str, scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    _run([*command, "-d", str(scratch), f"{name}=={version}"], scratch)
    for archive in scratch.glob("*.tar.gz"):
        return archive
    raise MissingPackageError(f"{name}: the source distribution cannot be downloaded")


def _npm(name: str, version: str, scratch: Path) -> Path:
    _run([str(Path(sys.executable).parent / "npm"), "pack", "--silent", f"{name}@{version}"], scratch)
    for archive in scratch.glob("*.tgz"):
        return archive
    raise MissingPackageError(f"{name}: the npm package cannot be downloaded")


_FETCH = {"debian": _debian, "pypi": _pypi, "npm": _npm}


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPackageError(f"{command[0]}: {error}") from error


def _unpack(archive: Path, folder: Path, members: tuple[str, ...]) -> None:
    with tarfile.open(archive) as packed:
        for entry in packed:
            name = entry.name.removeprefix("./")
            # Archives of source distributions and npm packages have one folder of their own around all.
            bare = name if name.startswith("usr/") else name.partition("/")[2]
            if entry.isfile() and any(bare == member or bare.startswith(f"{member}/") for member in members):
                target = folder / bare
                target.parent.mkdir(parents=True, exist_ok=True)
                source = packed.extractfile(entry)
                if source is not None:
                    target.write_bytes(source.read())
