"""`llmready admin smoke` uses a running service once and reports problems."""

import json
import re
import time
from typing import Any

import pytest

from testkit.system import System

pytestmark = pytest.mark.e2e


def smoke(system: System) -> tuple[int, dict[str, dict[str, Any]]]:
    done = system.admin("smoke", "--json")
    assert not done.stderr
    return done.returncode, {finding["check"]: finding for finding in json.loads(done.stdout)}


def simulated_users(system: System) -> set[str]:
    """Return the users whose address belongs to the mailbox simulator; other tests have some, too."""
    return set(re.findall(r"\S+@simulator\.amazonses\.com", system.admin("users").stdout))


def test_a_page_of_the_stage_becomes_files_that_are_downloaded_and_mailed(system: System) -> None:
    before = simulated_users(system)
    began = time.monotonic()
    code, found = smoke(system)
    verdicts = {check: finding["verdict"] for check, finding in found.items()}
    assert verdicts == {
        "API": "fine",
        "schedules": "fine",
        "alarm": "skipped",
        "generation": "fine",
        "download": "fine",
        "mail": "fine",
    }, found
    assert code == 0
    assert "the emulator does not record the actions" in found["alarm"]["what"]
    assert "success+" in found["mail"]["what"]
    assert time.monotonic() - began < 180  # what a deployed stage is promised
    # No user remains who could sign in or who is counted.
    assert simulated_users(system) <= before


def test_a_schedule_that_is_off_is_named(system: System) -> None:
    events = system.aws("events")
    name = next(rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression"))
    events.disable_rule(Name=name)
    try:
        code, found = smoke(system)
    finally:
        events.enable_rule(Name=name)
    assert code == 1
    assert found["schedules"]["verdict"] == "wrong"
    assert found["schedules"]["what"].startswith(f"{name} is disabled")


def test_paused_starts_are_reported(system: System) -> None:
    assert system.admin("pause").returncode == 0
    try:
        code, found = smoke(system)
    finally:
        assert system.admin("resume").returncode == 0
    assert code == 1
    assert found["generation"]["verdict"] == "wrong"
    assert "paused" in found["generation"]["what"]
    assert found["download"]["verdict"] == "skipped"
