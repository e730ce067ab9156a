"""What builds images here: Docker where its engine runs, else buildah."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from infra.image.base import stand_in
from infra.image.failure import ImageError
from infra.image.program import run
from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

Target = Literal["plain", "browser"]
TARGETS: tuple[Target, ...] = ("plain", "browser")
DOCKERFILE = ROOT / "container" / "Dockerfile"
# For a network that looks into TLS: what this machine trusts, the build trusts as well.
DEBIAN_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Engine(Protocol):
    """Builds and exports images."""

    def build(self, target: Target) -> str:
        """Build one target of the Dockerfile for this machine's architecture, name it, and return its id.

        The name is moved to the newest build; the ID always names this image.

        Raises:
            ImageError: It cannot be built.
        """

    def export(self, image: str, archive: Path) -> None:
        """Write an image into a file as ``docker save`` does."""


def image_name(target: Target) -> str:
    """Return the name under which a target is kept on this machine."""
    return f"llmready-worker:{target}"


def find_engine() -> Engine:
    """Return what can build images here.

    Raises:
        ImageError: Nothing can.
    """
    if shutil.which("docker") and run(["docker", "info"], check=False).returncode == 0:
        return Docker()
    if shutil.which("buildah"):
        return Buildah()
    raise ImageError(
        "No Docker engine runs and buildah is not installed; start Docker, or on Debian"
        " apt install buildah mmdebstrap."
    )


class Docker:
    """Docker's own builder."""

    def build(self, target: Target) -> str:
        """See :class:`Engine`."""
        return _built(["docker", "build"], target, environment={"DOCKER_BUILDKIT": "1"})

    def export(self, image: str, archive: Path) -> None:
        """See :class:`Engine`."""
        run(["docker", "save", "--output", str(archive), image])


class Buildah:
    """buildah, which needs no engine; the base image is made from Debian's packages where that is possible."""

    def build(self, target: Target) -> str:
        """See :class:`Engine`."""
        base = stand_in()
        options = [f"--build-arg=BASE={base}"] if base else []
        # Without a namespace of its own a build step needs no container runtime.
        places = ["--isolation=chroot", "--network=host", "--format=docker", "--layers"]
        return _built(["buildah", "build", *places, *options], target)

    def export(self, image: str, archive: Path) -> None:
        """See :class:`Engine`."""
        archive.unlink(missing_ok=True)
        run(["buildah", "push", "--quiet", image, f"docker-archive:{archive}"])


def _built(command: list[str], target: Target, environment: Mapping[str, str] | None = None) -> str:
    """Run a builder and return the id of what it built."""
    with tempfile.TemporaryDirectory() as scratch:
        told = Path(scratch) / "id"
        run([*command, f"--iidfile={told}", *_options(target)], environment=environment)
        return told.read_text().strip()


def _options(target: Target) -> list[str]:
    options = [f"--target={target}", f"--tag={image_name(target)}", f"--file={DOCKERFILE}"]
    trusted = Path(ssl.get_default_verify_paths().cafile or DEBIAN_CERTIFICATES)
    if trusted.is_file():
        options += [
            f"--secret=id=certificates,src={trusted}",
            "--build-arg=CERTIFICATES=/run/secrets/certificates",
        ]
    return [*options, str(ROOT)]
