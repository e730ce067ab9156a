"""Export and deletion of an account: all its data and running generations, and the data that remains."""

from datetime import timedelta

import pytest

from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.errors import LeaseLost
from llmready.domain.generation import Progress, Status
from testkit.people import claimed, new_user, started, with_website
from testkit.service import NEW, PASSWORD, Member, Service, use


def with_generations(service: Service, member: Member, count: int) -> None:
    """Give a member a completed generation with a file for each of ``count`` websites."""
    place = service.place
    user = place.users.get(member.id)
    assert user is not None
    user = place.users.set_plan(user, "pro", now(), by="test")
    for _ in range(count):
        generation = claimed(place, started(place, user, with_website(place, user)))
        key = f"generations/{user.id}/{generation.id}/1.zip"
        place.s3.put_object(Bucket=place.name, Key=key, Body=b"zip")
        archive = Archive(key=key, file_size=3, total_files=1, sha256="0" * 64, content_bytes=3)
        done = generation.completed(time=now(), archive=archive, progress=Progress(pages_crawled=1))
        place.generations.finish(done, None, was=Status.PROCESSING)


def of(service: Service, member: Member) -> list[str]:
    """Return the sort keys of a member's items in the table."""
    return sorted(item["sk"]["S"] for item in service.items() if item["pk"]["S"] == f"USER#{member.id}")


def test_deletion_removes_all_data_and_revokes_tokens(service: Service) -> None:
    ada, ben = service.person("ada.goes@example.org"), service.person("ben.stays@example.org")
    for member in (ada, ben):
        with_generations(service, member, 3)
    kept = of(service, ben)
    answer = ada.ask("DELETE", "/auth/me", {"password": PASSWORD})
    assert (answer.status, list(answer.json)) == (200, ["message"])
    for method, path, body in (
        ("GET", "/auth/me", None),
        ("PATCH", "/auth/me", {"full_name": "x"}),
        ("DELETE", "/auth/me", {"password": PASSWORD}),
        ("GET", "/auth/me/export", None),
        ("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": NEW}),
        ("GET", "/websites", None),
        ("POST", "/websites", {"url": "https://www.python.org"}),
        ("GET", "/websites/stats/user", None),
        ("GET", "/generations/history", None),
        ("GET", "/generations/quota/check", None),
        ("POST", "/generations/start", {"website_id": ada.id}),
    ):
        found = ada.ask(method, path, body)
        assert (found.status, found.json["code"]) == (401, "invalid_token"), (method, path)
    assert ada.refresh().status == 401
    assert service.login(ada.address).status == 401
    assert of(service, ada) == ["PROFILE"]
    assert not [key for key in service.place.stored_keys() if ada.id in key]
    assert of(service, ben) == kept
    assert len([key for key in service.place.stored_keys() if ben.id in key]) == 3
    stored = str(service.items())
    assert ada.address not in stored
    assert service.person(ada.address).ask("GET", "/websites").json["total"] == 0


def test_checkpoints_are_deleted_with_the_account(service: Service) -> None:
    ada, ben, place = (
        service.person("ada.cp@example.org"),
        service.person("ben.cp@example.org"),
        service.place,
    )
    for member in (ada, ben):
        place.s3.put_object(Bucket=place.name, Key=f"checkpoints/{member.id}/generation/1", Body=b"pages")
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert place.stored_keys() == [f"checkpoints/{ben.id}/generation/1"]


def test_deletion_cancels_generations_and_stops_their_writes(service: Service) -> None:
    ada, place = service.person("ada.runs@example.org"), service.place
    user = place.users.get(ada.id)
    assert user is not None
    running = claimed(place, started(place, user, with_website(place, user)))
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    with pytest.raises(LeaseLost):
        place.generations.heartbeat(running, lease_expires_at=now(), progress=Progress(pages_crawled=1))
    archive = Archive(key="x", file_size=3, total_files=1, sha256="0" * 64, content_bytes=3)
    with pytest.raises(LeaseLost):
        place.generations.finish(
            running.completed(time=now(), archive=archive, progress=Progress()), None, was=Status.PROCESSING
        )
    assert list(place.generations.active()) == []
    assert of(service, ada) == ["PROFILE"]


def test_late_file_of_a_worker_is_deleted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, place = service.person("ada.late.file@example.org"), service.place
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    place.s3.put_object(Bucket=place.name, Key=f"generations/{ada.id}/late/1.zip", Body=b"zip")
    assert service.clean_up({"only": "deletions"}) == {"deleted": 0}
    later = now() + timedelta(hours=1)
    use(monkeypatch, clock=lambda: later)
    assert service.clean_up({"only": "deletions"}) == {"deleted": 1}
    assert place.stored_keys() == []
    assert of(service, ada) == []
    assert service.clean_up({"only": "deletions"}) == {"deleted": 0}


def test_interrupted_account_deletion_is_continued(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, place = service.person("ada.interrupted@example.org"), service.place
    with_generations(service, ada, 2)
    user = place.users.get(ada.id)
    assert user is not None
    started(place, user, with_website(place, user))
    monkeypatch.setattr("functions.auth.handler._DELETE_AT_ONCE", timedelta())
    answer = ada.ask("DELETE", "/auth/me", {"password": PASSWORD})
    assert (answer.status, "are being removed" in answer.body) == (200, True)
    assert len(of(service, ada)) > 5
    assert service.login(ada.address).status == 401
    assert ada.ask("GET", "/auth/me").status == 401
    assert service.clean_up({"only": "deletions"}) == {"deleted": 1}
    assert of(service, ada) == ["PROFILE"]
    assert place.stored_keys() == []


def test_a_very_large_account_is_deleted_in_parts(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, place = service.person("ada.large@example.org"), service.place
    for number in range(40):
        place.dynamodb.batch_write_item(
            RequestItems={
                place.name: [
                    {
                        "PutRequest": {
                            "Item": {"pk": {"S": f"USER#{ada.id}"}, "sk": {"S": f"X#{number}#{part}"}}
                        }
                    }
                    for part in range(25)
                ]
            }
        )
    monkeypatch.setattr("functions.auth.handler._DELETE_AT_ONCE", timedelta(milliseconds=30))
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    rounds = 0
    while len(of(service, ada)) > 1:
        rounds += 1
        assert rounds < 10
        service.clean_up({"only": "deletions"})
    assert of(service, ada) == ["PROFILE"]


def test_nothing_can_be_added_to_an_account_that_is_being_deleted(service: Service) -> None:
    ada, place = service.person("ada.nothing.more@example.org"), service.place
    user = place.users.get(ada.id)
    assert user is not None
    website = with_website(place, user)
    place.users.mark_deleted(user, now())
    for adding in (lambda: started(place, user, website), lambda: with_website(place, user)):
        with pytest.raises(Exception, match="no such account"):
            adding()
    assert not place.users.create(new_user(id=user.id))


def test_remaining_items_contain_no_address(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = service.person("ada.audited@example.org")
    ada.ask("PATCH", "/auth/me", {"full_name": "Ada Lovelace"})
    ada.ask("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": NEW})
    ada.ask("DELETE", "/auth/me", {"password": NEW})
    later = now() + timedelta(hours=1)
    use(monkeypatch, clock=lambda: later)
    service.clean_up()
    left = service.items()
    assert sorted(item["event"]["S"] for item in left if "event" in item) == [
        "account_deleted",
        "password_changed",
    ]
    assert all("ttl" in item for item in left)
    text = str(left).lower()
    for secret in ("ada.audited", "lovelace", "argon2", PASSWORD, NEW):
        assert secret not in text


def test_export_contains_all_data_and_no_secret(service: Service) -> None:
    ada = service.person("ada.exports@example.org")
    with_generations(service, ada, 2)
    service.mails(ada.address)
    ada.ask("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": NEW})
    answer = ada.ask("GET", "/auth/me/export")
    assert answer.status == 200, answer.body
    assert "attachment" in answer.headers["Content-Disposition"]
    export = answer.json
    assert export["profile"]["email"] == ada.address
    assert export["profile"]["plan_name"] == "pro"
    assert len(export["websites"]) == len(export["generations"]) == 2
    assert export["generations"][0]["status"] == "completed"
    assert export["quotas"][0]["used"] == 2
    assert len(export["sign_ins"]) == 1
    assert {mail["kind"] for mail in export["mails"]} == {"verify_email", "password_changed"}
    assert {event["event"] for event in export["events"]} >= {"password_changed"}
    assert export["next_cursor"] is None
    for secret in ("argon2", "password_hash", "newest", "pk", ".zip"):
        assert secret not in answer.body


def test_large_export_is_split_into_parts(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmready.adapters.dynamodb.exports._AT_ONCE", 4)
    ada = service.person("ada.exports.much@example.org")
    with_generations(service, ada, 5)
    seen: dict[str, set[str]] = {"websites": set(), "generations": set()}
    cursor, parts = None, 0
    while parts == 0 or cursor:
        part = ada.ask("GET", "/auth/me/export" + (f"?cursor={cursor}" if cursor else "")).json
        for kind, ids in seen.items():
            ids |= {record["id"] for record in part[kind]}
        cursor, parts = part["next_cursor"], parts + 1
        assert parts < 30
    assert parts > 3
    assert [len(ids) for ids in seen.values()] == [5, 5]
    ben = service.person("ben.curious@example.org")
    first = ada.ask("GET", "/auth/me/export").json["next_cursor"]
    assert ben.ask("GET", f"/auth/me/export?cursor={first}").json["generations"] == []
    for forged in ("x", "%00", "%21%21%21%21", "a" * 201, "%C3%A4"):
        assert ben.ask("GET", f"/auth/me/export?cursor={forged}").status == 422
