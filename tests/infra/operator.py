"""The environment of an operator: credentials, an engine that builds images, and make."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from testkit.emulator import Emulator
from tests.infra.running import ROOT

# Variables that `make test` and its caller have set.
NOT_HANDED_ON = ("AWS_", "MAKE", "MFLAGS", "STAGE", "ARGS", "EMPTY", "CDK_")
SENDER = "-c mail_provider=ses -c mail_sender=noreply@example.com"

Make = Callable[..., "subprocess.CompletedProcess[str]"]


def credentials(account: Emulator) -> dict[str, str]:
    """Return environment variables with an administrator's credentials of an account."""
    return {
        "AWS_ENDPOINT_URL": str(account.endpoint),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def docker(path: Path, platforms: str, *, buildx: bool = True) -> Path:
    """Write a program that answers ``info`` and ``buildx`` as Docker does."""
    path.write_text(
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        f'"buildx version") echo github.com/docker/buildx v0.19.2; exit {0 if buildx else 1};;\n'
        f'"buildx inspect") echo "Platforms: {platforms}"; exit {0 if buildx else 1};;\n'
        "esac\n"
    )
    path.chmod(0o755)
    return path


def maker(account: Emulator, engine: Path) -> Make:
    """Return a caller of ``make`` with credentials of the account; no output may be a traceback.

    The CDK writes its assembly next to the engine, because two commands cannot write to one folder at the same time.
    """

    def run(*words: str, arguments: str = SENDER, **environment: str) -> "subprocess.CompletedProcess[str]":
        ran = subprocess.run(
            ["make", "--no-print-directory", *words, f"ARGS={arguments}"],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)},
                **credentials(account),
                "CDK_DOCKER": str(engine),
                "CDK_OUTPUT": str(engine.parent / "cdk.out"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert "Traceback" not in ran.stderr
        return ran

    return run
