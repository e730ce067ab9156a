"""Packages of LLMReady's own code, with bytecode beside the sources.

Lambda mounts functions and layers read-only, so code without bytecode is compiled at every cold start.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

PYTHON_VERSION = "3.13"
RUNTIME = lambda_.Runtime.PYTHON_3_13
LAYERS_AT = "/opt"
FUNCTION_AT = "/var/task"
# Only the same Python version can compile it. Packages built with another version work, but start more slowly.
IS_MADE = f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON_VERSION
_MADE_BY_RUNNING = ("__pycache__", "*.pyc")


def add_bytecode(folder: Path, mounted_at: str) -> None:
    """Compile all modules in a folder, if this Python has the right version.

    The bytecode contains no path of this machine and does not depend on the times of the sources (PEP 552).

    Args:
        folder: the package.
        mounted_at: path of the package in the runtime.
    """
    if IS_MADE:
        compileall.compile_dir(
            folder,
            quiet=2,
            stripdir=str(folder),
            prependdir=mounted_at,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )


def make_readable(folder: Path) -> None:
    """Make all files in a folder readable for everybody, independent of the umask.

    Lambda runs functions as a user that does not own their files.
    """
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)


@jsii.implements(ILocalBundling)
class SourceBundling:
    """Copies a folder of the repository and adds bytecode.

    Args:
        folder: the sources.
        mounted_at: where the runtime finds them.
    """

    def __init__(self, folder: Path, mounted_at: str) -> None:
        self.folder = folder
        self.mounted_at = mounted_at

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        """Write the package into ``output_dir``."""
        ignored = shutil.ignore_patterns(*_MADE_BY_RUNNING)
        # Symbolic links are followed, because the OpenAPI text is a link into docs/.
        shutil.copytree(self.folder, output_dir, dirs_exist_ok=True, ignore=ignored)
        add_bytecode(Path(output_dir), self.mounted_at)
        make_readable(Path(output_dir))
        return True

    @property
    def digest(self) -> str:
        """Return a hash of the package's content: equal sources give the same asset."""
        digest = hashlib.sha256(f"{self.mounted_at}\0{IS_MADE}\0".encode())
        for folder, folders, files in os.walk(self.folder):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for path in (Path(folder, file) for file in sorted(files) if not file.endswith(".pyc")):
                digest.update(f"{path.relative_to(self.folder)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def code_of(folder: Path, mounted_at: str) -> lambda_.Code:
    """Return a folder of the repository as the code of a function or a layer.

    Args:
        folder: the sources.
        mounted_at: where the runtime finds them.
    """
    bundling = SourceBundling(folder, mounted_at)
    return bundled_code(folder, bundling, bundling.digest)


def bundled_code(folder: Path, bundling: ILocalBundling, digest: str) -> lambda_.Code:
    """Return the result of a bundling as the code of a function or a layer. Docker is not used.

    Args:
        folder: the source folder that the CDK records.
        bundling: writes the code.
        digest: hash of everything that the bundling depends on.
    """
    return lambda_.Code.from_asset(
        str(folder),
        asset_hash=digest,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(image=DockerImage.from_registry("unused"), local=bundling),
    )
