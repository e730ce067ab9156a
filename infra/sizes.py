"""Compute the zipped sizes of functions and layers."""

from __future__ import annotations

import json
import zipfile
from typing import IO, TYPE_CHECKING, Any, cast

from infra.paths import BUILD

if TYPE_CHECKING:
    from pathlib import Path


class _Counter:
    """A file object that counts the written bytes and discards them."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, content: bytes) -> int:
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        return None


def package_sizes(assembly: Path, stack: str) -> dict[str, int]:
    """Return the zipped size of each function's package and of each layer.

    Args:
        assembly: folder of the cloud assembly.
        stack: name of the stack.

    Returns:
        Bytes by the description of the function or layer, without assets that were not bundled.
    """
    template: dict[str, Any] = json.loads((assembly / f"{stack}.template.json").read_text())
    sizes: dict[str, int] = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        code = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}.get(resource["Type"])
        key = properties[code].get("S3Key") if code else None
        if isinstance(key, str):
            said = properties.get("Description")
            if size := _zipped(assembly, key.removesuffix(".zip")):
                sizes[said if isinstance(said, str) else name] = size
    return sizes


def _zipped(assembly: Path, digest: str) -> int:
    # Equal digests mean equal content, so each size is computed once.
    known = BUILD / "sizes" / digest
    if known.exists():
        return int(known.read_text())
    folder = assembly / f"asset.{digest}"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if not files:
        return 0
    counter = _Counter()
    with zipfile.ZipFile(cast("IO[bytes]", counter), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(str(counter.size))
    return counter.size


def size_lines(sizes: dict[str, int]) -> str:
    """Return the sizes as lines of text."""
    width = max(map(len, sizes), default=0)
    return "".join(f"{name:<{width}}  {size / 1000:>9,.1f} kB\n" for name, size in sorted(sizes.items()))
