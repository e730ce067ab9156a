"""A stand-in for the base image, made from Debian's packages: for machines that reach no registry of images."""

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
MAX_AGE = 24 * 3600  # seconds; security updates come meanwhile


def stand_in() -> str | None:
    """Return the name of the stand-in, made now unless there is a young one.

    Returns:
        None where it cannot be made (mmdebstrap is missing, or this is not root): the build then takes the real one.

    Raises:
        ImageError: It cannot be made although it should.
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
