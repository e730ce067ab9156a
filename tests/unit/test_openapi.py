"""The committed OpenAPI document is current and complete."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.openapi import OPENAPI_FILE, openapi, text
from infra.openapi_operations import OPERATIONS, PROBLEMS

ROOT = Path(__file__).parent.parent.parent
# Code that creates errors for answers of the API.
_CODE = re.compile(
    r"""(?:(?:Unauthenticated|Forbidden|NotFound|Conflict|Gone|TooManyRequests|Paused|BodyTooLarge"""
    r"""|UnsupportedMediaType|MethodNotAllowed)\(\s*|Invalid\([^)]*?code=)"(\w+)\""""
)
# Errors that only workers and operator commands can get.
_INSIDE = {
    "not_claimable",
    "not_claimed",
    "generation_exists",
    "plan_changed",
    "schedule_limit",
    "generation_changed",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi()


def test_openapi_document_is_current() -> None:
    assert OPENAPI_FILE.read_text() == text(), "run: python -m infra.openapi"


def test_served_openapi_is_the_documented_one() -> None:
    served = ROOT / "functions/public/openapi.json"
    assert served.samefile(OPENAPI_FILE)


def test_every_route_is_in_the_openapi_document(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    routed = set()
    for name in ("public", "auth", "keys", "websites", "generations", "webhooks", "firecrawl"):
        app = importlib.import_module(f"functions.{name}.handler").app
        routes = app._static_routes + app._dynamic_routes
        routed |= {(route.method, _template(route.path)) for route in routes if route.include_in_schema}
    assert described == routed
    assert {f"{method} {path.removeprefix('/api/v1')}" for method, path in routed} == set(OPERATIONS)


def _template(path: str) -> str:
    """Return a route's path in OpenAPI's notation; a parameter that matches the rest of the path is named path."""
    return re.sub(r"<(\w+)>", r"{\1}", path).replace(".+", "{path}")


def test_every_error_is_in_the_openapi_document() -> None:
    raised: set[str] = set()
    for folder in ("layers/core/python/llmready", "functions"):
        for file in (ROOT / folder).rglob("*.py"):
            raised |= set(_CODE.findall(file.read_text()))
    assert len(raised) > 25
    assert raised - _INSIDE <= set(PROBLEMS)
    used = {
        code
        for operation in OPERATIONS.values()
        for takes_keys in (True, False)
        for code in operation.all_problems(has_body=True, takes_keys=takes_keys)
    }
    assert set(PROBLEMS) - used == {"not_found", "method_not_allowed", "direct_call"}


def test_every_operation_says_what_it_does_and_shows_an_example(document: dict[str, Any]) -> None:
    names = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            names.add(operation["operationId"])
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where
            for body in operation.get("requestBody", {}).get("content", {}).values():
                assert body["example"], where
            for status, response in operation["responses"].items():
                assert response["description"], where
                for kind, content in response.get("content", {}).items():
                    assert (
                        kind == "text/html"
                        or path.endswith("openapi.json")
                        or ("example" in content or "examples" in content)
                    ), f"{where} {status}"
    assert len(names) == len(OPERATIONS)


def test_openapi_links_lead_to_operations(document: dict[str, Any]) -> None:
    names = {o["operationId"] for operations in document["paths"].values() for o in operations.values()}
    links = re.findall(r'"operationId": "(\w+)"', json.dumps(document))
    assert set(links) == names


def test_tags_are_in_the_order_in_which_a_newcomer_needs_them(document: dict[str, Any]) -> None:
    tags = [tag["name"] for tag in document["tags"]]
    assert tags == ["auth", "websites", "generations", "keys", "webhooks", "firecrawl", "public"]
    used = {
        tag for operations in document["paths"].values() for one in operations.values() for tag in one["tags"]
    }
    assert used == set(tags)
