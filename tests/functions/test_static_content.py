"""The API's documentation page and the OpenAPI document are small, compressed and cached by clients."""

import base64
import gzip
import importlib
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

GZIP = {"accept-encoding": "br, gzip;q=0.8"}
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
    aws_request_id="a",
)


def get(path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers or {},
        "requestContext": {
            "requestId": "r",
            "stage": "$default",
            "http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"},
        },
        "isBase64Encoded": False,
    }
    return dict(importlib.import_module("functions.public.handler").handler(event, CONTEXT))


def parts() -> list[str]:
    return re.findall(r'(?:src|href)="(/api/v1/docs/[^"]+)"', get("/api/v1/docs")["body"])


def test_docs_page_is_small_and_refers_to_its_parts() -> None:
    page = get("/api/v1/docs")
    assert page["statusCode"] == 200
    assert len(page["body"]) < 2000
    assert len(parts()) == 3
    policy = page["headers"]["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy


def test_all_that_a_browser_loads_is_compressed_and_under_600_kb() -> None:
    total = 0
    for path in ["/api/v1/docs", "/api/v1/openapi.json", *parts()]:
        plain, packed = get(path), get(path, GZIP)
        assert packed["headers"]["Content-Encoding"] == "gzip"
        assert packed["headers"]["Vary"] == "Accept-Encoding"
        assert packed["isBase64Encoded"]
        raw = base64.b64decode(packed["body"])
        assert gzip.decompress(raw).decode() == plain["body"]
        assert "Content-Encoding" not in plain["headers"]
        total += len(raw)
    assert total < 600_000


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity", "gzip; q=0.0"])
def test_clients_that_take_no_gzip_get_none(accepted: str) -> None:
    assert "Content-Encoding" not in get("/api/v1/docs", {"accept-encoding": accepted})["headers"]


def test_unchanged_content_is_not_sent_again() -> None:
    for path in ("/api/v1/docs", "/api/v1/openapi.json"):
        answer = get(path)
        assert "max-age=" in answer["headers"]["Cache-Control"]
        assert "no-store" not in answer["headers"]["Cache-Control"]
        for known in (answer["headers"]["ETag"], f'"x", W/{answer["headers"]["ETag"]}'):
            again = get(path, {"if-none-match": known})
            assert (again["statusCode"], again["body"]) == (304, "")
        assert get(path, {"if-none-match": '"other"'})["statusCode"] == 200
    for path in parts():
        assert get(path)["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"


def test_unknown_parts_are_not_found() -> None:
    for name in ("x.js", "program-0.js", "..%2fhandler.py"):
        answer = get(f"/api/v1/docs/{name}")
        assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (404, "application/problem+json")


def test_answers_do_not_load_the_library_of_aws() -> None:
    """It takes a quarter of a second at each cold start, and public answers need none of it."""
    program = (
        "import sys; from tests.functions.test_static_content import get; "
        "print(get('/api/v1/health')['statusCode'], 'boto3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split() == ["200", "False"]
