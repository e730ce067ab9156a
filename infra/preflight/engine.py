"""Check whether this machine can build the worker's image for the tasks' processor."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from infra.preflight.account import PreflightError

if TYPE_CHECKING:
    from infra.preflight.account import Account

_DOCKER_NAMES = {"arm64": "arm64", "x86_64": "amd64"}
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "amd64", "amd64": "amd64"}
_EMULATORS = {"arm64": "qemu-aarch64", "amd64": "qemu-x86_64"}
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_PATIENCE = 60  # seconds; includes the start of a builder that is not running


def check_engine(account: Account) -> None:
    """Refuse if no engine can build the worker's image for the tasks' processor.

    Raises:
        PreflightError: with what to start, to install or which setting to change.
    """
    stage = account.stage
    if stage.placeholder_image:
        return
    engine = os.environ.get("CDK_DOCKER", "docker")
    if _output(engine, "info") is None:
        raise PreflightError(
            f"`{engine} info` fails, so the worker's image cannot be built. Start or install Docker, or name another"
            " such program in CDK_DOCKER."
        )
    if Path(engine).name == "docker" and _output(engine, "buildx", "version") is None:
        raise PreflightError(
            "`docker buildx version` fails, but the worker's image needs BuildKit. Install Docker's buildx plugin"
            " (docker-buildx-plugin), or name another builder in CDK_DOCKER."
        )
    wanted = _DOCKER_NAMES[stage.architecture]
    able = _platforms(engine)
    if wanted not in able:
        other = "x86_64" if stage.architecture == "arm64" else "arm64"
        raise PreflightError(
            f"architecture is '{stage.architecture}', but {engine} here builds images only for"
            f' {" and ".join(sorted(able))}. Set architecture = "{other}" in stages/{stage.name}.toml, or deploy from'
            f" a machine with that processor. Or install its emulation: `docker run --privileged --rm"
            f" tonistiigi/binfmt --install {wanted}`."
        )


def _platforms(engine: str) -> set[str]:
    """Return the processors that an engine builds for, by Docker's names."""
    told = set(re.findall(r"linux/(amd64|arm64)", _output(engine, "buildx", "inspect", "--bootstrap") or ""))
    if told:
        return told
    # Other engines do not report this; they build for this processor and for those that the kernel can emulate.
    own = _MACHINES.get(platform.machine().lower(), "amd64")
    return {own} | {name for name, emulator in _EMULATORS.items() if (_BINFMT / emulator).exists()}


def _output(*command: str) -> str | None:
    """Return the output of a command; None if it failed or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
