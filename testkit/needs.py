"""Requirements of tests: Debian packages, or properties of the machine. If one is missing, the test is skipped and
names it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

GIT_DOC = Path("/usr/share/doc/git-doc")


def package(name: str, path: Path) -> Path:
    """Return a path that a package installs, or skip the test."""
    if not path.exists():
        missing(name)
    return path


def programs(wanted: Mapping[str, str]) -> None:
    """Skip the test unless programs are installed.

    Args:
        wanted: The package of each program, by the program's name.
    """
    if absent := {name for program, name in wanted.items() if shutil.which(program) is None}:
        missing(*sorted(absent))


def root() -> None:
    """Skip the test unless it may start processes under other users."""
    if os.geteuid() != 0:
        pytest.skip("this test starts processes of other users; run it as root")


def namespaces() -> None:
    """Skip the test unless it may create network and mount namespaces."""
    root()
    made = subprocess.run(
        ["unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(
            f"network and mount namespaces cannot be created here ({made.stderr.strip()}); run it as root on a"
            " machine that allows them"
        )


def missing(*packages: str) -> NoReturn:
    """Skip the test, because of packages that are not installed."""
    pytest.skip(f"needs the Debian package{'s' if len(packages) > 1 else ''} {' '.join(packages)}")
