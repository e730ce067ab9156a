"""Pages of published packages, fetched once into `.build/pages` through the packages' own clients."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".build" / "pages"
SECONDS = 180
ARCHIVES = "archives"
APT_DOWNLOAD = ("apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq")
AT_ONCE = 4
STAMP = ".members"


class MissingPackageError(Exception):
    """A package is not available on this machine. The text names the package and what a test requires."""


def unpacked(
    package: str, version: str, members: tuple[str, ...], cache: Path = CACHE, *, sha256: str = ""
) -> Path:
    """Return the folder into which `members` of a package were unpacked.

    Args:
        package: Name, such as `debian:git-doc`.
        version: The pinned version. If a distribution has replaced it, the newer version is used.
        members: Files or folders within the package.
        cache: Folder in which the package is kept.
        sha256: Expected hash of the archive, or empty.

    Raises:
        MissingPackageError: The package cannot be downloaded.
        ValueError: The hash differs, a member is missing, or the registry has no such version.
    """
    registry, _, name = package.partition(":")
    folder = _folder(package, version, cache)
    if _has(folder, members):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        archive = _FETCH[registry](name, version, Path(scratch))
        if sha256 and hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{package} {version} differs from the pinned archive")
        folder.mkdir(parents=True, exist_ok=True)
        _unpack(archive, folder, members)
    missing = [member for member in members if not (folder / member).exists()]
    if missing:
        raise ValueError(f"{package} {version} has no {missing[0]}")
    (folder / STAMP).write_text("\n".join(sorted({*_whole(folder), *members})))
    return folder


def unpack_all(wanted: Mapping[str, tuple[str, tuple[str, ...]]], cache: Path = CACHE) -> None:
    """Fetch and unpack many packages at once. `unpacked` reports those that are not available.

    Args:
        wanted: Version and members of each package.
        cache: Folder in which the packages are kept.
    """
    absent = [
        f"{package.removeprefix('debian:')}={version}"
        for package, (version, members) in wanted.items()
        if package.startswith("debian:") and not _has(_folder(package, version, cache), members)
    ]
    archives = cache / ARCHIVES
    archives.mkdir(parents=True, exist_ok=True)
    if absent and shutil.which("apt-get") is not None:
        # Each call of apt-get reads its whole index, which takes longer than the download.
        with suppress(MissingPackageError):
            _run([*APT_DOWNLOAD, *absent], archives)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wait([pool.submit(unpacked, package, *one, cache) for package, one in wanted.items()])


def _folder(package: str, version: str, cache: Path) -> Path:
    registry, _, name = package.partition(":")
    return cache / registry / f"{name}-{version.replace(':', '_')}"


def _has(folder: Path, members: tuple[str, ...]) -> bool:
    return _whole(folder).issuperset(members)


def _whole(folder: Path) -> set[str]:
    # A folder may be incomplete, because another caller needed only one file; complete folders are recorded.
    stamp = folder / STAMP
    return set(stamp.read_text().splitlines()) if stamp.exists() else set()


def _debian(name: str, version: str, scratch: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise MissingPackageError(f"needs the Debian package {name}, and this system has no apt-get")
    for wanted in ("", f"{name}={version}", name):
        if wanted:
            _run([*APT_DOWNLOAD, wanted], scratch)
        for package in (*scratch.glob("*.deb"), *(scratch.parent / ARCHIVES).glob(f"{name}_*.deb")):
            archive = scratch / "data.tar"
            try:
                with archive.open("wb") as out:
                    subprocess.run(
                        ["dpkg", "--fsys-tarfile", package], stdout=out, check=True, timeout=SECONDS
                    )
            finally:
                package.unlink()
            return archive
    raise _unreachable("Debian", name)


def _pypi(name: str, version: str, scratch: Path) -> Path:
    # pip asks the package's own build script for its name and version; old scripts need pkg_resources, which later
    # releases of setuptools do not have.
    constraint = scratch / "constraint.txt"
    constraint.write_text("setuptools<81\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    failure = _run(
        [*command, "-d", str(scratch), f"{name}=={version}"],
        scratch,
        {**os.environ, "PIP_CONSTRAINT": str(constraint)},
    )
    for archive in scratch.glob("*.tar.gz"):
        return archive
    if "No matching distribution" in failure and "from versions: none" not in failure:
        raise ValueError(f"PyPI has no version {version} of {name}")
    raise _unreachable("PyPI", name)


def _npm(name: str, version: str, scratch: Path) -> Path:
    npm = str(Path(sys.executable).parent / "npm")
    failure = _run([npm, "pack", "--loglevel=error", f"{name}@{version}"], scratch)
    for archive in scratch.glob("*.tgz"):
        return archive
    if "ETARGET" in failure or "E404" in failure:
        raise ValueError(f"npm has no version {version} of {name}")
    raise _unreachable("npm", name)


_FETCH = {"debian": _debian, "pypi": _pypi, "npm": _npm}


def _unreachable(registry: str, name: str) -> MissingPackageError:
    return MissingPackageError(
        f"needs the {registry} package {name}, which cannot be downloaded; run the test on a machine that can reach"
        " the registry"
    )


def _run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it wrote to standard error."""
    try:
        return subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=SECONDS, env=environment
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPackageError(
            f"needs {command[-1]}, and {command[0]} failed: {error}; run the test on a machine that can download it"
        ) from error


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
