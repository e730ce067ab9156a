"""Build a replacement for the base image from Debian's packages, for machines without access to an image registry."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from infra.image.program import run

SUITE = "trixie"
NAME = f"localhost/llmready-base:{SUITE}"
MAX_AGE = 24 * 3600  # seconds; rebuilt after that time to get security updates


def stand_in() -> str | None:
    """Return the name of the replacement, which is built unless a recent one exists.

    Returns:
        None if mmdebstrap or root permissions are missing. The build then uses the real base image.

    Raises:
        ImageError: The build of the replacement failed.
    """
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        return None
    if _age() > MAX_AGE:
        _make()
    return NAME


def _age() -> float:
    known = run(["buildah", "images", "--json", NAME], check=False)
    if known.returncode != 0:
        return float("inf")
    return time.time() - max(float(image["created"]) for image in json.loads(known.stdout))


def _make() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root.tar"
        run(["mmdebstrap", "--variant=minbase", "--mode=root", "--quiet", SUITE, str(root)])
        container = run(["buildah", "from", "scratch"]).stdout.strip()
        try:
            run(["buildah", "add", "--quiet", container, str(root), "/"])
            run(["buildah", "commit", "--quiet", container, NAME])
        finally:
            run(["buildah", "rm", container])
