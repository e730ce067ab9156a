"""The check of regular expressions finds each kind that takes more than linear time."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.expressions.check import check, javascript_files, python_files
from infra.paths import ROOT

SLOW_PYTHON = r"""
import re
BLANKS = r"\s+"
END = re.compile(BLANKS + "$")
NESTED = re.compile(rb"(a+)+b")
ALTERNATIVES = re.compile(r"(?:a|a)*b")
TAG = re.compile(r"<a[^>]*>")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
IN_ANY_CASE = re.compile(r"[a-z]+[A-Z]+\d", re.IGNORECASE)
LINES = re.compile(r"^\s*x", re.MULTILINE)
POSSESSIVE = re.compile(r"a*+b")
BOUNDED = re.compile(r"(?:a{1,50}){1,50}b")
NUMBERS = [re.compile(f"{unit}+x") for unit in ("[0-9]",)]
def within(text):
    return re.sub(r"\d+\s*x", "", text)
def from_a_position(text):
    return REPEATED.match(text, 3)
REPEATED = re.compile(r"a*b")
"""
LINEAR_PYTHON = r"""
import re
SPACES = re.compile(r"\s+")
PART = re.compile(r"a{1,50}b")
START = re.compile(r"a*b")
def beginning(text):
    return START.match(text)
"""
SLOW_JAVASCRIPT = r"""
export const clean = (text) => text.replace(/\s+$/, '')
const UNIT = '[a-z]'
export const LETTERS = new RegExp(`${UNIT}*:`, 'g')
"""
ROOMS = ("container/llmready/crawler", "container/llmready/worker", "layers/core", "functions", "cli")


def _report(
    folder: Path, python: dict[Path, str], javascript: list[Path], capfd: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    known, bounded = folder / "known.json", folder / "bounded.json"
    known.write_text("[]")
    bounded.write_text("[]")
    code = check(python, javascript, known, bounded, write=True)
    return code, capfd.readouterr().err.splitlines()


def test_slow_expressions_of_python_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "slow_expressions.py"
    file.write_text(SLOW_PYTHON)
    code, lines = _report(tmp_path, {file: "slow_expressions"}, [], capfd)
    slow = [
        number
        for number, line in enumerate(SLOW_PYTHON.splitlines(), 1)
        if "re.compile" in line or "re.sub" in line
    ]
    found = sorted(int(line.split(":")[1]) for line in lines)
    assert (code, found) == (1, slow), "\n".join(lines)


def test_linear_expressions_of_python_are_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "linear_expressions.py"
    file.write_text(LINEAR_PYTHON)
    assert _report(tmp_path, {file: "linear_expressions"}, [], capfd) == (0, [])


def test_slow_expressions_of_javascript_are_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "slow.mjs"
    file.write_text(SLOW_JAVASCRIPT)
    code, lines = _report(tmp_path, {}, [file], capfd)
    assert code == 1
    assert sorted(int(line.split(":")[1]) for line in lines) == [2, 4], "\n".join(lines)


def test_an_unknown_expression_and_an_unused_exception_fail(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, known, bounded = tmp_path / "new.mjs", tmp_path / "known.json", tmp_path / "bounded.json"
    file.write_text("export const BLANKS = /\\s+/\n")
    known.write_text("[]")
    bounded.write_text('[{"place": "gone.mjs", "expression": "/x/", "bound": "It is short."}]')
    assert check({}, [file], known, bounded, write=False) == 1
    lines = capfd.readouterr().err.splitlines()
    assert ["make linear-expressions" in lines[0], "gone.mjs" in lines[1]] == [True, True]


def test_all_rooms_are_read() -> None:
    files = [str(file.relative_to(ROOT)) for file in (*python_files(ROOT), *javascript_files(ROOT))]
    for room in (*ROOMS, "container/mdream", "container/llmready/crawler/browser", "web/src"):
        assert any(file.startswith(f"{room}/") for file in files), room
