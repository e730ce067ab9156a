"""The Lambda layers: third-party packages, and the code that all functions share."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import ILocalBundling, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.bytecode import (
    IS_MADE,
    LAYERS_AT,
    PYTHON_VERSION,
    RUNTIME,
    add_bytecode,
    bundled_code,
    code_of,
    make_readable,
)
from infra.paths import BUILD, ROOT

if TYPE_CHECKING:
    from infra.stage import Stage

REQUIREMENTS = ROOT / "requirements"
CORE = ROOT / "layers" / "core"

# The Lambda runtime contains these packages; they are only transitive dependencies here.
PROVIDED_BY_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})
# Tests and caches would only lengthen cold starts; bytecode is compiled again for the layer's mount path.
PRUNED = ("__pycache__", "test", "tests", "bin")
PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}


class BundlingError(RuntimeError):
    """The dependency layer could not be built. The message is a sentence for the operator."""


class Packages(StrEnum):
    """The layers of third-party packages, by the name of their requirements file."""

    DEPENDENCIES = "lambda"
    SENDGRID = "sendgrid"


def layer_requirements(pinned: str, *, without: frozenset[str] = PROVIDED_BY_RUNTIME) -> str:
    """Remove packages that are already available from a hash-pinned requirements text.

    Args:
        pinned: the requirements.
        without: names of packages that the runtime or another layer provides.
    """
    kept = [block for name, block in _pins(pinned) if name not in without]
    return "\n".join(kept) + "\n"


def _pins(pinned: str) -> list[tuple[str, str]]:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", pinned.strip())
    return [(re.split(r"[=\[ ]", block)[0], block) for block in blocks]


def _requirements(packages: Packages) -> str:
    wanted, always = (
        (REQUIREMENTS / f"{name}.txt").read_text() for name in (packages, Packages.DEPENDENCIES)
    )
    if packages is Packages.DEPENDENCIES:
        return layer_requirements(wanted)
    return layer_requirements(wanted, without=PROVIDED_BY_RUNTIME | {name for name, _ in _pins(always)})


class LambdaPlatform:
    """The platform of functions on AWS.

    Args:
        architecture: arm64 or x86_64.
    """

    def __init__(self, architecture: str) -> None:
        self.options = [
            f"--python-version={PYTHON_VERSION}",
            f"--python-platform={PLATFORMS[architecture]}",
        ]


class ThisMachine:
    """The running Python, for checking that the layer is complete."""

    options = (f"--python={sys.executable}",)


@jsii.implements(ILocalBundling)
class DependencyBundling:
    """Installs the pinned packages with uv for a target platform. Docker is not used.

    Args:
        target: the platform.
        packages: the packages to install.
    """

    def __init__(
        self, target: LambdaPlatform | ThisMachine, packages: Packages = Packages.DEPENDENCIES
    ) -> None:
        self.requirements = _requirements(packages)
        self.target = target
        # Equal pins for the same platform give the same layer, independent of the time of the build.
        recipe = "\n".join((self.requirements, *target.options, *PRUNED, f"bytecode {IS_MADE}"))
        self.digest = hashlib.sha256(recipe.encode()).hexdigest()

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        """Install the packages into ``output_dir``.

        Raises:
            BundlingError: uv cannot install them.
        """
        cached = BUILD / "layers" / self.digest
        if not cached.is_dir():
            self._install(cached)
        shutil.copytree(cached, output_dir, dirs_exist_ok=True)
        make_readable(Path(output_dir))
        return True

    def _install(self, cached: Path) -> None:
        partial = cached.with_name(f"{cached.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        listed = partial / "requirements.txt"
        listed.write_text(self.requirements)
        uv = Path(sys.prefix) / "bin" / "uv"
        command = [
            str(uv if uv.exists() else "uv"),
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--link-mode=copy",
            *self.target.options,
            f"--target={partial / 'python'}",
            f"--requirement={listed}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1:] or ["uv gave no reason"]
            raise BundlingError(f"The dependency layer could not be installed: {reason[0]}")
        listed.unlink()
        for name in PRUNED:
            for folder in list((partial / "python").rglob(name)):
                shutil.rmtree(folder, ignore_errors=True)
        add_bytecode(partial, LAYERS_AT)
        try:
            partial.rename(cached)
        except OSError:  # another synthesis finished first
            shutil.rmtree(partial)


class Layers(Construct):
    """The layers that functions load.

    Attributes:
        all: the layers of each function, in their order.
        sendgrid: an additional layer for the notifier if SendGrid delivers the mails. It contains the package
            cryptography. PyJWT would import this package at every cold start, although tokens signed with
            HS256 do not need it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        core = self._layer("Core", "LLMReady's shared code", code_of(CORE, LAYERS_AT))
        self.all = [core]
        self.sendgrid: lambda_.LayerVersion | None = None
        if stage.dependency_layer:
            packages = self._packages("Dependencies", "Third-party packages", Packages.DEPENDENCIES)
            self.all.insert(0, packages)
            if stage.mail_provider == "sendgrid":
                self.sendgrid = self._packages("SendGrid", "SendGrid's package", Packages.SENDGRID)

    def _packages(self, construct_id: str, description: str, packages: Packages) -> lambda_.LayerVersion:
        bundling = DependencyBundling(LambdaPlatform(self._stage.architecture), packages)
        code = bundled_code(ROOT / "layers" / "dependencies", bundling, bundling.digest)
        return self._layer(construct_id, description, code)

    def _layer(self, construct_id: str, description: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            description=description,
            code=code,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[function_architecture(self._stage)],
            removal_policy=RemovalPolicy.DESTROY,
        )


def function_architecture(stage: Stage) -> lambda_.Architecture:
    """Return the stage's architecture as the CDK's enumeration value."""
    return lambda_.Architecture.ARM_64 if stage.architecture == "arm64" else lambda_.Architecture.X86_64
