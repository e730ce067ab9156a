"""The computed cost, which docs/cost.md must show."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from llmready.cli.costing import Load, TaskSize, generation, month, read_template
from tests.infra.template import Template

DOCUMENT = Path(__file__).parent.parent.parent / "docs/cost.md"


@pytest.fixture(scope="session")
def template_file(prod: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cost") / "template.json"
    path.write_text(json.dumps(prod.body))
    return path


def cost(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("llmready")
    return subprocess.run(
        [command, "cost", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_an_idle_month_costs_two_dollars_at_most(prod: Template) -> None:
    stack = read_template(prod.body)
    assert sum(month(stack, Load()).values()) <= 2.0
    assert stack.always_on == []


def test_a_hundred_pages_cost_a_fifth_of_a_cent_at_most(prod: Template) -> None:
    without_scan = deepcopy(prod.body)
    kinds = {name: entry["Type"] for name, entry in prod.body["Resources"].items()}
    (scan,) = (name for name, kind in kinds.items() if kind == "AWS::GuardDuty::MalwareProtectionPlan")
    del without_scan["Resources"][scan]
    assert generation(read_template(without_scan), 100) <= 0.002


def test_cost_document_equals_the_output_of_the_command(template_file: Path) -> None:
    printed = cost("--template", str(template_file), "--markdown").stdout.strip()
    (told,) = re.findall(r"<!-- cost -->\n(.*?)<!-- /cost -->", DOCUMENT.read_text(), re.DOTALL)
    assert told.strip() == printed


def test_cost_follows_the_template(prod: Template) -> None:
    more = deepcopy(prod.body)
    alarm = next(e for e in more["Resources"].values() if e["Type"] == "AWS::CloudWatch::Alarm")
    more["Resources"] |= {f"More{number}": alarm for number in range(10)}
    more["Resources"]["Nat"] = {"Type": "AWS::EC2::NatGateway", "Properties": {}}
    before, after = read_template(prod.body), read_template(more)
    assert sum(month(after, Load()).values()) - sum(month(before, Load()).values()) == pytest.approx(1.0)
    assert after.always_on == ["AWS::EC2::NatGateway"]


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("AWS::DynamoDB::Table", "table backups (PITR)"),
        ("AWS::GuardDuty::MalwareProtectionPlan", "malware scan (GuardDuty)"),
    ],
)
def test_backups_and_scans_cost_money_if_the_template_contains_them(
    prod: Template, kind: str, part: str
) -> None:
    less = deepcopy(prod.body)
    for name in prod.of(kind):
        del less["Resources"][name]
    busy = Load(1e6)
    with_it, without = month(read_template(prod.body), busy), month(read_template(less), busy)
    assert with_it[part] > 0
    assert without == with_it | {part: 0}


def test_larger_tasks_cost_more(prod: Template) -> None:
    stack = read_template(prod.body)
    larger = stack._replace(task=TaskSize(2048, 4096))
    assert generation(larger, 100) > generation(stack, 100) > generation(stack, 10)
    assert generation(stack, 100, spot=False) > generation(stack, 100)
    assert generation(stack, 100, browser=True) > generation(stack, 100)


def test_a_file_that_is_no_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    done = cost("--template", str(tmp_path / "x.json"))
    assert done.returncode != 0
    assert "is not a template of this service" in done.stderr
    assert "Traceback" not in done.stderr
