"""Accounts on the running system, from sign-up to deletion, and logs without personal data."""

import time
from typing import Any

import httpx
import pytest

from testkit.sites import Site
from testkit.system import PASSWORD, Person, System, wait_for
from tests.e2e.test_access import assert_problem

pytestmark = pytest.mark.e2e

NEW = "a new and longer password"


def of_user(system: System, user_id: str) -> list[dict[str, Any]]:
    pages = system.aws("dynamodb").get_paginator("scan").paginate(TableName=system.endpoints["table"])
    return [item for page in pages for item in page["Items"] if item["pk"]["S"] == f"USER#{user_id}"]


def test_from_sign_up_to_recovery(system: System) -> None:
    person = system.user()
    token = system.mail_token(person.email, "confirm")
    confirmed = person.http.post("/auth/verify-email", json={"token": token})
    assert confirmed.status_code == 200, confirmed.text
    assert person.http.get("/auth/me").json()["is_verified"]
    assert person.http.post("/auth/forgot-password", json={"email": person.email}).status_code == 200
    reset = {"token": system.mail_token(person.email, "new LLMReady password"), "new_password": NEW}
    assert person.http.post("/auth/reset-password", json=reset).status_code == 200
    assert_problem(person.http.get("/auth/me"), 401, "invalid_token")
    login = person.http.post("/auth/login", json={"email": person.email, "password": NEW})
    assert login.status_code == 200
    assert login.headers["RateLimit"].startswith('"logins";r=')
    page = httpx.get(f"{system.url}/auth/reset-password")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_running_crawl_ends_with_its_account(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    user_id = person.http.get("/auth/me").json()["id"]
    generation = person.start(person.website(slow_site.url))
    wait_for(lambda: person.generation(generation)["pages_crawled"] > 0, within=60)
    export = person.http.get("/auth/me/export").json()
    assert [entry["id"] for entry in export["generations"]] == [generation]
    began = time.monotonic()
    assert person.delete_account().status_code == 200
    assert time.monotonic() - began < 10
    for path in ("/auth/me", "/websites", "/websites/x", "/generations/x", f"/generations/{generation}"):
        assert_problem(person.http.get(path), 401, "invalid_token")
    assert_problem(
        httpx.post(f"{system.url}/auth/login", json={"email": person.email, "password": PASSWORD}),
        401,
        "invalid_credentials",
    )
    assert [item["sk"]["S"] for item in of_user(system, user_id)] == ["PROFILE"]
    asked = len(slow_site.requests)
    wait_for(lambda: _quiet(slow_site), within=20)
    assert len(slow_site.requests) - asked < 60
    stored = system.aws("s3").list_objects_v2(
        Bucket=system.endpoints["bucket"], Prefix=f"generations/{user_id}/"
    )
    assert stored["KeyCount"] == 0
    assert [item["sk"]["S"] for item in of_user(system, user_id)] == ["PROFILE"]


def _quiet(site: Site) -> bool:
    before = len(site.requests)
    time.sleep(2)
    return len(site.requests) == before


def test_rotating_the_signing_key_signs_nobody_out(system: System, person: Person) -> None:
    done = system.admin("rotate-signing-key", "--json")
    assert done.returncode == 0, done.stderr
    assert person.http.get("/auth/me").status_code == 200
    refreshed = person.http.post("/auth/refresh", json={"refresh_token": person.tokens["refresh_token"]})
    assert refreshed.status_code == 200
    assert system.user().http.get("/auth/me").status_code == 200
    again = system.admin("rotate-signing-key")
    assert (again.returncode != 0, "--force" in again.stderr) == (True, True)


def test_logs_contain_no_personal_data(system: System) -> None:
    person = system.user()
    secrets = {person.email, PASSWORD, NEW, *_words(person.tokens)}

    def sent(path: str, expected: int, **body: str) -> dict[str, Any]:
        secrets.update(body.values())
        answer = person.http.post(path, json=body)
        assert answer.status_code == expected, (path, answer.text)
        content: dict[str, Any] = answer.json()
        secrets.update(_words(content))
        return content

    wrong, forged = "a wrong but telling password", "Zm9yZ2VkIGFuZCBsb25nIGVub3VnaCB0byBiZSBmb3VuZA"
    sent("/auth/login", 401, email=person.email, password=wrong)
    sent("/auth/resend-verification", 200, email=person.email)
    confirming = system.mail_token(person.email, "confirm")
    for status in (200, 422):
        sent("/auth/verify-email", status, token=confirming)
    sent("/auth/verify-email", 422, token=forged)
    sent("/auth/register", 201, email=person.email, password=NEW, full_name="Ada of Long Enough a Name")
    sent("/auth/register", 422, email=f"x{person.email}", password="short", surplus=wrong)
    system.mail_token(person.email, "already have")
    sent("/auth/forgot-password", 200, email=person.email)
    resetting = system.mail_token(person.email, "new LLMReady password")
    sent("/auth/reset-password", 422, token=resetting, new_password="Password1!")
    for status in (200, 422):
        sent("/auth/reset-password", status, token=resetting, new_password=NEW)
    sent("/auth/reset-password", 422, token=forged, new_password=NEW)
    tokens = sent("/auth/login", 200, email=person.email, password=NEW)
    sent("/auth/refresh", 200, refresh_token=tokens["refresh_token"])
    sent("/auth/refresh", 401, refresh_token=tokens["refresh_token"])  # which ends the whole sign-in
    tokens = sent("/auth/login", 200, email=person.email, password=NEW)
    person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    sent("/auth/change-password", 403, current_password=wrong, new_password=PASSWORD)
    sent("/auth/change-password", 200, current_password=NEW, new_password=PASSWORD)
    # Links of mails carry tokens in their addresses.
    for link in ("/auth/unsubscribe", f"/generations/{_NOBODYS}/download"):
        answer = httpx.get(system.url + link, params={"token": tokens["access_token"]})
        assert answer.status_code == 401, answer.text
    assert person.http.get("/auth/me/export").status_code == 200
    assert person.delete_account().status_code == 200
    logs = [path for path in (system.data / "log").iterdir() if path.is_file()]
    assert any(path.name == "functions.log" and path.stat().st_size for path in logs)
    for path in logs:
        text = path.read_text(errors="replace")
        for secret in secrets:
            if len(secret) > 9:
                assert secret not in text, (path.name, secret)


_NOBODYS = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"


def _words(content: dict[str, Any]) -> set[str]:
    """Return the tokens in the response to a sign-in, which are secret; messages and codes are not."""
    return {content[name] for name in ("access_token", "refresh_token") if name in content}


def test_every_route_with_an_id_is_closed_to_others(system: System, small_site: Site) -> None:
    owner, stranger = system.user(), system.user()
    website = owner.website(small_site.url)
    generation = owner.start(website)
    owner.finished(generation)
    document = httpx.get(f"{system.url}/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            )
            names_website = isinstance(body, dict) and "website_id" in body
            if "{" not in path and not names_website:
                continue
            filled = path.replace("{website_id}", website).replace("{generation_id}", generation)
            if names_website:
                body = {**body, "website_id": website}
            answer = stranger.http.request(method, system.url.removesuffix("/api/v1") + filled, json=body)
            assert answer.status_code == 404, (method, path, answer.text)
            # The Firecrawl-compatible routes answer errors in Firecrawl's form.
            form = "application/json" if path.startswith("/v1/") else "application/problem+json"
            assert answer.headers["Content-Type"] == form, (method, path)
            tried += 1
    assert tried >= 10
    for what in ({"update": [{"id": website, "name": "mine"}]}, {"delete": [website]}):
        (result,) = stranger.http.post("/websites/bulk", json=what).json()["results"]
        assert (result["status"], result["error"]["code"]) == (404, "website_not_found")
    assert owner.generation(generation)["can_download"]
    assert owner.http.get(f"/websites/{website}").json()["name"] != "mine"
