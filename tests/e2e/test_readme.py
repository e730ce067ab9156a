"""The README's walk works as printed."""

import re
import subprocess
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.sites import Site
from tests.e2e.system import ROOT, System

pytestmark = pytest.mark.e2e


def test_the_walk(system: System, small_site: Site, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    (walk,) = re.findall(r"<!-- walk -->\n```sh\n(.*?)```", text, re.DOTALL)
    # Only where the API and the site are, and who walks, is the test's own: others may have tried the address.
    walk = walk.replace("ada@example.com", f"ada.{uuid4().hex[:12]}@example.com")
    script, changed = re.subn("http://localhost:8000/api/v1", system.url, walk)
    assert changed == 1
    script, changed = re.subn("SITE=https://example.com", f"SITE={small_site.url}", script)
    assert changed == 1
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed: 12 of 12 pages" in done.stdout
    assert "# " in done.stdout
    assert '"total":1' in done.stdout
    assert "You have no generations remaining this month." in done.stdout
    assert "Generation deleted successfully." in done.stdout
    assert zipfile.is_zipfile(tmp_path / "site.zip")


def test_from_sign_up_to_recovery(system: System, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    (walk,) = re.findall(r"<!-- accounts -->\n```sh\n(.*?)```", text, re.DOTALL)
    walk = walk.replace("grace@example.com", f"grace.{uuid4().hex[:12]}@example.com")
    script, changed = re.subn("http://localhost:8000/api/v1", system.url, walk)
    assert changed == 1
    script, changed = re.subn("MAIL=.local/mail", f"MAIL={system.data / 'mail'}", script)
    assert changed == 1
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = (
        *("Your account is ready.", "Your address is confirmed.", "a mail is on its way"),
        *("Your password is changed.", '"is_verified":true', '"sign_ins":[', "Your account is deleted"),
    )
    positions = [done.stdout.find(words) for words in said]
    assert -1 not in positions, done.stdout
    assert positions == sorted(positions)
