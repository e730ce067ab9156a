"""Operator commands, and the functions that run by schedule."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testkit.sites import Site
from testkit.system import PASSWORD, Person, System, wait_for
from tests.e2e.test_access import assert_problem

pytestmark = pytest.mark.e2e


def test_expired_files_are_deleted(system: System, person: Person, small_site: Site) -> None:
    generation = person.start(person.website(small_site.url))
    done = person.finished(generation)
    url = person.http.get(f"/generations/{generation}/download").headers["Location"]
    system.invoke("cleanup")
    assert httpx.get(url).status_code == 200
    past = _ago(minutes=1)
    table = system.aws("dynamodb")
    me = person.http.get("/auth/me").json()["id"]
    table.update_item(
        TableName=system.endpoints["table"],
        Key={"pk": {"S": f"USER#{me}"}, "sk": {"S": f"GEN#{generation}"}},
        UpdateExpression="SET expires_at = :past, due_at = :past",
        ExpressionAttributeValues={":past": {"S": past}},
    )
    # Expired at once, whenever the cleanup comes.
    assert_problem(person.http.get(f"/generations/{generation}/download"), 410, "files_expired")
    assert [system.invoke("cleanup")["expired"] for _ in range(2)] == [1, 0]
    assert httpx.get(url).status_code == 404
    assert_problem(person.http.get(f"/generations/{generation}/download"), 410, "files_expired")
    found = person.generation(generation)
    assert (found["status"], found["can_download"], found["expires_at"]) == ("completed", False, past)
    assert found["sha256"] == done["sha256"]


def test_quota_resets_each_month(system: System, person: Person, small_site: Site) -> None:
    website = person.website(small_site.url)
    person.finished(person.start(website))
    assert person.quota()["remaining_generations"] == 0
    wish = {"mail_preferences": {"quota_reset": True}}
    me = person.http.patch("/auth/me", json=wish).json()["id"]
    _age_ledger(system, me)
    assert person.quota()["remaining_generations"] == 1
    settled = system.invoke("quota_reset")
    assert settled["closed"] >= 1
    assert [item for item in _items(system, me) if item.get("kind") == {"S": "quota_reset"}]
    assert system.invoke("quota_reset") == {"closed": 0, "still_running": 0, "all_seen": True}
    assert person.finished(person.start(website))["status"] == "completed"


def test_a_lost_generation_is_failed_and_refunded(system: System, person: Person, small_site: Site) -> None:
    """The worker of this generation has disappeared, its time is over, and its message is lost."""
    website = person.website(small_site.url)
    generation = person.start(website)
    person.finished(generation)
    me = person.http.get("/auth/me").json()["id"]
    _vanish(system, me, website, generation)
    assert person.generation(generation)["status"] == "processing"
    system.invoke("dispatcher")
    found = person.finished(generation, within=90)
    assert (found["status"], found["error_code"]) == ("failed", "timeout")
    assert person.quota()["generations_used"] == 0
    assert person.http.post("/generations/start", json={"website_id": website}).status_code == 202


def test_interrupted_deletion_is_continued(system: System, small_site: Site, slow_site: Site) -> None:
    person = system.user("pro")
    person.finished(person.start(person.website(small_site.url)))
    me = person.http.get("/auth/me").json()["id"]
    running = person.start(person.website(slow_site.url))
    wait_for(lambda: person.generation(running)["pages_crawled"] > 0)
    assert _keys(system, me)
    # The account is marked as deleted, and the deletion stopped there.
    system.aws("dynamodb").update_item(
        TableName=system.endpoints["table"],
        Key={"pk": {"S": f"USER#{me}"}, "sk": {"S": "PROFILE"}},
        UpdateExpression="SET deleted_at = :past, due_kind = :kind, due_at = :past REMOVE email, password_hash",
        ExpressionAttributeValues={":past": {"S": _ago(hours=1)}, ":kind": {"S": "deletion"}},
    )
    assert system.invoke("cleanup")["deleted"] >= 1
    assert _items(system, me) == []
    assert _keys(system, me) == []
    assert person.http.get("/auth/me").status_code == 401
    # The crawl ends with the account, and stores nothing any more.
    wait_for(lambda: not [job for job in _jobs(system) if job["generation_id"] == running])
    assert _keys(system, me) == []


def test_a_deleted_account_has_no_files(system: System, small_site: Site) -> None:
    person = system.user()
    person.finished(person.start(person.website(small_site.url)))
    me = person.http.get("/auth/me").json()["id"]
    assert _keys(system, me)
    assert person.delete_account().status_code == 200
    assert _keys(system, me) == []


def test_files_of_a_deleted_website_are_searched_again(system: System, small_site: Site) -> None:
    """The index of generations may lag; here, the website's counter exceeds its number of generations."""
    person = system.user()
    website = person.website(small_site.url)
    person.finished(person.start(website))
    me = person.http.get("/auth/me").json()["id"]
    table, name = system.aws("dynamodb"), system.endpoints["table"]

    def change(sort_key: str, expression: str, **values: dict[str, str]) -> None:
        table.update_item(
            TableName=name,
            Key={"pk": {"S": f"USER#{me}"}, "sk": {"S": sort_key}},
            UpdateExpression=expression,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    change(f"SITE#{website}", "ADD listed_completed :one", one={"N": "1"})
    assert person.http.delete(f"/websites/{website}").status_code == 200
    left = [item["sk"]["S"] for item in _items(system, me) if item["sk"]["S"].startswith("PURGE#")]
    assert left == [f"PURGE#{website}"]
    assert _keys(system, me) == []
    change(left[0], "SET due_at = :past", past={"S": _ago(minutes=11)})
    assert system.invoke("cleanup")["purged"] >= 1
    assert not [item for item in _items(system, me) if item["sk"]["S"].startswith("PURGE#")]


def test_operators_see_users_and_jobs(system: System, slow_site: Site) -> None:
    person = system.user()
    shown = system.admin("user", person.email)
    assert shown.returncode == 0
    assert person.email in shown.stdout
    assert json.loads(system.admin("user", person.email, "--json").stdout)["plan"] == "free"
    assert system.admin("set-plan", person.email, "standard").returncode == 0
    assert person.http.get("/auth/me").json()["plan"]["name"] == "standard"
    generation = person.start(person.website(slow_site.url, max_pages=30))
    jobs = wait_for(
        lambda: [
            job for job in _jobs(system) if job["generation_id"] == generation and job["state"] == "running"
        ]
    )
    assert jobs[0]["user"] == person.email
    assert person.finished(generation)["status"] == "completed"


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "nobody@example.org"),
        ("set-plan", "nobody@example.org", "pro"),
        ("set-plan", "nobody@example.org", "gold"),
        ("requeue", "nothing"),
        ("jobs", "--port", "1"),
    ],
)
def test_operator_errors_are_one_sentence(system: System, arguments: tuple[str, ...]) -> None:
    done = system.admin(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("llmready: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_downgrade_keeps_the_oldest_websites(system: System, small_site: Site, slow_site: Site) -> None:
    person = system.user("starter")
    old, new = person.website(small_site.url), person.website(slow_site.url)
    assert system.admin("set-plan", person.email, "free").returncode == 0
    refused = person.http.post("/generations/start", json={"website_id": new})
    assert_problem(refused, 403, "plan_limit")
    assert person.finished(person.start(old))["status"] == "completed"


def test_emulator_can_be_inspected(system: System, person: Person, small_site: Site) -> None:
    generation = person.start(person.website(small_site.url))
    person.finished(generation)
    endpoints = system.endpoints
    assert endpoints.keys() == {"api", "aws", "region", "account", "stack", "table", "bucket", "queues"}
    keys = [
        entry["Key"] for entry in system.aws("s3").list_objects_v2(Bucket=endpoints["bucket"])["Contents"]
    ]
    assert sum(generation in key and key.endswith(".zip") for key in keys) == 1
    resources = system.aws("cloudformation").list_stack_resources(StackName=endpoints["stack"])
    kinds = {entry["ResourceType"] for entry in resources["StackResourceSummaries"]}
    assert {"AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket"} <= kinds
    queue = system.aws("sqs").get_queue_attributes(
        QueueUrl=endpoints["queues"]["standard"], AttributeNames=["All"]
    )["Attributes"]
    assert "RedrivePolicy" in queue


def _ago(**time: float) -> str:
    """Return a time in the past in the format of the table."""
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _jobs(system: System) -> list[dict[str, Any]]:
    return list(json.loads(system.admin("jobs", "--json").stdout))


def _items(system: System, user_id: str) -> list[dict[str, Any]]:
    """Return the items of a user in the table."""
    found = system.aws("dynamodb").query(
        TableName=system.endpoints["table"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"USER#{user_id}"}},
        ConsistentRead=True,
    )
    return list(found["Items"])


def _keys(system: System, user_id: str) -> list[str]:
    """Return the keys of a user's files, without checkpoints, which the bucket's lifecycle rule deletes."""
    bucket, prefix = system.endpoints["bucket"], f"generations/{user_id}/"
    found = system.aws("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Contents", [])]


def _age_ledger(system: System, user_id: str) -> None:
    """Turn a user's ledger of this month into one of the last month."""
    client, table = system.aws("dynamodb"), system.endpoints["table"]
    now = datetime.now(UTC)
    this, last = now.strftime("%Y-%m"), (now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    key = _ledger_key(system, user_id, this)
    item = client.get_item(TableName=table, Key=key)["Item"]
    client.delete_item(TableName=table, Key=key)
    item |= {
        "sk": {"S": f"QUOTA#{last}"},
        "month": {"S": last},
        "due_kind": {"S": f"quota#{last}"},
    }
    client.put_item(TableName=table, Item=item)


def _ledger_key(system: System, user_id: str, month: str) -> dict[str, Any]:
    """Return the key of the ledger that a user generated with last."""
    pages = system.aws("dynamodb").get_paginator("scan").paginate(TableName=system.endpoints["table"])
    (key,) = (
        {"pk": item["pk"], "sk": item["sk"]}
        for page in pages
        for item in page["Items"]
        if item["sk"]["S"] == f"QUOTA#{month}" and item.get("user_id", {}).get("S") == user_id
    )
    return key


def _vanish(system: System, user_id: str, website: str, generation: str) -> None:
    """Change the stored generation as if its worker had crashed over an hour ago."""
    client, table = system.aws("dynamodb"), system.endpoints["table"]
    partition = {"S": f"USER#{user_id}"}
    key = {"pk": partition, "sk": {"S": f"GEN#{generation}"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    for name in ("archive", "completed_at", "expires_at"):
        del item[name]
    item |= {
        "status": {"S": "processing"},
        "user_status": {"S": f"{user_id}#processing"},
        "started_at": {"S": "2026-01-01T00:00:00.000Z"},
        "lease_expires_at": {"S": "2026-01-01T00:01:30.000Z"},
        "due_kind": {"S": "active"},
        "due_at": item["created_at"],
    }
    client.put_item(TableName=table, Item=item)
    month = datetime.now(UTC).strftime("%Y-%m")
    for changed, change in (
        (_ledger_key(system, user_id, month), "ADD reserved :one, used :minus"),
        (
            {"pk": partition, "sk": {"S": "PROFILE"}},
            "ADD running_count :one, listed_completed :minus, completed_count :minus",
        ),
        (
            {"pk": partition, "sk": {"S": f"SITE#{website}"}},
            "SET active_generation_id = :id ADD listed_completed :minus, completed_count :minus",
        ),
    ):
        values = {":one": {"N": "1"}, ":minus": {"N": "-1"}, ":id": {"S": generation}}
        client.update_item(
            TableName=table,
            Key=changed,
            UpdateExpression=change,
            ExpressionAttributeValues={name: value for name, value in values.items() if name in change},
        )


@pytest.mark.parametrize(("address", "reason"), [("bounce", "bounced"), ("complaint", "complained")])
def test_an_address_that_bounced_or_complained_gets_no_more_mail(
    system: System, address: str, reason: str
) -> None:
    """SES's mailbox simulator reports a bounce of, or a complaint about, the welcome mail of a new account."""
    email = f"{address}+{uuid4().hex[:12]}@simulator.amazonses.com"
    body = {"email": email, "password": PASSWORD}
    assert httpx.post(f"{system.url}/auth/register", json=body).status_code == 201

    def mails() -> list[str]:
        return [mail for mail in system.mails() if email in mail]

    def shown(command: str) -> str:
        return str(json.loads(system.admin(command, email, "--json").stdout)["mails"])

    assert len(wait_for(mails)) == 1
    wait_for(lambda: shown("user") == f"none: {reason}")
    assert httpx.post(f"{system.url}/auth/forgot-password", json={"email": email}).status_code == 200
    me = json.loads(system.admin("user", email, "--json").stdout)["id"]
    wait_for(lambda: _given_up(system, me) == 1)
    assert len(mails()) == 1

    assert shown("allow-mails") == "sent"
    assert httpx.post(f"{system.url}/auth/forgot-password", json={"email": email}).status_code == 200
    wait_for(lambda: len(mails()) == 2)
    wait_for(lambda: shown("user") == f"none: {reason}")


def _given_up(system: System, user_id: str) -> int:
    """Count the mails of a user that will not be sent."""
    items = system.aws("dynamodb").query(
        TableName=system.endpoints["table"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :mail)",
        ExpressionAttributeValues={":pk": {"S": f"USER#{user_id}"}, ":mail": {"S": "MAIL#"}},
    )["Items"]
    return sum("gave_up_at" in item for item in items)


def test_operators_suspend_resume_and_cancel(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    generation = person.start(person.website(slow_site.url))
    assert system.admin("cancel", generation).returncode == 0
    assert person.finished(generation)["error_code"] == "cancelled_by_operator"
    listed = json.loads(system.admin("users", "--json", "--most", "1000").stdout)
    assert person.email in {row["email"] for row in listed}

    running = person.start(person.website(f"{slow_site.url}other/"))
    suspended = system.admin("suspend", person.email)
    assert suspended.returncode == 0, suspended.stderr
    assert_problem(person.http.get("/websites"), 403, "account_suspended")
    chosen = json.loads(system.admin("users", "--suspended", "--json").stdout)
    assert [row["email"] for row in chosen] == [person.email]
    assert system.admin("resume", person.email).returncode == 0
    assert person.finished(running)["error_code"] == "account_suspended"
    told = json.loads(system.admin("user", person.email, "--json").stdout)["audit"]
    assert [record["event"] for record in told][:3] == [
        "account_resumed",
        "account_suspended",
        "generation_cancelled",
    ]


def test_a_port_finds_the_local_system_from_any_folder(system: System, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "llmready.cli.main", "admin", "users", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "PORT"}
    for arguments, more in ((["--port", str(system.port)], {}), ([], {"PORT": str(system.port)})):
        done = subprocess.run(
            [*command, *arguments],
            cwd=tmp_path,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
