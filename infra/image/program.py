"""Runs the programs that build images."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from infra.image.failure import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAST_LINES = 15


def run(
    command: Sequence[str], *, check: bool = True, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and return its output.

    Args:
        command: Its name and arguments.
        check: Whether to raise an error if it fails.
        environment: Variables in addition to the environment of this process.

    Raises:
        ImageError: It failed. The message contains its last lines of output.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if check and done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise ImageError(f"{command[0]} failed with {done.returncode}:\n{last}")
    return done
