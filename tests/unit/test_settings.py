"""The settings of a process and the environment variables that carry them."""

import subprocess
import sys
from pathlib import Path

import pytest

from llmready.settings import Settings, read_settings, variable, variables

ROOT = Path(__file__).parent.parent.parent


def test_variables_contain_only_explicit_settings() -> None:
    assert variables(Settings(table="t", max_tasks=3, shared_cache=False, task_dollars_per_hour=0.05)) == {
        "LLMREADY_TABLE": "t",
        "LLMREADY_MAX_TASKS": "3",
        "LLMREADY_SHARED_CACHE": "false",
        "LLMREADY_TASK_DOLLARS_PER_HOUR": "0.05",
    }


def test_settings_are_read_back_from_their_variables() -> None:
    given = Settings(stage="dev", public_url="https://a.example/", malware_scan=True, idle_seconds=7)
    assert read_settings(variables(given)) == given


def test_unknown_setting_has_no_variable() -> None:
    with pytest.raises(KeyError):
        variable("tabel")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('Settings(tabel="t")', 'Unexpected keyword argument "tabel"'),
        ('Settings(max_tasks="three")', 'Argument "max_tasks"'),
        ('Settings(table="t").tabel', 'has no attribute "tabel"'),
    ],
)
def test_typo_in_a_setting_fails_the_type_check(call: str, error: str, tmp_path: Path) -> None:
    program = tmp_path / "typo.py"
    program.write_text(f"from llmready.settings import Settings\n\n{call}\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(program)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert error in checked.stdout
