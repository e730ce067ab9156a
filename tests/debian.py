"""What some tests take from Debian's packages; where one is missing, they skip and name it."""

from pathlib import Path

import pytest

GIT_DOC = Path("/usr/share/doc/git-doc")


def needs(package: str, path: Path) -> Path:
    """Return a path that a package brings, or skip the test."""
    if not path.exists():
        pytest.skip(f"needs the Debian package {package}")
    return path
