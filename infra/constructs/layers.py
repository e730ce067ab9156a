"""The two Lambda layers: third-party packages, and the code that all functions share."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.paths import BUILD, ROOT

if TYPE_CHECKING:
    from infra.stage import Stage

REQUIREMENTS = ROOT / "requirements" / "lambda.txt"
CORE = ROOT / "layers" / "core"
PYTHON_VERSION = "3.13"
RUNTIME = lambda_.Runtime.PYTHON_3_13

# The Lambda runtime brings these itself; some requirement of ours only drags them in.
PROVIDED_BY_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})
# Neither tests nor caches are worth a cold start's time.
PRUNED = ("__pycache__", "tests", "bin")
PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}


class BundlingError(RuntimeError):
    """The dependency layer could not be made; the message is a sentence for the operator."""


def layer_requirements(pinned: str) -> str:
    """Take what the runtime provides out of a hash-pinned requirements text."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", pinned.strip())
    kept = [block for block in blocks if re.split(r"[=\[ ]", block)[0] not in PROVIDED_BY_RUNTIME]
    return "\n".join(kept) + "\n"


class LambdaPlatform:
    """Where functions run on AWS.

    Args:
        architecture: arm64 or x86_64.
    """

    def __init__(self, architecture: str) -> None:
        self.options = [
            f"--python-version={PYTHON_VERSION}",
            f"--python-platform={PLATFORMS[architecture]}",
        ]


class ThisMachine:
    """This very Python, for looking whether the layer is complete."""

    options = (f"--python={sys.executable}",)


@jsii.implements(ILocalBundling)
class DependencyBundling:
    """Installs the pinned packages with uv for where they will run; no Docker takes part.

    Args:
        target: where that is.
    """

    def __init__(self, target: LambdaPlatform | ThisMachine) -> None:
        self.requirements = layer_requirements(REQUIREMENTS.read_text())
        self.target = target
        # The same pins for the same platform give the same layer, whatever time it is made.
        recipe = "\n".join((self.requirements, *target.options, *PRUNED))
        self.digest = hashlib.sha256(recipe.encode()).hexdigest()

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        """Put the packages into ``output_dir``.

        Raises:
            BundlingError: when uv cannot install them.
        """
        cached = BUILD / "layers" / self.digest
        if not cached.is_dir():
            self._install(cached)
        shutil.copytree(cached, output_dir, dirs_exist_ok=True)
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
        try:
            partial.rename(cached)
        except OSError:  # another synthesis was faster
            shutil.rmtree(partial)


class Layers(Construct):
    """The dependency layer and the core layer, in the order in which functions load them."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.all = [self._core(stage)]
        if stage.dependency_layer:
            self.all.insert(0, self._dependencies(stage))

    def _dependencies(self, stage: Stage) -> lambda_.LayerVersion:
        bundling = DependencyBundling(LambdaPlatform(stage.architecture))
        return lambda_.LayerVersion(
            self,
            "Dependencies",
            description="Third-party packages",
            code=lambda_.Code.from_asset(
                str(ROOT / "layers" / "dependencies"),
                asset_hash=bundling.digest,
                asset_hash_type=AssetHashType.CUSTOM,
                bundling=BundlingOptions(image=DockerImage.from_registry("unused"), local=bundling),
            ),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[function_architecture(stage)],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _core(self, stage: Stage) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            "Core",
            description="LLMReady's shared code",
            code=lambda_.Code.from_asset(str(CORE), exclude=["**/__pycache__", "**/*.pyc"]),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[function_architecture(stage)],
            removal_policy=RemovalPolicy.DESTROY,
        )


def function_architecture(stage: Stage) -> lambda_.Architecture:
    """Give the stage's architecture as the CDK names it."""
    return lambda_.Architecture.ARM_64 if stage.architecture == "arm64" else lambda_.Architecture.X86_64
