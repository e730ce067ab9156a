"""Write the OpenAPI text of the whole API: ``python -m infra.openapi``.

Each function knows its own routes. This module adds the facts of :mod:`infra.openapi_operations` and writes one file
in ``docs/api``. The public function's folder contains a link to it.
"""

import importlib
import inspect
import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import Server
from pydantic.json_schema import models_json_schema

from infra.openapi_examples import example_of
from infra.openapi_operations import OPERATIONS, PROBLEMS, Link, Operation
from infra.paths import ROOT
from llmready.domain.api_keys import Scope
from llmready.http.problems import PROBLEM_PAGES, TITLES
from llmready.http.schemas.common import Problem
from llmready.http.schemas.firecrawl import LlmsTextError, LlmsTextStatus
from llmready.http.scopes import scopes_for
from llmready.version import __version__

OPENAPI_FILE = ROOT / "docs" / "api" / "openapi.json"
_HTTP_FUNCTIONS = ("public", "auth", "keys", "websites", "generations", "webhooks", "firecrawl")
_PREFIX = "/api/v1"
_DESCRIPTION = """Turns a website into files that a language model reads well.

Sign up and sign in. Add a website and start a generation. Poll it until its status is `completed`. Then download the
zip.

Every error of the API is a problem document (RFC 9457, `application/problem+json`) with a stable `code`. Errors of
the gateway itself have the body `{"message": "…"}`. The gateway refuses bodies over 10 MB (413) and too many requests
(429). It answers 503 if a function cannot be reached.

A rate-limited route reports its limit in the headers `RateLimit` and `RateLimit-Policy`
(draft-ietf-httpapi-ratelimit-headers). `Retry-After` contains the seconds until the next attempt."""
_TAGS = {
    "auth": "Accounts and sign-in",
    "websites": "Websites to generate files from",
    "generations": "Generations, from the start to the download",
    "keys": "API keys for programs",
    "webhooks": "Events sent to your own server",
    "firecrawl": "For clients of Firecrawl's `/v1/llmstxt`",
    "public": "Routes that need no account",
}
_SECURITY: dict[str, dict[str, str]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /auth/login`; valid for 15 minutes.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "llmr_…",
        "description": "An API key from `POST /keys`, limited to its scopes.",
    },
}
_FILE_PATH: dict[str, Any] = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "Path within the archive; it may contain slashes.",
    "schema": {"type": "string", "minLength": 1},
    "example": "llms.txt",
}
# Media types of answers that a function writes as text, by operation.
_SCHEMAS: dict[str, dict[str, str]] = {
    "openapi": {"type": "object"},
    "readLlmsText": {"$ref": "#/components/schemas/LlmsTextStatus"},
}
_TEXT = {"type": "string"}
_HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": {
        "description": "Rate limit status: the number of requests left, and the seconds until the limit resets.",
        "schema": _TEXT,
        "example": '"logins";r=59;t=1',
    },
    "RateLimit-Policy": {
        "description": "The rate limit: the number of requests, and the seconds in which they are allowed.",
        "schema": _TEXT,
        "example": '"logins";q=60;w=60',
    },
    "Retry-After": {
        "description": "Seconds until another attempt can succeed.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 6,
    },
    "WWW-Authenticate": {
        "description": "The authentication scheme that the route requires.",
        "schema": _TEXT,
        "example": "Bearer",
    },
    "Location": {
        "description": "URL of the generation, or of the file.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
}


def openapi() -> dict[str, Any]:
    """Return the OpenAPI text of all functions.

    Raises:
        KeyError: A route is missing in :data:`infra.openapi_operations.OPERATIONS`.
    """
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "LLMReady API", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {},
        "components": {
            "schemas": {},
            "headers": _HEADERS,
            "securitySchemes": _SECURITY,
        },
    }
    schemas = merged["components"]["schemas"]
    for name in _HTTP_FUNCTIONS:
        app = importlib.import_module(f"functions.{name}.handler").app
        part = json.loads(
            app.get_openapi_json_schema(title="LLMReady API", version=__version__, servers=[Server(url="/")])
        )
        for route in app._static_routes + app._dynamic_routes:  # noqa: SLF001 - it offers no other way to them
            if not route.include_in_schema:
                continue
            operation = part["paths"][route.openapi_path][route.method.lower()]
            operation["description"] = inspect.cleandoc(route.func.__doc__)
        merged["paths"] |= {_named(path): operations for path, operations in part["paths"].items()}
        schemas |= part.get("components", {}).get("schemas", {})
    shared: list[Any] = [(model, "serialization") for model in (Problem, LlmsTextError, LlmsTextStatus)]
    _, problem = models_json_schema(shared, ref_template="#/components/schemas/{model}")
    schemas |= problem["$defs"]
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    for path, operations in merged["paths"].items():
        for method, operation in operations.items():
            if path.endswith("/{path}"):
                operation["parameters"] = [_FILE_PATH, *operation["parameters"]]
            key = f"{method.upper()} {path.removeprefix(_PREFIX)}"
            if key not in OPERATIONS:
                raise KeyError(f"infra/openapi_operations.py has no entry for {key}")
            _complete(method, operation, OPERATIONS[key], schemas, scopes=scopes_for(method.upper(), path))
    return merged


def main() -> None:
    """Write the file."""
    OPENAPI_FILE.write_text(text(), "utf-8")


def text() -> str:
    """Return the content of the file."""
    return json.dumps(openapi(), indent=1, sort_keys=True) + "\n"


def _complete(
    method: str,
    operation: dict[str, Any],
    facts: Operation,
    schemas: dict[str, Any],
    *,
    scopes: frozenset[Scope],
) -> None:
    """Add the facts that the function itself does not know.

    Args:
        method: The operation's method, in lower case.
        operation: The operation, which is changed.
        facts: Facts about the operation.
        schemas: All schemas, by name.
        scopes: An API key needs one of these; empty if keys are not accepted.
    """
    operation["operationId"] = facts.id
    operation["security"] = _security(facts, scopes)
    if scopes and not facts.open:
        needed = " or ".join(f"`{scope}`" for scope in sorted(scopes))
        operation["description"] += f"\n\nAn API key needs the scope {needed}."
    responses = operation["responses"]
    responses.pop("422", None)
    for status, response in responses.items():
        _complete_answer(status, response, facts, schemas)
    by_status: dict[int, list[str]] = {}
    for code in facts.all_problems(
        has_body="requestBody" in operation, takes_keys=bool(scopes), changes=method != "get"
    ):
        by_status.setdefault(PROBLEMS[code][0], []).append(code)
    if facts.firecrawl:
        responses |= _firecrawl_refusals(facts)
        by_status = {}
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, codes, limited=facts.limited)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["example"] = example_of(content["schema"], schemas)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["schema"] |= {"format": "uuid"}
            parameter["example"] = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"


def _named(path: str) -> str:
    """Return a path with a name for its last parameter, if a route matches the whole rest of the path."""
    return f"{path.removesuffix('.+')}{{path}}" if path.endswith(".+") else path


def _security(facts: Operation, scopes: frozenset[Scope]) -> list[dict[str, list[str]]]:
    if facts.open:
        return []
    # OpenAPI 3.1: each entry is an alternative; the names are roles that the credential needs.
    keys = [{"apiKey": [str(scope)]} for scope in sorted(scopes)]
    return [{"bearer": []}, *keys]


def _complete_answer(
    status: str, response: dict[str, Any], facts: Operation, schemas: dict[str, Any]
) -> None:
    if status in ("204", "302"):
        response.pop("content", None)
    if facts.html:
        response["content"] = {"text/html": {"schema": _TEXT}}
    if facts.id in _SCHEMAS:
        response["content"]["application/json"]["schema"] = _SCHEMAS[facts.id]
    if response.get("description", "Successful Response") == "Successful Response":
        response["description"] = HTTPStatus(int(status)).phrase
    names = [*(("RateLimit", "RateLimit-Policy") if facts.limited else ())]
    names += {"202": ["Location", "Retry-After"], "302": ["Location"]}.get(status, [])
    if facts.id == "readGeneration" and status == "200":
        names.append("Retry-After")
    if names:
        response["headers"] = _headers(names)
    for kind, content in response.get("content", {}).items():
        if kind == "application/json" and facts.id != "openapi":
            content["example"] = example_of(content["schema"], schemas)
    links = {link.to: _link(link) for link in facts.links if link.status == status}
    if links:
        response["links"] = links


def _refusal(status: int, codes: list[str], *, limited: bool) -> dict[str, Any]:
    """Return the answer for the errors of a status, with an example each."""
    phrase = HTTPStatus(status).phrase
    codes = list(dict.fromkeys(codes))
    examples = {code: {"value": _problem(code)} for code in codes}
    names = [*(("RateLimit", "RateLimit-Policy") if limited and status == 429 else ())]
    names += {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    return {
        "description": f"{phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": examples,
            }
        },
        **({"headers": _headers(names)} if names else {}),
    }


def _firecrawl_refusals(facts: Operation) -> dict[str, Any]:
    """Return the answers for errors in the form of Firecrawl, by status."""
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/LlmsTextError"},
                    "example": {"success": False, "error": PROBLEMS[code][1]},
                }
            },
        }
        for status, code in facts.firecrawl
    }


def _problem(code: str) -> dict[str, Any]:
    status, detail = PROBLEMS[code]
    field = {
        "validation_error": "email",
        "url_not_public": "url",
        "bad_token": "token",
        "password_too_common": "password",
        "password_unchanged": "new_password",
        "captcha_failed": "captcha_token",
        "use_cursor": "page",
        "idempotency_key_reused": "Idempotency-Key",
        "malformed_json": "body",
    }.get(code)
    return {
        "type": f"https://api.example.com{PROBLEM_PAGES}{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "Jx2pQhYZoAMEJ4Q=",
        **({"errors": [{"field": field, "message": detail}]} if field else {}),
    }


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _link(link: Link) -> dict[str, Any]:
    return {
        "operationId": link.to,
        **({"parameters": link.parameters} if link.parameters else {}),
        **({"requestBody": link.body} if link.body else {}),
    }


if __name__ == "__main__":
    main()
