"""Clients that common generators make of the OpenAPI text have every operation."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.openapi import OPENAPI_FILE
from testkit.system import ROOT

BINARIES = ROOT / ".venv" / "bin"
# Its requirements would hold back those of the project.
GENERATOR = "openapi-python-client==0.29.1"
PLACE = ROOT / ".build" / "openapi-python-client"


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """The IDs of all operations."""
    paths: dict[str, dict[str, Any]] = json.loads(OPENAPI_FILE.read_text())["paths"]
    return {operation["operationId"] for methods in paths.values() for operation in methods.values()}


def test_openapi_typescript_knows_every_operation(tmp_path: Path, operations: set[str]) -> None:
    types = tmp_path / "schema.d.ts"
    command = [BINARIES / "node", ROOT / "web/node_modules/.bin/openapi-typescript", OPENAPI_FILE]
    subprocess.run([*command, "--output", types], check=True, capture_output=True, timeout=120)
    declared = set(re.findall(r"^    (\w+): \{\n        parameters:", types.read_text(), re.MULTILINE))
    assert declared == operations


def test_openapi_python_client_generates_every_operation(tmp_path: Path, operations: set[str]) -> None:
    program = _generator()
    made = subprocess.run(
        [
            program,
            "generate",
            "--path",
            OPENAPI_FILE,
            "--output-path",
            tmp_path / "client",
            "--fail-on-warning",
        ],
        env={**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    modules = {file.stem for file in (tmp_path / "client").glob("*/api/*/*.py")} - {"__init__"}
    assert modules == {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in operations}


def _generator() -> Path:
    """Install the generator, pinned, into an environment of its own, and return its program."""
    program = PLACE / "bin" / "openapi-python-client"
    wanted = PLACE / GENERATOR
    if not wanted.exists():
        subprocess.run(
            [BINARIES / "uv", "venv", "--quiet", "--allow-existing", PLACE], check=True, timeout=120
        )
        install: list[str | Path] = [
            *(BINARIES / "uv", "pip", "install", "--quiet", "--python", PLACE / "bin" / "python"),
        ]
        # The client that it writes is formatted with ruff.
        subprocess.run([*install, GENERATOR, "ruff"], check=True, timeout=300)
        wanted.touch()
    return program
