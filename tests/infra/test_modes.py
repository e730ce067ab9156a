"""The user of Lambda functions and of the container can read packages that were built with any umask."""

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.constructs import bytecode, layers
from infra.constructs.bytecode import SourceBundling
from infra.constructs.layers import DependencyBundling, LambdaPlatform
from infra.local.deployment import _zipped
from infra.paths import ROOT


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """Return a folder as a checkout under umask 077 writes it."""
    former = os.umask(0o077)
    folder = tmp_path / "source"
    (folder / "part").mkdir(parents=True)
    (folder / "handler.py").write_text("VALUE = 1\n")
    (folder / "part/module.py").write_text("VALUE = 2\n")
    (folder / "part/program").write_text("#!/bin/sh\n")
    (folder / "part/program").chmod(0o700)
    yield folder
    os.umask(former)


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


def test_own_code_is_world_readable(closed: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    assert SourceBundling(closed, "/var/task").try_bundle(str(output))
    found = modes(output)
    assert found.pop("part/program") == 0o755
    folders = {name for name in found if (output / name).is_dir()}
    assert {"part", "."} <= folders
    assert {found[name] for name in folders} == {0o755}
    assert {mode for name, mode in found.items() if name not in folders} == {0o644}
    assert any(name.endswith(".pyc") for name in found) or not bytecode.IS_MADE


def test_third_party_packages_are_world_readable(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "BUILD", tmp_path)
    bundling = DependencyBundling(LambdaPlatform("arm64"))
    cached = tmp_path / "layers" / bundling.digest
    cached.parent.mkdir()
    closed.rename(cached)
    output = tmp_path / "output"
    output.mkdir()
    bundling.try_bundle(str(output))
    assert all(mode & 0o044 == 0o044 for mode in modes(output).values())


def test_the_local_system_packs_the_modes_that_the_cdk_would(closed: Path) -> None:
    packed = zipfile.ZipFile(io.BytesIO(_zipped(closed)))
    assert packed.getinfo("handler.py").external_attr >> 16 & 0o777 == 0o600


def test_the_image_opens_its_files_after_the_last_one_was_copied() -> None:
    text = (ROOT / "container/Dockerfile").read_text()
    stage = text.partition("AS packages")[2].partition("\nFROM ")[0]
    assert stage.rindex("chmod -R u=rwX,go=rX /opt/llmready") > stage.rindex("\nCOPY ")
