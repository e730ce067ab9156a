"""The documents describe every setting, route, alarm, target and command."""

import argparse
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from infra.stage import Stage
from infra.stage_files import load_stage, setting_names
from llmready.cli.main import build_parser
from llmready.domain.generation import MOVES, Status
from tests.infra.template import Template

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = (ROOT / "docs/operations.md").read_text()
ANCHORS = {
    re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
    for title in re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
}


@pytest.mark.parametrize("setting", setting_names())
def test_each_setting_is_documented(setting: str) -> None:
    assert re.search(rf"^\|.*`{setting}`", OPERATIONS, re.MULTILINE)


def test_documented_defaults_are_the_real_ones() -> None:
    rows = re.findall(
        r"^\| ((?:`\w+`,? ?)+) \| ([^|]*) \|", OPERATIONS.partition("# Alarms")[0], re.MULTILINE
    )
    told: dict[str, str] = {}
    for names, defaults in rows:
        settings = re.findall(r"`(\w+)`", names)
        values = [defaults.strip()] if len(settings) == 1 else re.split(r", ", defaults.strip())
        told |= dict(zip(settings, values, strict=False))  # settings without a value
    assert len(told) > 25
    stages = {"dev": load_stage("dev"), "prod": load_stage("prod", {"mail_sender": "noreply@example.com"})}
    for setting in fields(Stage):
        if setting.name not in told or (isinstance(setting.default, (str, tuple)) and not setting.default):
            continue  # for an empty default, the table explains its meaning
        wanted = _shown(setting.default)
        by_stage = {name: _shown(getattr(stage, setting.name)) for name, stage in stages.items()}
        if others := [f"{name} {value}" for name, value in by_stage.items() if value != wanted]:
            wanted += f" ({', '.join(others)})"
        assert told[setting.name] == wanted, setting.name


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_each_alarm_leads_to_its_section(prod: Template) -> None:
    alarms = prod.of("AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        description = alarm["Properties"]["AlarmDescription"]
        (anchor,) = re.findall(r"docs/operations\.md#([a-z-]+)$", description)
        assert anchor in ANCHORS
    assert "budget" in ANCHORS


def test_each_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "test-enforced" in targets
    for target in targets:
        assert f"`make {target}`" in OPERATIONS, target


def test_each_route_is_documented() -> None:
    told = json.loads((ROOT / "docs/api/openapi.json").read_text())["paths"]
    handlers = [path.read_text() for path in (ROOT / "functions").glob("*/handler.py")]
    routes = {
        route
        for text in handlers
        for route in re.findall(r"@app\.(?:get|post|put|patch|delete)\(\s*f?\"([^\"]+)\"", text)
    }
    assert len(routes) > 20
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.replace("{PREFIX}", "/api/v1")).replace(".+", "{path}")
        if path in ("/api/v1/docs/{name}", "/api/v1/problems/{code}"):
            continue  # the files of the page to browse the API, and the pages that explain problems
        assert path.rstrip("/") in {known.rstrip("/") for known in told}, route


def test_each_operator_command_is_documented() -> None:
    commands = _subcommands(_subcommands(build_parser())["admin"])
    assert "requeue" in commands
    told = OPERATIONS + (ROOT / "README.md").read_text()
    for name in commands:
        assert re.search(rf"(admin |`){name}\b", told), name


@pytest.mark.parametrize("document", ["security.md", "crawler.md"])
def test_each_named_test_exists(document: str) -> None:
    text = (ROOT / "docs" / document).read_text()
    named = re.findall(r"`(?:tests/)?([\w/]+/test_\w+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for file, test in named:
        source = ROOT / "tests" / file
        assert source.exists(), file
        assert not test or re.search(rf"def {test}\(", source.read_text()), (file, test)


def test_links_between_documents_are_valid() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), (document.name, link)


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def test_the_diagram_of_states_shows_the_moves_that_are_allowed() -> None:
    drawn = re.search(r"stateDiagram-v2\n(.*?)```", (ROOT / "docs/architecture.md").read_text(), re.DOTALL)
    assert drawn is not None
    arrows = {tuple(arrow) for arrow in re.findall(r"^ *(\S+) --> (\S+?)(?::.*)?$", drawn[1], re.MULTILINE)}
    moves = {(before.value, after.value) for before, following in MOVES.items() for after in following}
    ends = {(status.value, "[*]") for status in Status if status.is_final}
    assert arrows == moves | ends | {("[*]", "pending")}
