"""Plan changes by operators: their immediate effects, data that a downgrade keeps, and audit records."""

import getpass
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from llmready import bootstrap
from llmready.cli import signing_keys
from llmready.cli.main import build_parser
from llmready.domain.clock import now
from llmready.domain.plans import Lane, QueueName
from testkit.emulator import REGION, Place
from tests.functions.member import Member, member

Admin = Callable[..., str]


@pytest.fixture
def admin(
    place: Place,
    calls: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., str]:
    """Run a command of ``llmready admin`` with these resources and return its output."""
    assert calls == []
    # There is no stack that names the secret.
    monkeypatch.setattr(signing_keys, "fingerprints", lambda _: bootstrap.services().fingerprints)
    queues: dict[str, str] = {lane.value: url for lane, url in place.queue_urls.items()}
    queues["generation_dead_letters"] = place.dead_letters_url
    queues["webhook"] = place.webhook_queue_url
    endpoints = {
        "api": "http://localhost:1/api/v1",
        "aws": place.emulator.endpoint,
        "region": REGION,
        "stack": "none",
        "table": place.name,
        "queues": queues,
    }
    (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))

    def run(*arguments: str) -> str:
        capsys.readouterr()
        options = build_parser().parse_args(["admin", *arguments, "--data", str(tmp_path)])
        assert options.run(options) == 0
        return capsys.readouterr().out

    return run


def with_websites(place: Place, plan: str, number: int, **fields: Any) -> tuple[Member, list[str]]:
    """Return a user with websites, oldest first."""
    person = member(place, plan)
    ids = []
    for n in range(number):
        status, website = person.ask("POST", "/websites", {"url": f"site{n}.example.com", **fields})
        assert status == 201, website
        ids.append(website["id"])
    return person, ids


def refused(answer: tuple[int, Any], status: int, code: str, *words: str) -> None:
    assert (answer[0], answer[1]["code"]) == (status, code), answer
    said = json.dumps(answer[1])
    assert all(word in said for word in words), answer


def test_larger_plan_applies_at_once(place: Place, admin: Admin) -> None:
    ada, (first,) = with_websites(place, "free", 1)
    refused(ada.ask("POST", "/websites", {"url": "more.example.com"}), 403, "plan_limit", "allows 1 website;")
    refused(
        ada.ask("PATCH", f"/websites/{first}", {"max_pages": 101}),
        422,
        "validation_error",
        "at most 100 pages",
    )
    admin("set-plan", ada.user.email, "standard")
    assert ada.ask("GET", "/auth/me")[1]["plan"]["name"] == "standard"
    second = ada.ask("POST", "/websites", {"url": "more.example.com"})[1]["id"]
    assert ada.ask("PATCH", f"/websites/{first}", {"max_pages": 500})[1]["max_pages"] == 500
    refused(
        ada.ask("PATCH", f"/websites/{first}", {"max_pages": 501}),
        422,
        "validation_error",
        "at most 500 pages",
    )
    for website in (first, second):  # one a month was the free plan's
        assert ada.ask("POST", "/generations/start", {"website_id": website})[0] == 202
    quota = ada.ask("GET", "/generations/quota/check")[1]
    assert (quota["generations_limit"], quota["remaining_generations"]) == (10, 8)
    assert place.waiting(place.queue_urls[Lane.PRIORITY])[0] == 2
    assert place.waiting(place.queue_urls[Lane.STANDARD])[0] == 0


def test_downgrade_deletes_nothing_and_limits_new_starts(place: Place, admin: Admin) -> None:
    ada, (first, second, third) = with_websites(place, "standard", 3, max_pages=400)
    assert ada.ask("POST", "/generations/start", {"website_id": third})[0] == 202
    admin("set-plan", ada.user.email, "starter")
    kept = ada.ask("GET", "/websites")[1]
    assert {(item["id"], item["max_pages"]) for item in kept["items"]} == {
        (first, 400),
        (second, 400),
        (third, 400),
    }
    assert ada.ask("GET", "/generations/history")[1]["total"] == 1
    refused(ada.ask("POST", "/websites", {"url": "new.example.com"}), 403, "plan_limit", "allows 2 websites;")
    refused(
        ada.ask("POST", "/generations/start", {"website_id": third}),
        403,
        "plan_limit",
        "of your 2 oldest websites",
    )
    refused(
        ada.ask("PATCH", f"/websites/{first}", {"max_pages": 300}),
        422,
        "validation_error",
        "at most 200 pages",
    )
    # Stored settings stay and can be edited, but new generations follow the new plan.
    status, website = ada.ask("PATCH", f"/websites/{first}", {"name": "Renamed"})
    assert (status, website["name"], website["max_pages"]) == (200, "Renamed", 400)
    for site in (first, second):
        status, started = ada.ask("POST", "/generations/start", {"website_id": site})
        assert status == 202, started
        generation = place.generations.get(ada.user.id, started["generation_id"])
        assert generation is not None
        assert (generation.settings.max_pages, generation.queue) == (200, QueueName.STANDARD)
    assert ada.ask("GET", "/generations/quota/check")[1]["remaining_generations"] == 0
    admin("set-plan", ada.user.email, "free")  # three are used of one
    quota = ada.ask("GET", "/generations/quota/check")[1]
    assert (quota["remaining_generations"], quota["can_generate"]) == (0, False)
    assert ada.ask("GET", "/websites")[1]["total"] == 3
    assert ada.ask("GET", "/generations/history")[1]["total"] == 3


def test_plan_changes_are_recorded(place: Place, admin: Admin) -> None:
    ada = member(place, "free")
    before = now() - timedelta(seconds=1)
    answer = json.loads(admin("set-plan", ada.user.email, "pro", "--json"))
    assert (answer["plan"], answer["websites"]) == ("pro", "0 of 999")
    admin("set-plan", ada.user.email, "pro")  # changes nothing, so no record is written
    admin("set-plan", ada.user.email, "free")
    shown = json.loads(admin("user", ada.user.email, "--json"))
    told = [(record["event"], record["before"], record["after"], record["by"]) for record in shown["audit"]]
    who = getpass.getuser()
    assert told == [("plan_changed", "pro", "free", who), ("plan_changed", "free", "pro", who)]
    assert all(before <= datetime.fromisoformat(record["at"]) <= now() for record in shown["audit"])
    table = admin("user", ada.user.email)
    assert max(len(line) for line in table.splitlines()) <= 80
    for words in (ada.user.email, "plan changed: free → pro", "plan changed: pro → free", who):
        assert words in table
    assert "{" not in table


def test_requeued_generations_are_recorded(place: Place, admin: Admin) -> None:
    ada, (site,) = with_websites(place, "free", 1)
    generation = ada.ask("POST", "/generations/start", {"website_id": site})[1]["generation_id"]
    assert json.loads(admin("requeue", generation, "--json")) == {
        "generation_id": generation,
        "queue": "standard",
    }
    assert place.waiting(place.queue_urls[Lane.STANDARD])[0] == 2
    (job,) = json.loads(admin("jobs", "--json"))
    assert (job["state"], job["generation_id"], job["user"]) == ("waiting", generation, ada.user.email)
    table = admin("jobs")
    assert generation in table
    assert "waiting" in table
    (record,) = json.loads(admin("user", ada.user.email, "--json"))["audit"]
    assert (record["event"], record["after"], record["by"]) == (
        "generation_requeued",
        generation,
        getpass.getuser(),
    )
    shown = admin("user", ada.user.email)
    assert "generation requeued:" in shown
    assert generation in shown


def test_pauses_and_blocked_hosts_are_recorded(place: Place, admin: Admin) -> None:
    ada, (site,) = with_websites(place, "free", 1)
    admin("pause")
    admin("pause")  # is already paused, so no record is written
    refused(ada.ask("POST", "/generations/start", {"website_id": site}), 503, "paused")
    admin("resume")
    admin("block-host", "example.com")
    refused(ada.ask("POST", "/generations/start", {"website_id": site}), 403, "host_blocked")
    shown = json.loads(admin("unblock-host", "example.com", "--json"))
    assert (shown["paused"], shown["blocked_hosts"]) == (False, [])
    assert [(record["event"], record["after"]) for record in shown["audit"]] == [
        ("host_unblocked", "example.com"),
        ("host_blocked", "example.com"),
        ("starts_resumed", None),
        ("starts_paused", None),
    ]
    assert {record["by"] for record in shown["audit"]} == {getpass.getuser()}
    table = admin("controls")
    assert "host blocked: example.com" in table
    assert getpass.getuser() in table
