"""Invalid input is refused with a clear message, and no part of it is stored."""

import json
from typing import Any

import pytest

from testkit.service import PASSWORD, Answer, Member, Service

ROOT = "/api/v1"
# Counters of rate limits and of failed logins may change.
COUNTERS = ("LIMIT#", "LOCKOUT#")


def stored(service: Service) -> list[dict[str, Any]]:
    found = [item for item in service.items() if not item["pk"]["S"].startswith(COUNTERS)]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def refused(answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys()
    assert problem["status"] == answer.status
    assert 10 <= len(problem["detail"]) <= 1000
    assert len(answer.body) < 20_000
    assert not any(word in answer.body for word in ("Traceback", "arn:aws", "/opt/", "USER#", ".py"))


def wide(text: str) -> str:
    """Return a text in full-width characters, as East Asian keyboards can write them."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


ADDRESSES: list[str] = [
    *("", " ", "ada", "@", "ada@", "@example.org", "ada@example", "ada@@example.org", "a b@example.org"),
    *("ada@exam\x00ple.org", "a\x00@b.org"),
    *("ada\r\nBcc: eve@example.org@example.org", "ada@example.org\r\nBcc: eve@example.org"),
    *("ada\u202e@example.org", "ada\u200b@example.org", "ada@exam\u00adple.org", "ada@\ufeffexample.org"),
    *("ada@[127.0.0.1]", "ada@127.0.0.1", "ada@localhost", "ada@example.invalid", "ada@printer.local"),
    *("ada@-example.org", "ada@example-.org", "ada@exa_mple.org", "ada@example..org", ".ada@example.org"),
    *("ada..b@example.org", '"ada"@example.org', "ada(x)@example.org", "Ada <ada@example.org>"),
    *("a" * 65 + "@example.org", "ada@" + "b" * 64 + ".org", "ada@" + "b." * 130 + "org", "a" * 10_000),
    *("ada@xn--zzzzzz--.org", "ada@☃.☃☃", "ada@example.org,eve@example.org", "ada;eve@example.org"),
    *("<script>@example.org", "ada@example.org/../", "ada%40example.org", "ada@example.org@"),
]


def test_invalid_email_addresses_are_refused(service: Service) -> None:
    before = stored(service)
    for address in ADDRESSES:
        for path, body in (
            ("register", {"email": address, "password": PASSWORD}),
            ("login", {"email": address, "password": PASSWORD}),
            ("forgot-password", {"email": address}),
            ("resend-verification", {"email": address}),
        ):
            answer = service.ask("POST", f"/auth/{path}", body)
            refused(answer, 422)
            assert [error["field"] for error in answer.json["errors"]] == ["email"], (path, address)
    assert stored(service) == before


@pytest.mark.parametrize(
    ("typed", "also"),
    [
        ("ada+news@example.org", "ADA+NEWS@EXAMPLE.ORG"),
        ("ada@müller.de", "ada@xn--mller-kva.de"),
        ("o'ada_1-x=y@sub.example.org", "o'Ada_1-x=y@SUB.example.org"),
        ("a" * 64 + "@example.org", "A" * 64 + "@example.org"),
    ],
    ids=["plus", "IDN", "signs", "long"],
)
def test_spellings_of_one_address_are_one_account(service: Service, typed: str, also: str) -> None:
    assert service.register(typed).status == 201
    assert service.register(also, "another long password").status == 201
    assert service.login(also).status == 200
    assert service.login(also, "another long password").status == 401
    profiles = [item for item in stored(service) if item["sk"]["S"] == "PROFILE"]
    assert len(profiles) == 1


@pytest.mark.parametrize("address", ["jose\u0301@example.org", "josé@example.org", "用户@example.org"])
def test_an_address_that_mail_servers_cannot_deliver_to_is_refused_with_the_reason(
    service: Service, address: str
) -> None:
    """Without mail, such an account could never be confirmed or recovered."""
    answer = service.register(address)
    refused(answer, 422)
    (error,) = answer.json["errors"]
    assert error["field"] == "email"
    assert "the part before the @ must be ASCII" in error["message"]


def test_plus_address_is_a_separate_address(service: Service) -> None:
    ada, news = service.person("ada@example.org"), service.person("ada+news@example.org")
    assert ada.id != news.id


NAMES: list[object] = [
    *(
        "two\nlines",
        "a\x00b",
        "a\x1bb",
        "a\x7fb",
        "a\x85b",
        "a\u202eb",
        "a\u2066b",
        "a\u200bb",
        "a\ufeffb",
    ),
    *("a\u2028b", "a\ue000b", "a\U000e0041b", "x" * 101, "x" * 10_000, "é" * 101, 5, [], {}, True),
]


def test_names_with_line_breaks_or_markup_are_refused(service: Service) -> None:
    ada = service.person("ada.names@example.org")
    assert ada.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200
    before = stored(service)
    for name in NAMES:
        refused(ada.ask("PATCH", "/auth/me", {"full_name": name}), 422)
        body = {"email": "eve.names@example.org", "password": PASSWORD, "full_name": name}
        refused(service.ask("POST", "/auth/register", body), 422)
    assert stored(service) == before


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "{{7*7}} ${x} %s", 'O\'Brien "Ada" & Co', "李 小龙", "العربية", "x" * 100],
)
def test_names_are_escaped_in_mails_and_pages(service: Service, name: str) -> None:
    body = {"email": "ada.text@example.org", "password": PASSWORD, "full_name": name}
    assert service.ask("POST", "/auth/register", body).status == 201
    ada = service.signed_in("ada.text@example.org")
    assert ada.ask("GET", "/auth/me").json["full_name"] == name
    assert "<script>" not in service.mails(ada.address)[-1]["BodyHtml"]


PASSWORDS: list[object] = [
    *(
        "",
        "short",
        "x" * 129,
        "x" * 1_000_000,
        "a\x00bcdefgh",
        "pass\nword and more",
        "tab\tin the middle",
    ),
    *("\x7f" * 10, "password", "Password1!", "aaaaaaaaaaaa", "ada.weak@example.org", wide("ADA.WEAK")),
    *(wide("password"), 12345678, ["a long password"], {"a": 1}, None, True),
]


def test_weak_passwords_are_refused(service: Service) -> None:
    before = stored(service)
    for password in PASSWORDS:
        body = {"email": "ada.weak@example.org", "password": password}
        answer = service.ask("POST", "/auth/register", body)
        refused(answer, 422)
        assert [error["field"] for error in answer.json["errors"]] == ["password"], password
        if isinstance(password, str) and len(password) > 8:
            assert password not in answer.body
    assert stored(service) == before


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("naïve café 北京", "nai\u0308ve cafe\u0301 北京"),
        ("Ⅷ long password", "VIII long password"),
        ("🦊🦊🦊🦊🦊🦊 and more", "🦊🦊🦊🦊🦊🦊 and more"),
        ("  blanks belong  ", "  blanks belong  "),
        ("zero\u200bwidth is hidden", "zero\u200bwidth is hidden"),
    ],
    ids=["composed", "compatible", "emoji", "blanks", "zero width"],
)
def test_equal_passwords_in_different_encodings_match(service: Service, chosen: str, typed: str) -> None:
    assert service.register("ada.keys@example.org", chosen).status == 201
    assert service.login("ada.keys@example.org", typed).status == 200
    assert service.login("ada.keys@example.org", typed.strip() + "!").status == 401


TOKENS = [
    "",
    " ",
    "x",
    "x" * 10_000,
    "é" * 64,
    "\x00" * 64,
    "A" * 64,
    "a.b.c",
    "../" * 20,
    "' OR 1=1 --",
    "null",
]


def test_unknown_tokens_are_refused(service: Service) -> None:
    before = stored(service)
    for token in TOKENS:
        for path, body, field in (
            ("refresh", {"refresh_token": token}, "refresh_token"),
            ("logout", {"refresh_token": token}, "refresh_token"),
            ("verify-email", {"token": token}, "token"),
            ("reset-password", {"token": token, "new_password": PASSWORD}, "token"),
        ):
            answer = service.ask("POST", f"/auth/{path}", body)
            refused(answer, *((401, 422) if field == "refresh_token" else (422,)))
            if answer.status == 422:
                assert [error["field"] for error in answer.json["errors"]] == [field], (path, token)
        refused(service.ask("GET", "/auth/me", token=token), 401)
    assert stored(service) == before


SHAPES: list[str] = [
    *(
        "",
        " ",
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "NaN",
        "[]",
        "[[]]",
        "[{}]",
        '"text"',
        '""',
        "{",
        "}",
        "{}{}",
    ),
    *('{"a"}', "{'a': 1}", '{"a": 1,}', "{} x", "\x00", "\ufeff{}", '{"\\ud800": 1}', '{"a": "\\udfff"}'),
    *("[" * 200 + "]" * 200, "[" * 100_000, '{"a":' * 60 + "1" + "}" * 60, "<xml/>", "a=b&c=d", "%7B%7D"),
    *('{"__proto__": {"x": 1}}', '{"constructor": 1, "surprise": 2}', json.dumps({"x": "y" * 1_100_000})),
]


def operations() -> list[tuple[str, str]]:
    from infra.openapi import openapi  # noqa: PLC0415 - it imports every function

    return [
        (method.upper(), path.removeprefix(ROOT))
        for path, ways in openapi()["paths"].items()
        for method, operation in ways.items()
        if "requestBody" in operation and path.startswith(ROOT)
    ]


def test_malformed_bodies_are_refused_on_every_route(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Limits count a request before its body is read, and have tests of their own.
    monkeypatch.setattr("llmready.http.api.take_units", lambda *_, **__: None)
    ada = service.person("ada.shapes@example.org")
    before, tried = stored(service), 0
    for method, path in operations():
        filled = path.replace("{website_id}", ada.id).replace("{generation_id}", ada.id)
        for shape in SHAPES:
            answer = ada.ask(method, filled, shape)
            # The IDs do not exist, which a route may report first.
            refused(answer, 404, 413, 422)
            tried += 1
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
            refused(ada.ask(method, filled, "{}", headers={"content-type": kind}), 415)
    assert tried > 300
    assert stored(service) == before


def test_body_with_one_invalid_field_stores_nothing(service: Service) -> None:
    ada = service.person("ada.half@example.org")
    before = stored(service)
    for method, path, body in (
        ("PATCH", "/auth/me", {"full_name": "Ada", "mail_preferences": {"generations": "no"}}),
        ("PATCH", "/auth/me", {"full_name": "a\x00", "mail_preferences": {"generations": False}}),
        ("PATCH", "/auth/me", {"full_name": "Ada", "plan": "pro"}),
        ("PATCH", "/auth/me", {"full_name": "Ada", "email": "eve@example.org"}),
        ("PATCH", "/auth/me", {"full_name": "Ada", "is_verified": True}),
        ("POST", "/websites", {"url": "https://www.python.org", "timeout": 1}),
        ("POST", "/websites/bulk", {"create": [{"url": "https://www.python.org"}], "delete": ["x"]}),
        ("POST", "/auth/change-password", {"current_password": PASSWORD, "new_password": "short"}),
        ("POST", "/auth/register", {"email": "eve.half@example.org", "password": PASSWORD, "plan": "pro"}),
    ):
        refused(ada.ask(method, path, body), 422)
    assert stored(service) == before
    assert _signs_in(service, ada)


def _signs_in(service: Service, member: Member) -> bool:
    return service.login(member.address).status == 200
