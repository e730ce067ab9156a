"""Writes the OpenAPI text of the whole API: ``python -m infra.openapi``.

Each function knows its own routes; this puts them together into the file that the public function serves.
"""

import importlib
import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import Server
from pydantic.json_schema import models_json_schema

from llmready import __version__
from llmready.http.schemas.common import Problem

OPENAPI_FILE = Path(__file__).parent.parent / "functions" / "public" / "openapi.json"
_HTTP_FUNCTIONS = ("public", "auth", "websites", "generations")
_OPEN_TAGS = {"public"}
_OPEN_PATHS = {"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"}
_PREFIX = "/api/v1"
_DESCRIPTION = """Turns a website into files that a language model reads well.

Sign up, sign in, add a website, start a generation, poll it until it is `completed`, download the zip.

Every error of ours is a problem document (RFC 9457, `application/problem+json`) with a stable `code`. The
gateway's own answers to bodies over 10 MB (413), to too many requests (429) and when a function cannot be
reached (503) have the gateway's body: `{"message": "…"}`."""
_PROBLEMS = {
    "401": "No token, or a bad one",
    "403": "Not allowed, or no quota left",
    "404": "Not there, or somebody else's",
    "409": "The state of things does not allow it",
    "410": "The files have expired",
    "413": "The body is over 1 MB",
    "415": "The body is not JSON",
    "422": "The body or a parameter is not valid",
    "429": "Too many requests; Retry-After says when to try again",
    "503": "The service is busy; try again",
}


def openapi() -> dict[str, Any]:
    """Return the OpenAPI text of all functions."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "LLMReady API", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    for name in _HTTP_FUNCTIONS:
        app = importlib.import_module(f"functions.{name}.handler").app
        part = json.loads(
            app.get_openapi_json_schema(title="LLMReady API", version=__version__, servers=[Server(url="/")])
        )
        merged["paths"] |= part["paths"]
        merged["components"]["schemas"] |= part.get("components", {}).get("schemas", {})
    _, problem = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    merged["components"]["schemas"] |= problem["$defs"]
    for path, operations in merged["paths"].items():
        for operation in operations.values():
            _complete(path.removeprefix(_PREFIX), operation)
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        merged["components"]["schemas"].pop(unused, None)
    return merged


def main() -> None:
    """Write the file."""
    OPENAPI_FILE.write_text(text(), "utf-8")


def text() -> str:
    """Return the content of the file."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add what the function itself does not know: who may call, and what errors look like."""
    is_open = path in _OPEN_PATHS or bool(_OPEN_TAGS & set(operation.get("tags", [])))
    operation["security"] = [] if is_open else [{"bearer": []}]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in _problems_of(path, operation, is_open=is_open).items():
        operation["responses"][status] = {"description": description, "content": content}
    if "422" in operation["responses"] and "application/json" in operation["responses"]["422"]["content"]:
        del operation["responses"]["422"]


def _problems_of(path: str, operation: dict[str, Any], *, is_open: bool) -> dict[str, str]:
    statuses = {"503"}
    if not is_open or path.startswith("/auth/"):
        statuses.add("401")
    if "requestBody" in operation:
        statuses |= {"413", "415", "422"}
    if operation.get("parameters"):
        statuses |= {"404", "422"}
    if path.startswith("/websites"):
        statuses |= {"403", "409"}
    if path.startswith("/generations"):
        statuses |= {"403", "404", "409", "410", "429"}
    if path in ("/auth/register", "/auth/login"):
        statuses.add("429")
    return {status: _PROBLEMS[status] for status in sorted(statuses)}


if __name__ == "__main__":
    main()
