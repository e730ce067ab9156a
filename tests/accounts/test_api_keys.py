"""API keys: the routes that they can call, and their expiry and deletion."""

import hashlib
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from infra.openapi import openapi
from llmready import bootstrap
from llmready.domain.api_keys import Scope, is_well_formed, new_secret
from llmready.domain.clock import now, timestamp
from testkit.people import with_website
from testkit.service import NEW, PASSWORD, Answer, Member, Service, use

NOBODY = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"
ALL = ["read", "generate", "websites", "webhooks"]
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def create(member: Member, **fields: Any) -> dict[str, Any]:
    answer = member.ask("POST", "/keys", {"name": "CI", **fields})
    assert answer.status == 201, answer.body
    return answer.json


def by_key(service: Service, key: str, method: str = "GET", path: str = "/websites") -> Answer:
    return service.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None, token=key)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


def test_a_key_is_shown_once_and_stored_hashed(service: Service) -> None:
    ada = service.person("ada.keys@example.org")
    made = create(ada, expires_at=None)
    assert set(made) == {
        *("id", "name", "key", "last_four", "scopes", "created_at", "expires_at", "last_used_at")
    }
    assert re.fullmatch(r"llmr_[0-9A-Za-z]{38}", made["key"])
    assert made["last_four"] == made["key"][-4:]
    assert (made["scopes"], made["expires_at"], made["last_used_at"]) == (ALL, None, None)
    listed = ada.ask("GET", "/keys").json["items"]
    assert listed == [{name: value for name, value in made.items() if name != "key"}]
    stored = str(service.items())
    assert made["key"] not in stored
    assert hashlib.sha256(made["key"].encode()).hexdigest() in stored


def test_the_last_six_characters_are_the_crc32_of_the_random_ones() -> None:
    key = new_secret()
    number = 0
    for character in key[-6:]:
        number = number * 62 + _BASE62.index(character)
    assert number == zlib.crc32(key[5:-6].encode())
    assert is_well_formed(key)
    swapped = key[:10] + ("a" if key[10] != "a" else "b") + key[11:]
    assert not is_well_formed(swapped)


def test_a_key_works_like_a_token(service: Service) -> None:
    ada = service.person("ada.uses@example.org")
    key = create(ada)["key"]
    assert by_key(service, key).json["total"] == 0
    assert service.ask("GET", "/auth/me", token=key).json["email"] == ada.address
    made = service.ask("POST", "/websites", {"url": "https://www.python.org"}, token=key)
    assert made.status == 201, made.body
    assert ada.ask("GET", "/websites").json["total"] == 1


def test_last_used_at_is_written_at_most_once_an_hour(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = service.person("ada.lastuse@example.org")
    key = create(ada)["key"]
    by_key(service, key)
    (first,) = ada.ask("GET", "/keys").json["items"]
    assert first["last_used_at"] is not None
    later = now() + timedelta(minutes=59)
    use(monkeypatch, clock=lambda: later)
    by_key(service, key)
    assert bootstrap.services().api_keys.of_user(ada.id)[0].last_used_at is not None
    assert timestamp(bootstrap.services().api_keys.of_user(ada.id)[0].last_used_at) == first["last_used_at"]  # type: ignore[arg-type]
    much_later = now() + timedelta(minutes=61)
    use(monkeypatch, clock=lambda: much_later)
    by_key(service, key)
    assert timestamp(bootstrap.services().api_keys.of_user(ada.id)[0].last_used_at) == timestamp(much_later)  # type: ignore[arg-type]


def _malformed(key: str) -> Iterator[str]:
    yield from ("llmr_", "llmr_x", key[:-1], key + "0", key.replace("llmr_", "llmr_ "), key.swapcase())
    yield key[:-1] + ("a" if key[-1] != "a" else "b")
    yield "llmr_" + "x" * 10_000
    yield key[:20] + "/" + key[21:]


def test_malformed_keys_are_refused_without_a_read(service: Service) -> None:
    key = create(service.person("ada.malformed@example.org"))["key"]
    reads: list[str] = []
    bootstrap.client("dynamodb").meta.events.register(
        "before-call", lambda model, **_: reads.append(model.name)
    )
    for text in _malformed(key):
        answer = service.ask("GET", "/websites", token=text)
        assert refusal(answer) == (401, "invalid_token"), text
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert reads == []
    assert refusal(by_key(service, new_secret())) == (401, "invalid_token")
    assert reads == ["GetItem"]


def test_a_deleted_key_is_refused_at_once(service: Service) -> None:
    ada, ben = service.person("ada.revokes@example.org"), service.person("ben.revokes@example.org")
    made, other = create(ada), create(ada)
    assert refusal(ben.ask("DELETE", f"/keys/{made['id']}")) == (404, "key_not_found")
    assert by_key(service, made["key"]).status == 200
    assert ada.ask("DELETE", f"/keys/{made['id']}").json == {"message": "API key deleted successfully."}
    assert refusal(by_key(service, made["key"])) == (401, "invalid_token")
    assert by_key(service, other["key"]).status == 200
    for unknown in (made["id"], NOBODY, "x", made["key"]):
        assert refusal(ada.ask("DELETE", f"/keys/{unknown}")) == (404, "key_not_found")


def test_an_expired_key_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = service.person("ada.expires@example.org")
    ends = now() + timedelta(hours=1)
    key = create(ada, expires_at=timestamp(ends))["key"]
    assert by_key(service, key).status == 200
    use(monkeypatch, clock=lambda: ends)
    assert refusal(by_key(service, key)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": None},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "read"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"expires_at": "tomorrow"},
        {"key": "llmr_mine"},
    ],
)
def test_invalid_bodies_create_no_key(service: Service, fields: dict[str, Any]) -> None:
    ada = service.person("ada.badbody@example.org")
    answer = ada.ask("POST", "/keys", {"name": "CI", **fields})
    assert refusal(answer) == (422, "validation_error")
    assert answer.json["errors"][0]["field"].split(".")[0] == next(iter(fields))
    assert ada.ask("GET", "/keys").json["items"] == []


def test_an_account_has_at_most_twenty_keys(service: Service) -> None:
    ada = service.person("ada.twenty@example.org")
    made = [create(ada) for _ in range(20)]
    # Creating is limited by the minute as well; without that limit the number of keys is what refuses.
    service.place.dynamodb.delete_item(TableName=service.place.name, Key=_limit_key(service, "key_creations"))
    assert refusal(ada.ask("POST", "/keys", {"name": "one more"})) == (403, "plan_limit")
    assert ada.ask("DELETE", f"/keys/{made[3]['id']}").status == 200
    assert create(ada)["name"] == "CI"
    assert len(ada.ask("GET", "/keys").json["items"]) == 20


def _limit_key(service: Service, name: str) -> dict[str, Any]:
    (found,) = (item for item in service.items() if item["pk"]["S"].startswith(f"LIMIT#{name}#"))
    return {"pk": found["pk"], "sk": found["sk"]}


def test_a_new_password_keeps_keys_and_its_mail_counts_them(service: Service) -> None:
    ada = service.person("ada.newpassword@example.org")
    first, _ = create(ada), create(ada)
    changed = ada.ask("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": NEW})
    assert changed.status == 200, changed.body
    assert by_key(service, first["key"]).status == 200
    mail = service.mails(ada.address)[-1]["BodyText"]
    assert "2 API keys" in mail
    ada.ask("DELETE", f"/keys/{first['id']}")
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    token = service.token_for(ada.address)
    reset = service.ask("POST", "/auth/reset-password", {"token": token, "new_password": PASSWORD})
    assert reset.status == 200, reset.body
    assert "1 API key " in service.mails(ada.address)[-1]["BodyText"]


def test_keys_are_deleted_with_the_account(service: Service) -> None:
    ada = service.person("ada.dies@example.org")
    key = create(ada)["key"]
    exported = ada.ask("GET", "/auth/me/export")
    assert exported.json["api_keys"][0]["last_four"] == key[-4:]
    assert key not in exported.body
    assert hashlib.sha256(key.encode()).hexdigest() not in exported.body
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert refusal(by_key(service, key)) == (401, "invalid_token")
    assert not [item for item in service.items() if item["pk"]["S"].startswith("KEY#")]


def test_a_start_by_key_costs_one_read_more_than_by_token(service: Service) -> None:
    ada = service.person("ada.costs@example.org")
    key = create(ada)["key"]
    user = service.place.users.set_plan(service.place.users.get(ada.id), "pro", now(), by="test")  # type: ignore[arg-type]
    by_key(service, key)  # the first use in an hour is noted
    made: list[str] = []
    bootstrap.client("dynamodb").meta.events.register(
        "before-call", lambda model, **_: made.append(model.name)
    )

    def start(token: str) -> list[str]:
        website = with_website(service.place, user)
        made.clear()
        body = {"website_id": website.id}
        assert service.ask("POST", "/generations/start", body, token=token).status == 202
        return list(made)

    with_token, with_key = start(ada.tokens["access_token"]), start(key)
    assert len(with_key) <= len(with_token) + 1
    assert with_key[:2] == ["GetItem", "BatchGetItem"]


def needed(method: str, path: str) -> set[str] | None:
    """Return the scopes of which a route needs one, as the API documentation says;

    None if the route needs a sign-in.
    """
    if path.startswith("/keys") or (path.startswith("/auth") and (method, path) != ("GET", "/auth/me")):
        return None
    if path.startswith("/webhooks"):
        return {"read", "webhooks"} if method == "GET" else {"webhooks"}
    if method == "GET" or path.endswith("/preview"):
        return {"read"}
    return {"generate"} if path.startswith("/generations") else {"websites"}


def _operations() -> list[tuple[str, str]]:
    return sorted(
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in openapi()["paths"].items()
        for method in operations
        if path.startswith("/api/v1")
        and path.removeprefix("/api/v1").split("/")[1]
        not in ("health", "plans", "docs", "openapi.json", "problems")
    )


def test_every_route_with_every_set_of_scopes(service: Service) -> None:
    """Call all routes of the OpenAPI document with a key for each of the 15 sets of scopes."""
    ada = service.person("ada.walks@example.org")
    keys = {}
    for size in range(1, 5):
        for scopes in combinations(ALL, size):
            keys[scopes] = create(ada, scopes=list(scopes))["key"]
    operations = _operations()
    assert len(operations) > 30
    for method, template in operations:
        path = re.sub(r"\{\w+\}", NOBODY, template)
        wanted = needed(method, template)
        for scopes, key in keys.items():
            answer = by_key(service, key, method, path)
            code = answer.json.get("code") if answer.body.startswith("{") else None
            where = (method, template, scopes, answer.status, code)
            if wanted is None:
                assert (answer.status, code) == (403, "sign_in_required"), where
            elif wanted & set(scopes):
                assert answer.status in (200, 404, 409, 422), where
                assert code not in ("scope_missing", "sign_in_required"), where
            else:
                assert (answer.status, code) == (403, "scope_missing"), where


def test_head_needs_the_scopes_of_get(service: Service) -> None:
    ada = service.person("ada.heads@example.org")
    reads, starts = create(ada, scopes=["read"])["key"], create(ada, scopes=["generate"])["key"]
    answer = service.ask("HEAD", "/websites", token=reads)
    assert (answer.status, answer.body) == (200, "")
    assert service.ask("HEAD", "/websites", token=starts).status == 403


def test_scopes_are_as_documented() -> None:
    assert [str(scope) for scope in Scope] == ALL
