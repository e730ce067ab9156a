"""`make pin-images`: the digests that it writes, and its messages if no registry answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.image.engine import DOCKERFILE
from infra.image.failure import ImageError
from infra.image.pins import Reference, base_images, pin
from testkit.serving import Answer, Request, Site, serving

INDEX = json.dumps({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"


@contextmanager
def registry(digest: str = DIGEST) -> Iterator[Site]:
    """Run a registry that sends the index of one image to clients with a token."""
    with serving({}) as site:

        def answer(request: Request) -> Answer | None:
            headers: dict[str, Any] = {name.lower(): value for name, value in request.headers.items()}
            if request.path.startswith("/token?"):
                assert "scope=repository%3Alibrary%2Fdebian%3Apull" in request.path
                return Answer('{"token": "t"}', headers={"Content-Type": "application/json"})
            if request.path != "/v2/library/debian/manifests/trixie-slim":
                return None
            assert "application/vnd.oci.image.index.v1+json" in headers["accept"]
            if headers.get("authorization") != "Bearer t":
                challenge = (
                    f'Bearer realm="{site.url}/token",service="test",scope="repository:library/debian:pull"'
                )
                return Answer("", status=401, headers={"WWW-Authenticate": challenge})
            return Answer(INDEX, headers={"Docker-Content-Digest": digest})

        site.answer_request = answer
        yield site


def dockerfile(folder: Path, image: str) -> Path:
    file = folder / "Dockerfile"
    file.write_text(
        f"ARG BASE={image}\nFROM ${{BASE}} AS tools\nRUN echo {image}\nFROM tools AS more\nFROM scratch AS end\n"
    )
    return file


@pytest.mark.parametrize(
    ("written", "registry_host", "repository", "tag"),
    [
        ("debian:trixie-slim", "registry-1.docker.io", "library/debian", "trixie-slim"),
        ("debian", "registry-1.docker.io", "library/debian", "latest"),
        ("bitnami/node:24@sha256:1", "registry-1.docker.io", "bitnami/node", "24"),
        ("public.ecr.aws/docker/library/debian:13", "public.ecr.aws", "docker/library/debian", "13"),
        ("localhost/base:1", "localhost", "base", "1"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(
    written: str, registry_host: str, repository: str, tag: str
) -> None:
    read = Reference.parse(written)
    assert (read.registry, read.repository, read.tag) == (registry_host, repository, tag)


def test_the_base_of_the_workers_image_is_found() -> None:
    (base,) = base_images(DOCKERFILE.read_text())
    assert base.repository == "library/debian"


def test_the_digest_is_written_and_written_anew(tmp_path: Path) -> None:
    with registry() as site:
        image = f"{site.address}/library/debian:trixie-slim"
        file = dockerfile(tmp_path, image)
        assert pin(file) == [f"{image}@{DIGEST}"]
        first, *rest = file.read_text().splitlines()
        assert first == f"ARG BASE={image}@{DIGEST}"
        assert rest[0] == "FROM ${BASE} AS tools"
        file.write_text(file.read_text().replace(DIGEST, "sha256:old"))
        pin(file)
        assert file.read_text().splitlines()[0] == first


def test_digest_that_differs_from_the_answer_is_refused(tmp_path: Path) -> None:
    with registry(f"sha256:{'0' * 64}") as site:
        file = dockerfile(tmp_path, f"{site.address}/library/debian:trixie-slim")
        before = file.read_text()
        with pytest.raises(ImageError, match="differs from the digest"):
            pin(file)
    assert file.read_text() == before


@pytest.mark.parametrize("path", ["library/debian:no-such-tag", "library/debian:trixie-slim"])
def test_without_an_answer_of_the_registry_nothing_is_written(tmp_path: Path, path: str) -> None:
    with registry() as site:
        address = site.address
        if "no-such-tag" in path:
            file = dockerfile(tmp_path, f"{address}/{path}")
            with pytest.raises(ImageError, match="No digest was written"):
                pin(file)
            assert "sha256" not in file.read_text()
    file = dockerfile(tmp_path, f"{address}/{path}")  # it has stopped
    with pytest.raises(ImageError, match=r"No digest was written: the image registry 127\.0\.0\.1"):
        pin(file)
    assert "sha256" not in file.read_text()
