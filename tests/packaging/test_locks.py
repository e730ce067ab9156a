"""What the npm lock files pin."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT

CONVERTER = ROOT / "container" / "mdream"
LOCKS = sorted(
    str(file.relative_to(ROOT))
    for pattern in ("*/package-lock.json", "*/*/package-lock.json")
    for file in ROOT.glob(pattern)
    if not file.relative_to(ROOT).parts[0].startswith(".")
)


def packages(lock: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of a lock file without the project's own."""
    entries: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return {path: entry for path, entry in entries.items() if path}


def test_the_converters_lock_file_is_among_them() -> None:
    assert "container/mdream/package-lock.json" in LOCKS


@pytest.mark.parametrize("name", LOCKS)
def test_every_npm_package_has_a_hash(name: str) -> None:
    entries = packages(ROOT / name)
    assert entries
    for path, entry in entries.items():
        algorithm, _, digest = entry.get("integrity", "").partition("-")
        assert algorithm == "sha512", f"{path} in {name} has no integrity"
        assert len(base64.b64decode(digest, validate=True)) == 64, path


@pytest.mark.parametrize("name", ["Makefile", "container/Dockerfile", "infra/constructs/layers.py"])
def test_every_installation_of_python_packages_requires_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ").replace('",\n            "', " ")
    commands = re.findall(r"\bpip (?:install|sync)\b[^&]*", text)
    assert commands
    for command in commands:
        # The repository itself is no package of a registry.
        assert "--require-hashes" in command or "--editable ." in command, command


@pytest.mark.parametrize(
    "workflow", sorted((ROOT / ".github" / "workflows").iterdir()), ids=lambda file: file.name
)
def test_every_action_of_a_workflow_is_pinned_by_its_commit(workflow: Path) -> None:
    actions = re.findall(r"\buses:\s*(\S+)", workflow.read_text())
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_name_no_registry(name: str) -> None:
    assert not [path for path, entry in packages(ROOT / name).items() if "resolved" in entry]


@pytest.mark.parametrize(
    ("system", "processor", "library", "bindings"),
    [
        ("linux", "x64", "glibc", {"@mdream/rust-linux-x64-gnu"}),
        ("linux", "arm64", "glibc", set()),
        ("darwin", "arm64", "", set()),
    ],
)
def test_only_the_verified_binding_of_a_platform_is_installed(
    system: str, processor: str, library: str, bindings: set[str], tmp_path: Path
) -> None:
    for file in ("package.json", "package-lock.json"):
        shutil.copy(CONVERTER / file, tmp_path)
    npm = Path(sys.executable).with_name("npm")
    options = [f"--os={system}", f"--cpu={processor}", *([f"--libc={library}"] if library else [])]
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules = tmp_path / "node_modules"
    assert {str(file.parent.relative_to(modules)) for file in modules.rglob("*.node")} == bindings
    assert (modules / "mdream" / "wasm" / "mdream_edge_bg.wasm").is_file()
