"""Invalid bodies and parameters get a clear answer, and nothing is stored."""

import json
from typing import Any

import httpx
import pytest

from testkit.system import PASSWORD, Person, System
from tests.e2e.test_access import assert_problem

pytestmark = pytest.mark.e2e

JSON = {"Content-Type": "application/json"}
BODIES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("/auth/register", {"email": "a@example.org", "password": PASSWORD}, {"full_name"}),
    ("/auth/login", {"email": "a@example.org", "password": PASSWORD}, set()),
    ("/auth/refresh", {"refresh_token": "x"}, set()),
    ("/websites", {"url": "https://www.python.org"}, {"name"}),
    ("/generations/start", {"website_id": "x"}, set()),
]
WRONG: list[Any] = [5, True, [], {}, None, "x" * 5000]


def _fields() -> list[tuple[str, dict[str, Any], str]]:
    cases = []
    for path, body, optional in BODIES:
        for field in body:
            rest = {name: value for name, value in body.items() if name != field}
            cases.append((path, rest, field))
            cases += [(path, {**body, field: value}, field) for value in WRONG]
        values: tuple[Any, ...] = (5, [], "x" * 5000)
        cases += [(path, {**body, field: value}, field) for field in optional for value in values]
        cases.append((path, {**body, "surprise": 1}, "surprise"))
    return cases


def test_each_field_missing_wrong_or_unknown_is_named(person: Person) -> None:
    for path, body, field in _fields():
        answer = person.http.post(path, json=body)
        if path == "/auth/refresh" and body.get("refresh_token") == "x" * 5000:
            assert answer.status_code in (401, 422)
            continue
        assert_problem(answer, 422, "validation_error")
        # A start names a website by its ID or by its URL, so without both the body as a whole is wrong.
        named = "body" if path == "/generations/start" and body in ({}, {"website_id": None}) else field
        assert named in {error["field"] for error in answer.json()["errors"]}, (path, body)
    assert person.http.get("/websites").json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 422, "malformed_json"),
        (b"[]", JSON, 422, "validation_error"),
        (b'"text"', JSON, 422, "validation_error"),
        (b"null", JSON, 422, "validation_error"),
        (b"", JSON, 422, "validation_error"),
        (b'{"url": NaN}', JSON, 422, "malformed_json"),
        (b'{"url": "\\ud800"}', JSON, 422, "malformed_json"),
        (b"\xff\xfe", JSON, 422, "malformed_json"),
        (b"[" * 100_000, JSON, 422, "malformed_json"),
        (b"[" * 200 + b"]" * 200, JSON, 422, "malformed_json"),
        (json.dumps({"url": "https://a.org", "name": "x" * 1_100_000}).encode(), JSON, 413, "body_too_large"),
        (
            b"url=https://a.org",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "unsupported_media_type",
        ),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bodies_that_are_not_json_are_refused(
    person: Person, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    assert_problem(person.http.post("/websites", content=body, headers=headers), status, code)
    assert person.http.get("/websites").json()["total"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://python.org",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "mailto:a@b.org",
        "https://",
        "https:///path",
        "https://user:secret@python.org",
        "https://python.org:8080",
        "https://python.org:0",
        "https://python.org:99999",
        "http://localhost",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://10.0.0.1",
        "http://192.168.1.1",
        "http://169.254.169.254/latest",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[fe80::1%25eth0]",
        "http://intranet",
        "http://printer.local",
        "http://db.internal",
        "http://example.invalid",
        "https://exa mple.org",
        "https://python.org\\@evil.org",
        "https://python.org/\x00",
        "https://-bad-.org",
        "https://" + "a" * 64 + ".org",
        "https://\u202epython.org",
        "https://python.org/" + "a" * 2100,
    ],
)
def test_urls_of_no_public_website(person: Person, url: str) -> None:
    answer = person.http.post("/websites", json={"url": url})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("validation_error", "url_not_public")
    assert [error["field"] for error in answer.json()["errors"]] == ["url"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("python.org", "https://python.org"),
        ("www.Python.ORG/Docs", "https://www.python.org/Docs"),
        ("http://python.org:80/", "http://python.org/"),
        ("  https://python.org/a?b=c#d  ", "https://python.org/a?b=c"),
        ("https://müller.de/ä", "https://xn--mller-kva.de/%C3%A4"),
        ("//python.org", "https://python.org"),
        ("python.org:443", "https://python.org"),
    ],
)
def test_urls_as_people_type_them(person: Person, typed: str, stored: str) -> None:
    answer = person.http.post("/websites", json={"url": typed})
    assert (answer.status_code, answer.json().get("url")) == (201, stored), answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"max_pages": 0},
        {"max_pages": 101},
        {"max_pages": 1.5},
        {"max_pages": "10"},
        {"timeout": 29},
        {"timeout": 3601},
        {"use_playwright": "yes"},
        {"languages": ["français"]},
        {"languages": "en,,"},
        {"languages": ["en"] * 21},
        {"languages": None},
        {"link_target": "both"},
        {"link_target": None},
        {"is_active": 1},
        {"include_patterns": ["x"] * 51},
        {"include_patterns": ["x" * 201]},
        {"include_patterns": [5]},
        {"exclude_patterns": "\x00"},
        {"name": "two\nlines"},
        {"name": "x\u202ey"},
        {"name": "x" * 201},
        {"description": "x" * 2001},
    ],
    ids=str,
)
def test_fields_out_of_bounds(person: Person, fields: dict[str, Any]) -> None:
    answer = person.http.post("/websites", json={"url": "python.org", **fields})
    assert answer.status_code == 422, answer.text
    website = person.website("python.org")
    assert person.http.patch(f"/websites/{website}", json=fields).status_code == 422
    before = person.http.get(f"/websites/{website}").json()
    assert before["updated_at"] == before["created_at"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page=0", "validation_error"),
        ("page=x", "validation_error"),
        ("per_page=101", "validation_error"),
        ("per_page=0", "validation_error"),
        ("page=11&per_page=100", "use_cursor"),
        ("status=nope", "validation_error"),
        ("cursor=%21%21", "validation_error"),
        ("cursor=W10", "validation_error"),
        ("cursor=WzFd", "validation_error"),
        ("cursor=" + "a" * 300, "validation_error"),
    ],
)
def test_lists_within_their_bounds(person: Person, query: str, code: str) -> None:
    assert_problem(person.http.get(f"/generations/history?{query}"), 422, code)


@pytest.mark.parametrize(
    "identifier", ["x", "0", "%20", "..", "é", "a" * 3000, "%00", "01A20DD0-D148-77E9-A1A8-D33D5C29CB6F"]
)
def test_malformed_ids_answer_404(person: Person, identifier: str) -> None:
    for collection in ("websites", "generations"):
        answer = person.http.get(httpx.URL(f"{person.http.base_url}{collection}/{identifier}"))
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("password", ["short", "password", "12345678", "aaaaaaaaaaaa", "x" * 129])
def test_weak_passwords(system: System, password: str) -> None:
    answer = httpx.post(
        f"{system.url}/auth/register", json={"email": "weak@example.org", "password": password}
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["password"]


@pytest.mark.parametrize(
    "email",
    ["x", "x@", "@y.org", "x@y", "x y@z.org", "x@y.org\n", "x@" + "y" * 300 + ".org", "x\u202e@y.org"],
)
def test_invalid_email_addresses_are_refused(system: System, email: str) -> None:
    answer = httpx.post(f"{system.url}/auth/register", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]
