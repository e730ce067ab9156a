"""Check that the worker's image is built from pinned base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.image.engine import DOCKERFILE
from infra.image.pins import base_images
from infra.preflight.account import PreflightError

if TYPE_CHECKING:
    from infra.preflight.account import Account


def check_base_images(account: Account) -> None:
    """Refuse base images without a digest if the stage requires pinned images.

    Raises:
        PreflightError: An image has no digest; the message says how to pin it.
    """
    stage = account.stage
    if not stage.pinned_images or stage.placeholder_image:
        return
    for image in base_images(DOCKERFILE.read_text("utf-8")):
        if not image.digest.startswith("sha256:"):
            raise PreflightError(
                f"The base image {image.written} in container/Dockerfile has no digest, but the stage {stage.name}"
                " requires one. Run `make pin-images` and commit the change, or set pinned_images = false in"
                f" stages/{stage.name}.toml."
            )
