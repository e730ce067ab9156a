"""Scheduled runs in the whole system: the dispatcher starts them, and the worker compares what they find."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testkit.sites import Answer, page, serve
from testkit.system import Person, System, wait_for

pytestmark = pytest.mark.e2e


def run_now(system: System, person: Person, website: str) -> dict[str, Any]:
    """Make the next run of a website due, run the dispatcher, and return the generation when it has ended."""
    me = person.http.get("/auth/me").json()["id"]
    known = {run["id"] for run in history(person)}
    due_at = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    system.aws("dynamodb").update_item(
        TableName=system.endpoints["table"],
        Key={"pk": {"S": f"USER#{me}"}, "sk": {"S": f"SITE#{website}"}},
        UpdateExpression="SET due_at = :due",
        ConditionExpression="due_kind = :schedule",
        ExpressionAttributeValues={":due": {"S": due_at}, ":schedule": {"S": "schedule"}},
    )
    system.invoke("dispatcher")
    (run,) = wait_for(lambda: [run for run in history(person) if run["id"] not in known], within=90)
    return person.finished(run["id"])


def history(person: Person) -> list[dict[str, Any]]:
    return list(person.http.get("/generations/history").json()["items"])


def test_scheduled_runs_cost_quota_only_after_changes_and_report_them(
    system: System, site_ports: list[int]
) -> None:
    texts = {"/": "Welcome. " * 30, "/a": "About apples. " * 30, "/b": "About bears. " * 30}

    def answer(path: str, _: str) -> Answer:
        if path not in texts:
            return Answer("", status=404)
        return Answer(page(f"Title of {path}", texts[path], ("/a", "/b") if path == "/" else ()))

    with serve(answer, port=site_ports[11]) as site:
        person = system.confirm(system.user("standard"))
        website = person.website(site.url, schedule="daily")
        first = person.finished(person.start(website))
        unchanged = run_now(system, person, website)
        assert (unchanged["trigger"], unchanged["status"]) == ("schedule", "completed"), (
            unchanged["error_code"],
            unchanged["error_message"],
        )
        assert (unchanged["changed"], unchanged["can_download"]) == (False, True)
        assert unchanged["sha256"] == first["sha256"]
        assert person.quota()["generations_used"] == 1
        files = person.http.get(f"/generations/{unchanged['id']}/files").json()["items"]
        assert "llms.txt" in {file["path"] for file in files}
        changes = person.http.get(f"/generations/{unchanged['id']}/changes").json()
        assert (changes["since"], changes["unchanged"], changes["changed"]) == (first["id"], 3, [])

        texts["/b"] = "About bees. " * 30
        changed = run_now(system, person, website)
        assert (changed["trigger"], changed["changed"]) == ("schedule", True)
        assert person.quota()["generations_used"] == 2
        mail = system.mail_to(person.email, "1 page changed.")
        assert "Title of /b" in mail or "changed:" in mail
        shown = person.http.get(f"/websites/{website}").json()
        assert shown["next_run_at"] > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
