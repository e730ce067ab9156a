"""The fields ``schedule`` and ``next_run_at`` of websites."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.plans import Schedule
from llmready.domain.schedules import next_run
from testkit.emulator import Place
from tests.functions.member import Member, member

pytestmark = pytest.mark.usefixtures("calls")


def added(person: Member, **fields: Any) -> dict[str, Any]:
    status, website = person.ask("POST", "/websites", {"url": "example.com", **fields})
    assert status == 201, website
    return dict(website)


def in_days(website: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(website["next_run_at"]) - now()


def test_a_new_website_has_no_schedule(place: Place) -> None:
    website = added(member(place))
    assert (website["schedule"], website["next_run_at"]) == ("off", None)


@pytest.mark.parametrize(("schedule", "days"), [("daily", 1), ("weekly", 7), ("monthly", 31)])
def test_the_next_run_follows_from_the_schedule(place: Place, schedule: str, days: int) -> None:
    person = member(place, "standard")
    website = added(person, schedule=schedule)
    assert website["schedule"] == schedule
    assert timedelta() < in_days(website) <= timedelta(days=days)
    path = f"/websites/{website['id']}"
    assert person.ask("GET", path)[1]["next_run_at"] == website["next_run_at"]
    assert person.ask("GET", "/websites")[1]["items"] == [website]
    assert person.ask("PATCH", path, {"name": "Docs"})[1]["next_run_at"] == website["next_run_at"]
    replaced = person.ask("PUT", path, {"url": "example.com"})[1]
    assert (replaced["schedule"], replaced["next_run_at"]) == ("off", None)


@pytest.mark.parametrize(("plan", "schedule"), [("free", "weekly"), ("free", "daily"), ("starter", "daily")])
def test_a_schedule_above_the_plan_is_refused_everywhere(place: Place, plan: str, schedule: str) -> None:
    person = member(place, plan)
    website = added(person, schedule="monthly")
    path = f"/websites/{website['id']}"
    more = {"url": "more.example.com", "schedule": schedule}
    for answer in (
        person.ask("POST", "/websites", more),
        person.ask("PUT", path, {"url": "example.com", "schedule": schedule}),
        person.ask("PATCH", path, {"schedule": schedule}),
    ):
        assert (answer[0], answer[1]["code"]) == (403, "plan_limit"), answer
        assert schedule in answer[1]["detail"]
    for body in ({"create": [more]}, {"update": [{"id": website["id"], "schedule": schedule}]}):
        (result,) = person.ask("POST", "/websites/bulk", body)[1]["results"]
        assert (result["status"], result["error"]["code"]) == (403, "plan_limit")
    assert person.ask("GET", path)[1]["schedule"] == "monthly"


@pytest.mark.parametrize("value", ["hourly", "", None, 1, "Daily"])
def test_a_schedule_of_another_name_is_refused(place: Place, value: object) -> None:
    person = member(place, "standard")
    website = added(person)
    for answer in (
        person.ask("POST", "/websites", {"url": "more.example.com", "schedule": value}),
        person.ask("PATCH", f"/websites/{website['id']}", {"schedule": value}),
    ):
        assert (answer[0], answer[1]["code"]) == (422, "validation_error")


def test_bulk_requests_set_and_show_schedules(place: Place) -> None:
    person = member(place, "standard")
    created = person.ask(
        "POST", "/websites/bulk", {"create": [{"url": "a.example.com", "schedule": "daily"}]}
    )[1]["results"][0]["website"]
    assert created["schedule"] == "daily"
    assert created["next_run_at"] is not None
    change = {"update": [{"id": created["id"], "schedule": "off"}]}
    updated = person.ask("POST", "/websites/bulk", change)[1]["results"][0]["website"]
    assert (updated["schedule"], updated["next_run_at"]) == ("off", None)


def test_inactive_website_has_no_next_run(place: Place) -> None:
    person = member(place, "standard")
    website = added(person, schedule="daily", is_active=False)
    assert (website["schedule"], website["next_run_at"]) == ("daily", None)
    active = person.ask("PATCH", f"/websites/{website['id']}", {"is_active": True})[1]
    assert in_days(active) <= timedelta(days=1)


def test_paused_service_has_no_next_run(place: Place) -> None:
    person = member(place, "standard")
    website = added(person, schedule="daily")
    controls = bootstrap.services().controls
    controls.change(lambda old: old.with_pause(paused=True))
    paused = person.ask("GET", f"/websites/{website['id']}")[1]
    assert (paused["schedule"], paused["next_run_at"]) == ("daily", None)
    assert person.ask("GET", "/websites")[1]["items"][0]["next_run_at"] is None
    controls.change(lambda old: old.with_pause(paused=False))
    assert person.ask("GET", f"/websites/{website['id']}")[1] == website


def test_after_a_downgrade_the_value_stays_and_the_plans_interval_holds(place: Place) -> None:
    person = member(place, "standard")
    website = added(person, schedule="daily")
    path = f"/websites/{website['id']}"
    downgraded = bootstrap.services().users.set_plan(person.user, "free", now(), by="ops")
    shown = person.ask("GET", path)[1]
    assert shown["schedule"] == "daily"
    assert datetime.fromisoformat(shown["next_run_at"]) == next_run(Schedule.MONTHLY, website["id"], now())
    # Other fields can be changed although the stored value is above the plan.
    assert person.ask("PATCH", path, {"name": "Docs", "schedule": "daily"})[0] == 200
    bootstrap.services().users.set_plan(downgraded, "pro", now(), by="ops")
    again = person.ask("GET", path)[1]
    assert again["next_run_at"] == website["next_run_at"]


def test_the_list_reads_the_controls_once(place: Place, calls: list[str]) -> None:
    person = member(place, "pro")
    for number in range(5):
        added(person, url=f"site{number}.example.com", schedule="daily")
    calls.clear()
    assert len(person.ask("GET", "/websites")[1]["items"]) == 5
    assert len(calls) <= 4, calls
