"""Access: tokens, IDs of other users, and paths that do not exist."""

import base64
import json
import time
from collections.abc import Callable

import httpx
import jwt
import pytest

from testkit.sites import Site
from testkit.system import PASSWORD, Person, System

pytestmark = pytest.mark.e2e

NOBODY = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"
ROUTES = [
    ("GET", "/auth/me"),
    ("PATCH", "/auth/me"),
    ("GET", "/websites"),
    ("POST", "/websites"),
    ("GET", "/websites/stats/user"),
    ("GET", f"/websites/{NOBODY}"),
    ("PUT", f"/websites/{NOBODY}"),
    ("PATCH", f"/websites/{NOBODY}"),
    ("DELETE", f"/websites/{NOBODY}"),
    ("GET", f"/websites/{NOBODY}/stats"),
    ("POST", "/generations"),
    ("POST", "/generations/"),
    ("POST", "/generations/start"),
    ("GET", "/generations/quota/check"),
    ("GET", "/generations/history"),
    ("GET", f"/generations/{NOBODY}"),
    ("GET", f"/generations/{NOBODY}/download"),
    ("DELETE", f"/generations/{NOBODY}"),
]


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys()
    assert (problem["status"], problem["code"]) == (status, code)
    assert not any(word in answer.text for word in ("Traceback", "arn:aws", "/opt/", "USER#", ".py"))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_requires_a_token(system: System, method: str, path: str) -> None:
    answer = httpx.request(method, system.url + path)
    assert_problem(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.fixture(scope="module")
def secret(system: System) -> dict[str, str]:
    client = system.aws("secretsmanager")
    (entry,) = [entry for entry in client.list_secrets()["SecretList"] if "SigningSecret" in entry["Name"]]
    return dict(json.loads(client.get_secret_value(SecretId=entry["ARN"])["SecretString"]))


def _claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    claims = {
        "iss": "llmready",
        "aud": "llmready-access",
        "sub": NOBODY,
        "jti": "x",
        "iat": now,
        "exp": now + 600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


FORGERIES: dict[str, Callable[[dict[str, str]], str]] = {
    "garbage": lambda _: "garbage",
    "empty parts": lambda _: "..",
    "ten kilobytes": lambda _: "a" * 10_000,
    "algorithm none": lambda s: jwt.encode(_claims(), "", algorithm="none", headers={"kid": s["kid"]}),
    "another key": lambda s: jwt.encode(_claims(), "k" * 64, algorithm="HS256", headers={"kid": s["kid"]}),
    "another algorithm": lambda s: jwt.encode(
        _claims(), s["secret"], algorithm="HS512", headers={"kid": s["kid"]}
    ),
    "no kid": lambda s: jwt.encode(_claims(), s["secret"], algorithm="HS256"),
    "another kid": lambda s: jwt.encode(_claims(), s["secret"], algorithm="HS256", headers={"kid": "k9"}),
    **{
        f"no {claim}": lambda s, claim=claim: jwt.encode(  # type: ignore[misc]
            _claims(**{claim: None}), s["secret"], algorithm="HS256", headers={"kid": s["kid"]}
        )
        for claim in ("iss", "aud", "sub", "jti", "iat", "exp")
    },
    **{
        f"{claim} is {value}": lambda s, claim=claim, value=value: jwt.encode(  # type: ignore[misc]
            _claims(**{claim: value}), s["secret"], algorithm="HS256", headers={"kid": s["kid"]}
        )
        for claim, value in (
            ("iss", "somebody"),
            ("aud", "llmready-refresh"),
            ("aud", "llmready-download"),
            ("exp", 1_000_000_000),
            ("iat", 4_000_000_000),
        )
    },
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_tokens_are_refused(system: System, secret: dict[str, str], name: str) -> None:
    token = FORGERIES[name](secret)
    answer = httpx.get(f"{system.url}/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert_problem(answer, 401, "invalid_token")


def test_token_of_a_missing_account_is_refused_everywhere(system: System, secret: dict[str, str]) -> None:
    token = jwt.encode(_claims(), secret["secret"], algorithm="HS256", headers={"kid": secret["kid"]})
    for path in ("/auth/me", "/websites", "/generations/history", "/generations/quota/check"):
        answer = httpx.get(system.url + path, headers={"Authorization": f"Bearer {token}"})
        assert_problem(answer, 401, "invalid_token")


def test_a_tampered_token_is_refused(person: Person) -> None:
    head, body, signature = person.tokens["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = NOBODY
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    answer = httpx.get(
        f"{person.http.base_url}auth/me", headers={"Authorization": f"Bearer {head}.{forged}.{signature}"}
    )
    assert_problem(answer, 401, "invalid_token")


def test_tokens_are_not_interchangeable(person: Person) -> None:
    refresh = person.tokens["refresh_token"]
    answer = httpx.get(f"{person.http.base_url}auth/me", headers={"Authorization": f"Bearer {refresh}"})
    assert_problem(answer, 401, "invalid_token")
    answer = person.http.post("/auth/refresh", json={"refresh_token": person.tokens["access_token"]})
    assert_problem(answer, 401, "invalid_token")


def test_refresh_token_works_once(person: Person) -> None:
    old = person.tokens["refresh_token"]
    fresh = person.http.post("/auth/refresh", json={"refresh_token": old})
    assert fresh.status_code == 200
    assert fresh.json()["token_type"] == "bearer"
    assert_problem(person.http.post("/auth/refresh", json={"refresh_token": old}), 401, "invalid_token")
    # Its reuse revoked the whole family.
    newest = fresh.json()["refresh_token"]
    assert_problem(person.http.post("/auth/refresh", json={"refresh_token": newest}), 401, "invalid_token")


def test_logout_ends_the_sign_in(person: Person) -> None:
    body = {"refresh_token": person.tokens["refresh_token"]}
    answer = person.http.post("/auth/logout", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(person.http.post("/auth/refresh", json=body), 401, "invalid_token")


def test_objects_of_other_users_answer_404(system: System, small_site: Site) -> None:
    owner, stranger = system.user(), system.user()
    website = owner.website(small_site.url)
    generation = owner.start(website)
    owner.finished(generation)
    own = {"url": small_site.url}
    attempts = [
        ("GET", f"/websites/{website}", None),
        ("PUT", f"/websites/{website}", own),
        ("PATCH", f"/websites/{website}", {"name": "mine"}),
        ("DELETE", f"/websites/{website}", None),
        ("GET", f"/websites/{website}/stats", None),
        ("POST", "/generations/start", {"website_id": website}),
        ("POST", "/generations", {"website_id": website}),
        ("GET", f"/generations/{generation}", None),
        ("GET", f"/generations/{generation}/download", None),
        ("DELETE", f"/generations/{generation}", None),
    ]
    for method, path, body in attempts:
        answer = stranger.http.request(method, path, json=body)
        kind = "website" if "website" in path or "start" in path or body else "generation"
        assert_problem(answer, 404, f"{kind}_not_found")
    for filters in ({"website_id": website}, {"website_id": website, "status": "completed"}):
        found = stranger.http.get("/generations/history", params=filters).json()
        assert (found["items"], found["total"]) == ([], 0)
    cursor = base64.urlsafe_b64encode(json.dumps([generation]).encode()).decode().rstrip("=")
    assert stranger.http.get("/generations/history", params={"cursor": cursor}).json()["items"] == []
    assert owner.generation(generation)["can_download"]


def test_accounts(system: System) -> None:
    person = system.user()
    profile = person.http.get("/auth/me").json()
    assert (profile["email"], profile["plan"]["name"]) == (person.email, "free")
    assert not profile["is_verified"]
    renamed = person.http.patch("/auth/me", json={"full_name": "Ada Lovelace"}).json()
    assert renamed["full_name"] == "Ada Lovelace"
    taken = person.http.post(
        "/auth/register", json={"email": person.email.upper(), "password": "another one 42"}
    )
    assert (taken.status_code, taken.json().keys()) == (201, {"message"})
    wrong = person.http.post("/auth/login", json={"email": person.email, "password": "another one 42"})
    assert_problem(wrong, 401, "invalid_credentials")
    unknown = person.http.post("/auth/login", json={"email": "x" + person.email, "password": PASSWORD})
    assert_problem(unknown, 401, "invalid_credentials")
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_ten_failures_lock_known_and_unknown_addresses(person: Person) -> None:
    for email in (person.email, f"nobody-{person.email}"):
        for _ in range(10):
            body = {"email": email, "password": "not the password"}
            assert_problem(person.http.post("/auth/login", json=body), 401, "invalid_credentials")
        locked = person.http.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert_problem(locked, 429, "account_locked")
        assert 800 < int(locked.headers["Retry-After"]) <= 900


def test_open_routes(system: System) -> None:
    health = httpx.get(f"{system.url}/health")
    assert health.json().keys() == {"status", "version"}
    plans = httpx.get(f"{system.url}/plans").json()["items"]
    assert [(plan["name"], plan["generations_per_month"], plan["websites"]) for plan in plans] == [
        ("free", 1, 1),
        ("starter", 3, 2),
        ("standard", 10, 5),
        ("pro", 25, 999),
    ]
    openapi = httpx.get(f"{system.url}/openapi.json").json()
    paths = {
        path.replace("{website_id}", NOBODY).replace("{generation_id}", NOBODY) for path in openapi["paths"]
    }
    assert {f"/api/v1{path.rstrip('/')}" for _, path in ROUTES} <= paths
    docs = httpx.get(f"{system.url}/docs")
    assert docs.headers["Content-Type"].startswith("text/html")
    # The page loads the text; tests/e2e/test_docs_page.py looks at what a browser shows of it.
    assert "/api/v1/openapi.json" in docs.text


@pytest.mark.parametrize("path", ["/", "/nope", "/generations/history/x/y", "/../admin", "/%00"])
def test_unknown_paths_answer_problem_documents(system: System, person: Person, path: str) -> None:
    assert_problem(person.http.get(system.url + path), 404, "not_found")


def test_wrong_method_answer_lists_allowed_methods(person: Person) -> None:
    answer = person.http.put("/generations/start", json={})
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
