"""Sign-ins: sessions in cookies, and access tokens of sign-ins that were revoked."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from llmready.domain.clock import now
from testkit.people import with_website
from testkit.service import NEW, PASSWORD, Answer, Member, Service, use

SetUp = Callable[..., Service]
COOKIE_MODE = {"X-LLMReady-Session": "cookie"}
LOCAL_COOKIE = "llmready-8123"


@pytest.fixture
def local(set_up: SetUp) -> Service:
    """The functions with the settings of `make run PORT=8123`."""
    return set_up(session_cookie=LOCAL_COOKIE)


def cookie_login(service: Service, address: str) -> Answer:
    service.register(address)
    answer = service.login(address, headers=COOKIE_MODE)
    assert answer.status == 200, answer.body
    return answer


def cookie_of(answer: Answer) -> tuple[str, str, dict[str, str]]:
    """Return name, value and attributes of the one cookie that an answer sets."""
    (cookie,) = answer.cookies
    pair, *rest = cookie.split("; ")
    name, _, value = pair.partition("=")
    return name, value, {key.lower(): value for key, _, value in (part.partition("=") for part in rest)}


def refresh(service: Service, cookie: str, name: str = LOCAL_COOKIE, **headers: str) -> Answer:
    return service.ask(
        "POST",
        "/auth/refresh",
        headers={**COOKIE_MODE, **headers},
        cookies=["theme=dark", f"{name}={cookie}"],
    )


def test_cookie_login_sets_an_http_only_cookie_and_leaves_the_token_out_of_the_body(local: Service) -> None:
    answer = cookie_login(local, "ada.cookie@example.org")
    name, value, attributes = cookie_of(answer)
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    assert name == LOCAL_COOKIE
    assert value not in answer.body
    assert "httponly" in attributes
    assert "secure" not in attributes
    assert "domain" not in attributes
    assert (attributes["samesite"], attributes["path"]) == ("Strict", "/")
    assert attributes["max-age"] == str(30 * 86_400)
    assert local.ask("GET", "/auth/me", token=answer.json["access_token"]).status == 200


@pytest.mark.parametrize("body", [None, {}])
def test_cookie_refresh_needs_no_token_in_the_body(local: Service, body: dict[str, str] | None) -> None:
    _, value, _ = cookie_of(cookie_login(local, f"ada.body.{body is None}@example.org"))
    answer = local.ask(
        "POST", "/auth/refresh", body=body, headers=COOKIE_MODE, cookies=[f"{LOCAL_COOKIE}={value}"]
    )
    assert answer.status == 200, answer.body


def test_deployed_cookie_is_secure_and_bound_to_the_host(service: Service) -> None:
    name, _, attributes = cookie_of(cookie_login(service, "ada.host.cookie@example.org"))
    assert name == "__Host-llmready"
    assert {"secure", "httponly"} <= set(attributes)
    assert (attributes["samesite"], attributes["path"]) == ("Strict", "/")
    assert "domain" not in attributes


def test_without_the_header_no_cookie_is_set_or_read(local: Service) -> None:
    answer = local.person("ada.plain@example.org")
    assert "refresh_token" in answer.tokens
    assert local.login("ada.plain@example.org").cookies == []
    _, value, _ = cookie_of(cookie_login(local, "ada.csrf@example.org"))
    for headers in ({}, {"X-LLMReady-Session": "body"}, {"X-LLMReady-Session": ""}):
        for path in ("refresh", "logout"):
            refused = local.ask("POST", f"/auth/{path}", headers=headers, cookies=[f"{LOCAL_COOKIE}={value}"])
            assert (refused.status, refused.json["code"]) == (422, "validation_error")
            assert refused.cookies == []
    assert refresh(local, value).status == 200


@pytest.mark.parametrize("in_header", [False, True], ids=["cookies field", "cookie header"])
def test_refresh_reads_the_cookie_and_sets_the_next_one(local: Service, *, in_header: bool) -> None:
    _, first, _ = cookie_of(cookie_login(local, "ada.next@example.org"))
    if in_header:
        headers = {**COOKIE_MODE, "Cookie": f"a=b; {LOCAL_COOKIE}={first}; c=d"}
        answer = local.ask("POST", "/auth/refresh", headers=headers)
    else:
        answer = refresh(local, first)
    assert answer.status == 200, answer.body
    assert "refresh_token" not in answer.json
    _, second, _ = cookie_of(answer)
    assert second != first
    assert refresh(local, second).status == 200


def test_a_bad_or_missing_cookie_is_refused(local: Service) -> None:
    cookie_login(local, "ada.bad.cookie@example.org")
    for value in ("", "x", "a.b.c", "x" * 5000):
        answer = refresh(local, value)
        assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert local.ask("POST", "/auth/refresh", headers=COOKIE_MODE).status == 401
    assert local.ask("POST", "/auth/refresh", headers=COOKIE_MODE, cookies=["llmready-9=x"]).status == 401


def test_two_tabs_with_the_same_cookie_both_stay_signed_in(local: Service) -> None:
    _, first, _ = cookie_of(cookie_login(local, "ada.tabs@example.org"))
    answers = [refresh(local, first) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    # The cookie is valid, whichever answer reaches the browser last.
    for answer in answers:
        _, value, _ = cookie_of(answer)
        assert local.ask("GET", "/auth/me", token=answer.json["access_token"]).status == 200
        assert refresh(local, value).status == 200


def test_previous_cookie_is_refused_after_thirty_seconds(
    local: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, _ = cookie_of(cookie_login(local, "ada.grace@example.org"))
    _, second, _ = cookie_of(refresh(local, first))
    started = now()
    use(monkeypatch, clock=lambda: started + timedelta(seconds=25))
    assert refresh(local, first).status == 200
    use(monkeypatch, clock=lambda: started + timedelta(seconds=31))
    assert refresh(local, first).status == 401
    # The reuse revoked the family.
    assert refresh(local, second).status == 401


def test_grace_period_applies_only_to_the_previous_token(local: Service) -> None:
    _, first, _ = cookie_of(cookie_login(local, "ada.older@example.org"))
    _, second, _ = cookie_of(refresh(local, first))
    _, third, _ = cookie_of(refresh(local, second))
    assert refresh(local, first).status == 401
    assert refresh(local, third).status == 401


def test_token_in_a_body_has_no_grace_period(local: Service) -> None:
    ada = local.person("ada.no.grace@example.org")
    assert ada.refresh().status == 200
    assert ada.refresh().status == 401


def test_token_from_a_body_has_no_grace_period_as_a_cookie(local: Service) -> None:
    ada = local.person("ada.body@example.org")
    token = ada.tokens["refresh_token"]
    newer = local.ask("POST", "/auth/refresh", {"refresh_token": token})
    assert newer.status == 200
    assert refresh(local, token).status == 401
    assert local.ask("POST", "/auth/refresh", {"refresh_token": newer.json["refresh_token"]}).status == 401


def test_logout_always_clears_the_cookie(local: Service) -> None:
    _, value, _ = cookie_of(cookie_login(local, "ada.out@example.org"))
    for cookies in ([f"{LOCAL_COOKIE}={value}"], [f"{LOCAL_COOKIE}={value}"], [f"{LOCAL_COOKIE}=x"], []):
        answer = local.ask("POST", "/auth/logout", headers=COOKIE_MODE, cookies=cookies)
        assert answer.status == 204, answer.body
        name, cleared, attributes = cookie_of(answer)
        assert (name, cleared, attributes["max-age"], attributes["path"]) == (LOCAL_COOKIE, "", "0", "/")
    assert refresh(local, value).status == 401


def test_logout_clears_the_cookie_when_it_is_refused(set_up: SetUp) -> None:
    service = set_up(session_cookie=LOCAL_COOKIE, logins_per_minute=1)
    answers = [service.ask("POST", "/auth/logout", headers=COOKIE_MODE) for _ in range(2)]
    assert [answer.status for answer in answers] == [204, 429]
    assert [cookie_of(answer)[1] for answer in answers] == ["", ""]
    assert cookie_of(answers[1])[2]["max-age"] == "0"


# Every call of a signed-in user that changes or deletes something.
WRITES = (
    ("PATCH", "/auth/me", {"full_name": "Ada"}),
    ("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": NEW}),
    ("DELETE", "/auth/me", {"password": PASSWORD}),
    ("POST", "/websites", {"url": "https://www.python.org"}),
    ("POST", "/websites/bulk", {"delete": ["{website}"]}),
    ("PATCH", "/websites/{website}", {"name": "x"}),
    ("PUT", "/websites/{website}", {"url": "https://www.python.org"}),
    ("DELETE", "/websites/{website}", None),
    ("POST", "/generations/start", {"website_id": "{website}"}),
    ("POST", "/generations", {"website_id": "{website}"}),
    ("POST", "/generations/{website}/cancel", None),
    ("DELETE", "/generations/{website}", None),
)


def signed_out(service: Service, member: Member) -> None:
    body = {"refresh_token": member.tokens["refresh_token"]}
    assert service.ask("POST", "/auth/logout", body).status == 204


def reused(_: Service, member: Member) -> None:
    assert [member.refresh().status for _ in range(2)] == [200, 401]


def reset(service: Service, member: Member) -> None:
    service.ask("POST", "/auth/forgot-password", {"email": member.address})
    body = {"token": service.token_for(member.address), "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200


@pytest.mark.parametrize("revoke", [signed_out, reused, reset])
def test_access_tokens_of_a_revoked_family_change_nothing_from_that_moment(
    service: Service, revoke: Callable[[Service, Member], None]
) -> None:
    ada = service.person(f"ada.{revoke.__name__}@example.org")
    user = service.place.users.get(ada.id)
    assert user is not None
    website = with_website(service.place, user)
    assert ada.ask("GET", "/auth/me").status == 200  # a process that knows the family as open
    assert ada.ask("PATCH", f"/websites/{website.id}", {"name": "Before"}).status == 200
    revoke(service, ada)
    for method, path, body in WRITES:
        filled = json.loads(json.dumps(body).replace("{website}", website.id))
        answer = ada.ask(method, path.replace("{website}", website.id), filled)
        assert (answer.status, answer.json["code"]) == (401, "invalid_token"), (method, path, answer.body)
    assert service.place.users.get(ada.id) is not None
    _, found = service.place.websites.get_for_user(ada.id, website.id)
    assert found is not None
    assert found.name == "Before"


def test_access_tokens_of_a_revoked_family_read_for_a_minute_at_most(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = service.person("ada.reads.on@example.org")
    paths = ("/auth/me", "/websites", "/generations/history", "/auth/me/export")
    assert all(ada.ask("GET", path).status == 200 for path in paths)
    signed_out(service, ada)
    later = now() + timedelta(seconds=60)
    use(monkeypatch, clock=lambda: later)
    for path in paths:
        answer = ada.ask("GET", path)
        assert (answer.status, answer.json["code"]) == (401, "invalid_token"), path


def test_other_sign_ins_stay_after_a_sign_out(service: Service) -> None:
    ada = service.person("ada.two.devices@example.org")
    other = service.signed_in(ada.address)
    signed_out(service, ada)
    assert other.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200
    assert other.refresh().status == 200


def test_sign_ins_are_listed_and_ended_one_by_one(service: Service) -> None:
    ada, ben = service.person("ada.ends.one@example.org"), service.person("ben.ends.none@example.org")
    phone = service.signed_in(ada.address)
    assert phone.refresh().status == 200
    items = ada.ask("GET", "/auth/sessions").json["items"]
    assert [item["id"] for item in items] == [phone.family, ada.family]
    assert [item["is_current"] for item in items] == [False, True]
    for item in items:
        assert item["opened_at"] <= item["last_used_at"] < item["expires_at"]
    for unknown in (ada.family, ben.id, "x", "%00"):
        answer = ben.ask("DELETE", f"/auth/sessions/{unknown}")
        assert (answer.status, answer.json["code"]) == (404, "session_not_found"), unknown
    assert ada.ask("DELETE", f"/auth/sessions/{phone.family}").status == 204
    assert phone.refresh().status == 401
    assert phone.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 401
    assert ada.ask("DELETE", f"/auth/sessions/{phone.family}").status == 404
    assert [item["id"] for item in ada.ask("GET", "/auth/sessions").json["items"]] == [ada.family]
    assert ada.ask("DELETE", f"/auth/sessions/{ada.family}").status == 204
    assert ada.refresh().status == 401


def test_deleting_an_account_needs_the_password(service: Service) -> None:
    ada = service.person("ada.keeps@example.org")
    for body, status, code in (
        (None, 422, "validation_error"),
        ({}, 422, "validation_error"),
        ({"password": ""}, 422, "validation_error"),
        ({"password": "not the one"}, 403, "wrong_password"),
    ):
        answer = ada.ask("DELETE", "/auth/me", body)
        assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert ada.ask("GET", "/auth/me").status == 200
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert ada.ask("GET", "/auth/me").status == 401


def test_wrong_passwords_at_deletion_lock_the_address(service: Service) -> None:
    ada = service.person("ada.guessed.away@example.org")
    for _ in range(10):
        assert ada.ask("DELETE", "/auth/me", {"password": "not the one"}).status == 403
    answer = ada.ask("DELETE", "/auth/me", {"password": PASSWORD})
    assert (answer.status, answer.json["code"]) == (429, "account_locked")


def test_wrong_current_password_is_403_and_the_new_one_must_differ(service: Service) -> None:
    ada = service.person("ada.same@example.org")
    body = {"current_password": "not the one", "new_password": NEW}
    answer = ada.ask("POST", "/auth/change-password", body)
    assert (answer.status, answer.json["code"]) == (403, "wrong_password")
    same = {"current_password": PASSWORD, "new_password": PASSWORD}
    answer = ada.ask("POST", "/auth/change-password", same)
    assert (answer.status, answer.json["code"]) == (422, "password_unchanged")
    assert answer.json["errors"][0]["field"] == "new_password"
    assert ada.ask("GET", "/auth/me").status == 200
