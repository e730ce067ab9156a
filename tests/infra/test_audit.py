"""Reports of `python -m infra.audit` on vulnerabilities and on packages that could not be looked up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.audit import npm_locks
from infra.paths import ROOT

GOOD: dict[str, Any] = {"name": "httpx", "version": "0.28.1", "vulns": []}
BAD: dict[str, Any] = {
    "name": "jinja2",
    "version": "2.0",
    "vulns": [{"id": "GHSA-1", "fix_versions": ["3.1.6"], "aliases": [], "description": ""}],
}
SKIPPED = {"name": "boto3", "skip_reason": "Dependency not found on PyPI"}
NPM_GOOD: dict[str, Any] = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 3}}}
NPM_BAD: dict[str, Any] = {
    "vulnerabilities": {
        "tar": {
            "severity": "high",
            "range": "<7",
            "via": [{"title": "Path traversal", "url": "https://x.example"}],
        }
    },
    "metadata": {"dependencies": {"total": 3}},
}


def audited(folder: Path, python: object, npm: object) -> subprocess.CompletedProcess[str]:
    """Run the audit with these answers of pip-audit and npm."""
    for name, told in (("pip-audit", python), ("npm", npm)):
        answer = folder / f"{name}.json"
        answer.write_text(told if isinstance(told, str) else json.dumps(told))
        program = folder / name
        program.write_text(f"#!/bin/sh\ncat {answer}\necho 'no connection' >&2\nexit 1\n")
        program.chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "infra.audit", f"--pip-audit={folder / 'pip-audit'}"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_vulnerabilities_every_lock_file_is_reported_and_exit_code_is_0(tmp_path: Path) -> None:
    done = audited(tmp_path, {"dependencies": [GOOD]}, NPM_GOOD)
    assert done.returncode == 0, done.stderr
    for file in ("requirements/dev.txt", *(str(lock.relative_to(ROOT)) for lock in npm_locks(ROOT))):
        assert f"{file}: " in done.stdout
    assert "container/mdream/package-lock.json: 3 packages looked up, none known" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize(
    ("python", "npm", "line"),
    [
        ([GOOD, BAD], NPM_GOOD, "jinja2 2.0: GHSA-1, fixed in 3.1.6"),
        ([GOOD], NPM_BAD, "tar <7: high, Path traversal (https://x.example)"),
        ([SKIPPED, BAD], NPM_GOOD, "jinja2 2.0: GHSA-1, fixed in 3.1.6"),
    ],
)
def test_vulnerability_is_named_and_exit_code_is_1(
    tmp_path: Path, python: list[Any], npm: dict[str, Any], line: str
) -> None:
    done = audited(tmp_path, {"dependencies": python}, npm)
    assert done.returncode == 1
    assert line in done.stdout


@pytest.mark.parametrize(
    ("python", "npm", "reason"),
    [
        ({"dependencies": [GOOD, SKIPPED]}, NPM_GOOD, "boto3"),
        ("", NPM_GOOD, "no connection"),
        ({"dependencies": [GOOD]}, {"message": "405 Method Not Allowed"}, "405 Method Not Allowed"),
        ({"dependencies": [GOOD]}, "", "no connection"),
    ],
)
def test_failed_lookups_are_reported(tmp_path: Path, python: object, npm: object, reason: str) -> None:
    done = audited(tmp_path, python, npm)
    assert done.returncode == 2
    assert f"NOT looked up, because the advisory database did not answer: {reason}" in done.stdout
    assert "The audit is incomplete" in done.stderr
