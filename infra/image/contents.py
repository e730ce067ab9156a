"""Determine the size and the packages of an exported image."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tarfile
from pathlib import Path
from typing import IO, cast

from infra.image.program import run

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20


def uncompressed_size(archive: Path) -> int:
    """Return the uncompressed size in bytes of the layers of an image that ``docker save`` exported."""
    with tarfile.open(archive) as saved:
        (image,) = json.load(_member(saved, "manifest.json"))
        return sum(_length(_member(saved, layer)) for layer in image["Layers"])


def write_bill_of_materials(archive: Path, target: Path) -> None:
    """List the packages in an exported image (Debian's, Python's, npm's) as CycloneDX 1.6 JSON.

    Raises:
        ImageError: syft cannot read the image.
    """
    syft = Path(sys.prefix) / "bin" / "syft"
    run(
        [
            str(syft if syft.exists() else shutil.which("syft") or syft),
            "scan",
            f"docker-archive:{archive}",
            f"--output=cyclonedx-json={target}",
            "--quiet",
        ],
        environment={"SYFT_CHECK_FOR_APP_UPDATE": "false"},
    )


def _member(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    return cast("IO[bytes]", saved.extractfile(name))


def _length(layer: IO[bytes]) -> int:
    compressed = layer.read(2) == _GZIP
    layer.seek(0)
    stream = gzip.GzipFile(fileobj=layer) if compressed else layer
    length = 0
    while block := stream.read(_BLOCK):
        length += len(block)
    return length
