"""``python -m infra.image``: build the worker's images, check their sizes, list their packages."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from infra.image.contents import uncompressed_size, write_bill_of_materials
from infra.image.engine import TARGETS, Engine, Target, find_engine, image_name
from infra.image.failure import ImageError
from infra.paths import BUILD

# Fargate does not cache images: each new task downloads the whole image.
GREATEST = {"plain": 350, "browser": 1000}  # megabytes, uncompressed


def main(arguments: list[str] | None = None) -> int:
    """Build the images; on failure, print a short message and return exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.image", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one (default: both)")
    options = parser.parse_args(arguments)
    BUILD.joinpath("image").mkdir(parents=True, exist_ok=True)
    try:
        engine = find_engine()
        for target in options.target or TARGETS:
            sys.stdout.write(f"{_make(engine, target)}\n")
            sys.stdout.flush()
    except ImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _make(engine: Engine, target: Target) -> str:
    began = time.monotonic()
    image, name = engine.build(target), image_name(target)
    bill = BUILD / "image" / f"{target}.cdx.json"
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "image.tar"
        engine.export(image, archive)
        megabytes = uncompressed_size(archive) / 1e6
        write_bill_of_materials(archive, bill)
    if megabytes > GREATEST[target]:
        raise ImageError(f"{name} is {megabytes:.0f} MB; it may be {GREATEST[target]} MB at most.")
    return (
        f"{name}: {megabytes:.0f} MB uncompressed (at most {GREATEST[target]}),"
        f" built in {time.monotonic() - began:.0f} s, parts listed in {bill.relative_to(BUILD.parent)}"
    )


if __name__ == "__main__":
    sys.exit(main())
