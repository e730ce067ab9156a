"""``python -m infra.image.pins``: write the digests of the base images into the Dockerfile.

The image behind a tag such as ``debian:trixie-slim`` changes every few weeks. With a digest, a build uses exactly the
pinned image. The digest is that of the image's index, so it is valid for every processor.
"""

from __future__ import annotations

import hashlib
import re
import sys
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Self

import httpx

from infra.image.engine import DOCKERFILE
from infra.image.failure import ImageError

_HUB = "registry-1.docker.io"
_TIMEOUT = 20.0  # seconds
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
# A base image is the default of a build argument, or the image of a FROM that is not an earlier stage.
_BASE = re.compile(r"^(?:ARG\s+BASE=|FROM\s+)(?P<name>[^\s$]+)", re.MULTILINE)
_STAGE = re.compile(r"^FROM\s.*\sAS\s+(\S+)", re.MULTILINE | re.IGNORECASE)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Reference(NamedTuple):
    """The name of an image in a Dockerfile."""

    written: str
    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse a name by Docker's rules: the default host is Docker Hub, the default folder its official images."""
        name, _, digest = written.partition("@")
        host, slash, path = name.partition("/")
        if not slash or not (set(host) & {".", ":"} or host == "localhost"):
            host, path = _HUB, name if slash else f"library/{name}"
        repository, _, tag = path.partition(":")
        return cls(written, host, repository, tag or "latest", digest)

    def pinned(self, digest: str) -> str:
        """Return the name with a digest."""
        return f"{self.written.partition('@')[0]}@{digest}"


def base_images(dockerfile: str) -> list[Reference]:
    """Return the base images of a Dockerfile."""
    stages = {*_STAGE.findall(dockerfile), "scratch"}
    names = dict.fromkeys(found["name"] for found in _BASE.finditer(dockerfile))
    return [Reference.parse(name) for name in names if name not in stages]


def current_digest(image: Reference) -> str:
    """Return the digest of the index that an image's tag currently has in its registry.

    Raises:
        ImageError: The registry does not answer, or its answer is not an index.
    """
    # Like Docker, use plain HTTP for a registry on this machine.
    scheme = "http" if image.registry.partition(":")[0] in {"localhost", "127.0.0.1"} else "https"
    url = f"{scheme}://{image.registry}/v2/{image.repository}/manifests/{image.tag}"
    headers = {"Accept": ", ".join(_INDEXES)}
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as http:
            answer = http.get(url, headers=headers)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                token = _anonymous_token(http, answer.headers.get("WWW-Authenticate", ""))
                answer = http.get(url, headers={**headers, "Authorization": f"Bearer {token}"})
            answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        raise ImageError(
            f"No digest was written: the image registry {image.registry} did not send the digest of"
            f" {image.repository}:{image.tag} ({error}). Run `make pin-images` again on a machine that can reach it."
        ) from error
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if answer.headers.get("Docker-Content-Digest", digest) != digest:
        raise ImageError(
            f"No digest was written: {image.registry} sent a wrong image index of {image.repository}:{image.tag}."
            " Its hash differs from the digest in the response header."
        )
    return digest


def pin(dockerfile: Path) -> list[str]:
    """Write the current digests of the tags of the base images.

    Returns:
        The names with their digests.

    Raises:
        ImageError: A registry does not answer. Nothing was written.
    """
    text = dockerfile.read_text("utf-8")
    names = {image.written: image.pinned(current_digest(image)) for image in base_images(text)}
    for written, pinned in names.items():
        text = re.sub(rf"(?<=[=\s]){re.escape(written)}(?=\s)", pinned, text)
    dockerfile.write_text(text, "utf-8")
    return list(names.values())


def _anonymous_token(http: httpx.Client, challenge: str) -> str:
    """Fetch the token that a registry requires even for anonymous reads."""
    asked = dict(_CHALLENGE.findall(challenge))
    realm = asked.pop("realm")
    answer = http.get(realm, params={name: asked[name] for name in ("service", "scope") if name in asked})
    answer.raise_for_status()
    told = answer.json()
    return str(told.get("token") or told["access_token"])


def main() -> int:
    """Pin the base images of container/Dockerfile; on failure, print one sentence and return exit code 1."""
    try:
        for name in pin(DOCKERFILE):
            sys.stdout.write(f"{name}\n")
    except ImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
