"""Logs and metrics of a generation: one correlation ID in all logs, and one namespace of metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.assembly import synthesised
from infra.local.deployment import STACK
from testkit.sites import Answer, Site, serve
from testkit.system import Person, System, wait_for

pytestmark = pytest.mark.e2e


def logged(system: System) -> Iterator[dict[str, Any]]:
    """Iterate over the log entries of functions and workers."""
    for path in (system.data / "log").glob("*.log"):
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                yield json.loads(line)


def emitted(system: System) -> dict[str, set[str]]:
    """Return the names of the logged metrics by namespace."""
    found: dict[str, set[str]] = {}
    for line in logged(system):
        for group in line.get("_aws", {}).get("CloudWatchMetrics", []):
            names = {metric["Name"] for metric in group["Metrics"]}
            found.setdefault(group["Namespace"], set()).update(names)
    return found


def test_correlation_id_connects_request_and_mail(system: System, person: Person, small_site: Site) -> None:
    generation = system.confirm(person).start(person.website(small_site.url))
    person.finished(generation)
    system.mail_to(person.email, "your files are ready")
    (id_,) = {line["correlation_id"] for line in logged(system) if line.get("generation_id") == generation}
    wanted = {"generations", "dispatcher", "worker", "notifier"}
    wait_for(
        lambda: wanted <= {line["service"] for line in logged(system) if line.get("correlation_id") == id_},
        within=90,
    )


async def test_alarms_use_only_metrics_that_exist(
    system: System, small_site: Site, slow_site: Site, site_ports: list[int]
) -> None:
    person = system.user("pro")
    person.finished(person.start(person.website(small_site.url)))
    cancelled = person.start(person.website(slow_site.url))
    assert person.http.post(f"/generations/{cancelled}/cancel").status_code == 202
    with serve(_closed, port=site_ports[-4]) as closed:
        assert person.finished(person.start(person.website(closed.url)))["status"] == "failed"
    named = emitted(system)
    assert set(named) == {"LLMReady"}
    assert named["LLMReady"] >= {
        *("GenerationsAccepted", "GenerationsCompleted", "GenerationsFailed", "QuotaRefunded"),
        *("PagesCrawled", "ArchiveBytes", "DurationSeconds", "QueueWaitSeconds", "CostMicrodollars"),
    }
    assembly, _ = await synthesised()
    template = json.loads((assembly / f"{STACK}.template.json").read_text())
    asked = set()
    for entry in template["Resources"].values():
        if entry["Type"] == "AWS::CloudWatch::Alarm":
            asked |= _of_alarm(entry["Properties"])
        if entry["Type"] == "AWS::CloudWatch::Dashboard":
            asked |= set(re.findall(r'"LLMReady","(\w+)"', json.dumps(entry).replace("\\", "")))
    assert len(asked) > 5
    # Scans are off here, and every task starts.
    assert asked - named["LLMReady"] <= {"ArchivesNotClean", "TasksFailedToStart"}


def _closed(path: str, _url: str) -> Answer:
    return Answer("User-agent: *\nDisallow: /\n") if path == "/robots.txt" else Answer("no", status=404)


def _of_alarm(properties: dict[str, Any]) -> set[str]:
    named = {properties["MetricName"]} if properties.get("Namespace") == "LLMReady" else set()
    for part in properties.get("Metrics", []):
        metric = part.get("MetricStat", {}).get("Metric", {})
        if metric.get("Namespace") == "LLMReady":
            named.add(metric["MetricName"])
    return named
