"""The content and the metadata of the wheel."""

from __future__ import annotations

import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from llmready.version import __version__
from tests.packaging.conftest import ROOT, build

REQUIREMENTS = ROOT / "requirements"
# Which file of pinned requirements holds the packages of an extra; the client's own have no extra.
PINNED_IN = {"": "cli", "operator": "cli", "crawler": "container", "browser": "browser"}


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def declared() -> dict[str, list[Requirement]]:
    """Return the requirements in pyproject.toml by extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: [found for line in lines if (found := Requirement(line)).name != "llmready"]
        for extra, lines in extras.items()
    }


def pinned(name: str) -> dict[str, str]:
    """Return the versions that a file of pinned requirements names."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text().splitlines()
    pins = [line.partition(" ")[0].partition("==") for line in lines if line[:1].isalnum()]
    return {package: version for package, _, version in pins}


def wanted(name: str) -> set[str]:
    """Return the direct requirements of a file."""
    lines = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    return {Requirement(line).name for line in lines if line[:1].isalnum()}


def test_wheel_has_one_top_level_package(wheel: Path) -> None:
    assert {name.partition("/")[0] for name in names(wheel)} == {
        "llmready",
        f"llmready-{__version__}.dist-info",
    }
    assert "llmready/__init__.py" not in names(wheel), "llmready is a namespace package"


def test_wheel_excludes_image_and_repository_files(wheel: Path) -> None:
    rooms = {name.split("/")[1] for name in names(wheel)}
    assert not rooms & {"worker", "infra", "functions", "tests", "testkit", "bench"}


def test_the_converter_and_its_npm_packages_are_package_data(wheel: Path) -> None:
    held = set(names(wheel))
    for script in (ROOT / "container/mdream").glob("*.mjs"):
        assert f"llmready/mdream/{script.name}" in held
    packages = "llmready/mdream/node_modules"
    assert f"{packages}/mdream/wasm/mdream_edge_bg.wasm" in held
    assert f"{packages}/mdream/LICENSE.md" in held
    assert f"{packages}/@mdream/rust-linux-x64-gnu/rust.linux-x64-gnu.node" in held


def test_metadata_names_version_python_and_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"llmready-{__version__}.dist-info/METADATA"))
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra", [])) == {"browser", "crawler", "operator"}
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert metadata.get_all("Project-URL")


def test_the_wheel_of_a_working_copy_is_the_same(wheel: Path, tmp_path: Path) -> None:
    assert build("wheel", ROOT, tmp_path).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("extra", PINNED_IN)
def test_an_extra_agrees_with_the_pinned_requirements(extra: str) -> None:
    file = PINNED_IN[extra]
    for requirement in declared()[extra]:
        assert requirement.name in wanted(file), f"{requirement.name} is not in requirements/{file}.in"
        version = pinned(file)[requirement.name]
        assert requirement.specifier.contains(version), f"{requirement} excludes the pinned {version}"


def test_every_extra_is_compared_and_nothing_of_the_command_is_left_out() -> None:
    assert set(declared()) == set(PINNED_IN)
    assert wanted("cli") == {
        requirement.name for extra in ("", "operator") for requirement in declared()[extra]
    }
    assert wanted("browser") == {requirement.name for requirement in declared()["browser"]}
