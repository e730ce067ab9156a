"""`llmready admin doctor` finds the problems that the tests create."""

import json

import pytest

from testkit.system import System

pytestmark = pytest.mark.e2e

FINE, WRONG = "fine", "wrong"


def findings(system: System) -> tuple[int, dict[str, list[str]]]:
    done = system.admin("doctor", "--json")
    assert not done.stderr
    found: dict[str, list[str]] = {FINE: [], WRONG: [], "not checked": []}
    for finding in json.loads(done.stdout):
        found[finding["verdict"]].append(finding["what"])
    return done.returncode, found


def test_doctor_reports_problems_with_their_fix(system: System) -> None:
    code, before = findings(system)
    assert code == 1  # nobody has subscribed to the alarms of a local system
    assert any(what.startswith("Nobody gets the alarms") for what in before[WRONG])
    for sentence in (
        "Generations may start.",
        "The dead-letter queues are empty.",
        "The signing key is 0 days old.",
        "The table can be restored to any second of the last 35 days.",
    ):
        assert sentence in before[FINE]

    sns, cloudwatch = system.aws("sns"), system.aws("cloudwatch")
    (topic,) = [entry["TopicArn"] for entry in sns.list_topics()["Topics"]]
    subscribed = sns.subscribe(
        TopicArn=topic, Protocol="email", Endpoint="ops@example.com", ReturnSubscriptionArn=True
    )
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    state = {"AlarmName": alarm["AlarmName"], "StateReason": "tried"}
    cloudwatch.set_alarm_state(StateValue="ALARM", **state)
    assert system.admin("pause").returncode == 0
    try:
        code, after = findings(system)
    finally:
        system.admin("resume")
        cloudwatch.set_alarm_state(StateValue="OK", **state)
        sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    assert code == 1
    assert "Generations are paused; `llmready admin resume` lets them start again." in after[WRONG]
    assert any("An alarm is active." in what and "docs/operations.md#" in what for what in after[WRONG])
    assert not any(what.startswith("Nobody gets the alarms") for what in after[WRONG])


def test_a_table_for_a_person(system: System) -> None:
    done = system.admin("doctor")
    assert "fine" in done.stdout
    assert "Traceback" not in done.stderr
