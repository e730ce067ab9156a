"""Compare answers of the API with its OpenAPI text."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_TEXT = Path(__file__).parent.parent / "docs" / "api" / "openapi.json"
# Codes of answers to unknown paths and methods, and to requests that do not come from the distribution.
_NOWHERE = {"not_found", "method_not_allowed", "direct_call"}


def check_refusal(method: str, path: str, status: int, problem: dict[str, Any]) -> None:
    """Fail unless the OpenAPI text lists this problem for this operation, with the title that was sent.

    Args:
        method: in capitals.
        path: below ``/api/v1``, without its query.
        status: status of the answer.
        problem: the problem document.
    """
    code = problem["code"]
    assert problem["status"] == status, problem
    if code in _NOWHERE:
        return
    examples = _refusals(_operation(method, path), status)
    assert code in examples, (
        f"{method} {path} answers {status} {code}, which the OpenAPI document does not list"
    )
    assert problem["title"] == examples[code]["value"]["title"], (method, path, problem)
    assert problem["type"].endswith(f"/api/v1/problems/{code}"), (method, path, problem)


def _refusals(operation: dict[str, Any], status: int) -> dict[str, Any]:
    response = operation["responses"].get(str(status), {})
    return dict(response.get("content", {}).get("application/problem+json", {}).get("examples", {}))


def _operation(method: str, path: str) -> dict[str, Any]:
    paths = _document()["paths"]
    path = f"/api/v1{path}".rstrip("/")
    # A literal path takes precedence over one with parameters.
    for template in sorted(paths, key=lambda template: ("{" in template, "{path}" in template)):
        pattern = re.sub(r"\{\w+\}", "[^/]+", template.replace("{path}", ".+"))
        if re.fullmatch(pattern, path) and method.lower() in paths[template]:
            return dict(paths[template][method.lower()])
    raise AssertionError(f"the OpenAPI document has no operation {method} {path}")


@cache
def _document() -> dict[str, Any]:
    return dict(json.loads(_TEXT.read_text()))
