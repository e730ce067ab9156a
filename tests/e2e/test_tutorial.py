"""The commands of docs/tutorial.md work as printed."""

import re
import subprocess
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from testkit.sites import Site
from testkit.system import ROOT, System

pytestmark = pytest.mark.e2e


def run_section(section: str, folder: Path, **replaced: str) -> str:
    """Run a section of the tutorial as printed and return its output.

    Args:
        section: Name in the comment above the section's code block.
        folder: Working directory.
        replaced: New values of shell variables that the section sets, by name.
    """
    text = (ROOT / "docs/tutorial.md").read_text()
    (script,) = re.findall(rf"<!-- {section} -->\n```sh\n(.*?)```", text, re.DOTALL)
    # Another run of this test may have registered the printed address.
    script = re.sub(r"\b(\w+)@example\.com", rf"\1.{uuid4().hex[:12]}@example.com", script)
    for name, value in replaced.items():
        script, changed = re.subn(rf"^{name}=\S+", f"{name}={value}", script, flags=re.MULTILINE)
        assert changed == 1, name
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_generating_the_files_of_a_website(system: System, small_site: Site, tmp_path: Path) -> None:
    printed = run_section("walk", tmp_path, API=system.url, SITE=small_site.url)
    assert "completed: 12 of 12 pages" in printed
    assert "# " in printed
    assert '"total":1' in printed
    assert "You have no generations remaining this month." in printed
    assert "Generation deleted successfully." in printed
    assert zipfile.is_zipfile(tmp_path / "site.zip")


def test_keeping_files_fresh(system: System, small_site: Site, site_ports: list[int], tmp_path: Path) -> None:
    printed = run_section(
        "fresh",
        tmp_path,
        API=system.url,
        SITE=small_site.url,
        RECEIVER=f"127.0.0.1:{site_ports[-2]}",
        MAIL=str(system.data / "mail"),
        LLMREADY=str(ROOT / ".venv/bin/llmready"),
    )
    assert "generation.completed verified" in printed
    assert (tmp_path / "files" / "llms.txt").is_file()


def test_managing_an_account(system: System, tmp_path: Path) -> None:
    printed = run_section("accounts", tmp_path, API=system.url, MAIL=str(system.data / "mail"))
    said = (
        *("Your account is ready.", "you will get a mail", "Your address is confirmed."),
        *("Your password was changed. Please sign in", '"is_verified":true', '"full_name":"Grace Hopper"'),
        *("All other sign-ins have ended", '"sign_ins":[', "Your account was deleted"),
    )
    positions = [printed.find(words) for words in said]
    assert -1 not in positions, printed
    assert positions == sorted(positions)
