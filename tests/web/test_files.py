"""How the web app's files are served."""

import re
from collections.abc import Iterator

import httpx
import pytest

from testkit.system import System

pytestmark = pytest.mark.e2e
LARGEST_FIRST_LOAD = 80_000  # bytes, compressed


@pytest.fixture
def root(system: System) -> Iterator[httpx.Client]:
    address = f"http://localhost:{system.port}"
    with httpx.Client(base_url=address, headers={"Accept": "text/html"}) as client:
        yield client


def test_screens_get_the_page_and_missing_files_404(root: httpx.Client) -> None:
    for path in ("/", "/websites", "/account/keys", "/sign-in"):
        answer = root.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert root.get("/assets/missing.js").status_code == 404
    assert root.post("/").status_code == 405


@pytest.mark.parametrize(
    "path", ["/", "/websites", "/confirm", "/reset-password", "/unsubscribe", "/download/x"]
)
def test_each_page_explains_what_to_do_without_javascript(root: httpx.Client, path: str) -> None:
    found = re.search("<noscript>(.*)</noscript>", root.get(path).text, re.DOTALL)
    assert found is not None
    text = " ".join(re.sub("<[^>]+>", " ", found[1]).split())
    assert "Turn it on in your browser and reload the page." in text
    assert "A link in a mail needs it, too: turn JavaScript on and open the link again" in text


def test_the_root_answers_json_to_programs(system: System) -> None:
    body = httpx.get(f"http://localhost:{system.port}/").json()
    assert body == {"docs": "/api/v1/docs", "openapi": "/api/v1/openapi.json", "health": "/api/v1/health"}


def test_the_policy_allows_no_inline_code_and_no_other_origin(root: httpx.Client) -> None:
    headers = root.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\ssrc=)", root.get("/").text)


def test_the_first_load_is_small_and_cached(root: httpx.Client) -> None:
    page = root.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    assets = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert any(name.endswith(".js") for name in assets)
    size = 0
    for name in assets:
        if name.startswith("/api/"):
            continue
        with root.stream("GET", name, headers={"Accept-Encoding": "gzip"}) as answer:
            size += sum(len(part) for part in answer.iter_raw())
            if name.startswith("/assets/"):
                assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert size + len(page.content) <= LARGEST_FIRST_LOAD


def test_an_unchanged_page_answers_304(root: httpx.Client) -> None:
    tag = root.get("/").headers["ETag"]
    assert root.get("/", headers={"If-None-Match": tag}).status_code == 304
