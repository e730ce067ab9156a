"""The built wheel, and virtual environments that contain only the wheel and one of its extras."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the folder that its commands run in."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder with the installed packages."""
        (found,) = (self.folder / "lib").glob("python3*/site-packages")
        return found

    def run(
        self, program: str, *arguments: str, path: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment without this process's environment variables.

        Args:
            program: Name of a program in the environment's folder of programs.
            arguments: Its arguments.
            path: What PATH holds.
            variables: More environment variables.
        """
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=self.home,
            env={"HOME": str(self.home), "LANG": "C.UTF-8", "PATH": path, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class Installer:
    """Creates environments, each only once."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.wheel = wheel
        self._folder = folder

    def environment(self, extra: str = "", *, name: str = "") -> Environment:
        """Return the environment of an extra; with a name, a separate one.

        Args:
            extra: The extra that is installed; none when empty.
            name: Name of an environment that the caller changes.
        """
        home = self._folder / (name or extra or "client")
        made = Environment(home / "venv", home)
        if not home.exists():
            home.mkdir()
            target = f"llmready[{extra}] @ {self.wheel.as_uri()}" if extra else str(self.wheel)
            _uv("venv", "--quiet", "--python", sys.executable, str(made.folder))
            # The versions in the lock file, so that a new release cannot change the result.
            locked = ROOT / "requirements" / "dev.txt"
            _uv(
                "pip", "install", "--quiet", "--python", str(made.python), "--constraint", str(locked), target
            )
        return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from an unpacked source distribution without files that `make setup` creates in the clone."""
    folder = tmp_path_factory.mktemp("source")
    sdist = build("sdist", ROOT, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return build("wheel", folder / sdist.name.removesuffix(".tar.gz"), folder / "wheel")


@pytest.fixture(scope="session")
def installer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installer:
    """The installer of environments with the wheel."""
    return Installer(wheel, tmp_path_factory.mktemp("environments"))


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build a wheel or an sdist and return its path."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)],
        cwd=source,
        capture_output=True,
        check=True,
    )
    (made,) = folder.iterdir()
    return made


def _uv(*arguments: str) -> None:
    program = Path(sys.executable).with_name("uv")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
