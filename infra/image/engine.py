"""Select the builder of images: Docker if its engine runs, otherwise buildah."""

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
# For networks that inspect TLS: the build trusts the certificates that this machine trusts.
DEBIAN_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Engine(Protocol):
    """Builds and exports images."""

    def build(self, target: Target) -> str:
        """Build one target of the Dockerfile for this machine's architecture, name it, and return its ID.

        The name is moved to the newest build. The ID always names this image.

        Raises:
            ImageError: It cannot be built.
        """

    def export(self, image: str, archive: Path) -> None:
        """Export an image into a file in the format of ``docker save``."""


def image_name(target: Target) -> str:
    """Return the name of a target's image on this machine."""
    return f"llmready-worker:{target}"


def find_engine() -> Engine:
    """Return an engine that can build images on this machine.

    Raises:
        ImageError: No engine is available.
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
    """buildah, which needs no engine. The base image is built from Debian's packages if that is possible."""

    def build(self, target: Target) -> str:
        """See :class:`Engine`."""
        base = stand_in()
        options = [f"--build-arg=BASE={base}"] if base else []
        # Without a separate namespace, a build step needs no container runtime.
        places = ["--isolation=chroot", "--network=host", "--format=docker", "--layers"]
        return _built(["buildah", "build", *places, *options], target)

    def export(self, image: str, archive: Path) -> None:
        """See :class:`Engine`."""
        archive.unlink(missing_ok=True)
        run(["buildah", "push", "--quiet", image, f"docker-archive:{archive}"])


def _built(command: list[str], target: Target, environment: Mapping[str, str] | None = None) -> str:
    """Run a builder and return the ID of the image."""
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
