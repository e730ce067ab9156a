"""The table of errors: the HTTP response for each domain error (RFC 9457)."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from llmready.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Gone,
    Invalid,
    LeaseLost,
    NotFound,
    Paused,
    TooManyRequests,
    TryAgain,
    Unauthenticated,
)

_MOST_ERRORS = 20
_LONGEST_FIELD = 200  # characters
_LONGEST_MESSAGE = 500  # characters
CONTENT_TYPE = "application/problem+json"
PROBLEM_PAGES = "/api/v1/problems/"
"""Path of the pages that explain the problems; a problem's type is the URL of its page."""

_TIME = "must be a date and time, such as 2026-11-24T09:30:00Z"
# Texts of validation rules. The placeholders are pydantic's parameter names.
_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": "is blank or contains characters that are not allowed",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "timezone_aware": "must have a time zone",
}
# Parts of a location that name a branch of a type rather than a field or a position.
_BRANCH = re.compile(
    r"(?:constrained|function|lax-or-strict|json-or-python|is-instance|tagged-union)-.*|[^\[]*\[.*"
    r"|nullable|none|str|int|float|bool|datetime|url"
)

TITLES = {
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Not acceptable",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
}
"""Titles of the problems of each status, also used in the OpenAPI document."""

_STATUSES: dict[type[DomainError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    LeaseLost: 409,
    Gone: 410,
    Invalid: 422,
    TooManyRequests: 429,
    TryAgain: 503,
    Paused: 503,
}


class BodyTooLarge(DomainError):
    """The body is larger than allowed."""


class UnsupportedMediaType(DomainError):
    """The body is not declared as JSON."""


class MethodNotAllowed(DomainError):
    """The path exists, but not for this method."""


_STATUSES |= {BodyTooLarge: 413, UnsupportedMediaType: 415, MethodNotAllowed: 405}


def problem(error: DomainError, request_id: str) -> Response[str]:
    """Return the HTTP response for a domain error."""
    status = status_of(error)
    headers: dict[str, str | list[str]] = {}
    if isinstance(error, TooManyRequests | TryAgain | Paused):
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = str(error.extra["allow"])
    return _document(status, error.detail, error.code, request_id, extra=error.extra, headers=headers)


def validation_problem(error: RequestValidationError, request_id: str) -> Response[str]:
    """Return the response for a request with invalid fields."""
    errors = field_errors(error.errors())
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors[:5])
    return _document(
        422,
        f"The request is not valid. {detail}."[:1000],
        "validation_error",
        request_id,
        extra={"errors": errors},
    )


def internal_problem(request_id: str) -> Response[str]:
    """Return the response for an internal error. The log contains the cause under the same request ID."""
    return _document(
        500,
        "An internal error occurred. Please try again. If it happens again, send the request ID to the operator.",
        "internal_error",
        request_id,
    )


def _document(
    status: int,
    detail: str,
    code: str,
    request_id: str,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: dict[str, str | list[str]] | None = None,
) -> Response[str]:
    body = {
        "type": PROBLEM_PAGES + code,
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **(extra or {}),
    }
    return Response(status, content_type=CONTENT_TYPE, body=json.dumps(body), headers=headers or {})


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a domain error."""
    return _STATUSES[type(error)]


def field_errors(entries: Iterable[Mapping[str, Any]], *, whole: str = "body") -> list[dict[str, str]]:
    """Return the validation errors by field.

    Args:
        entries: The errors of a validation. The first 20 of them count.
        whole: Name that is used in place of a field if an error concerns the whole request.
    """
    # An optional field is a union with null. The second error, that the value is not null, adds no information.
    told = (entry for entry in entries if entry.get("type") != "none_required")
    return [_field_error(entry, whole) for entry in islice(told, _MOST_ERRORS)]


def absolute_type(body: str, base_url: str) -> str:
    """Return a problem document with an absolute URL as its type, so that clients can open it.

    Args:
        body: The document as JSON.
        base_url: URL under which the client reached the service, without a slash at its end.
    """
    document = json.loads(body)
    return json.dumps({**document, "type": f"{base_url}{document['type']}"})


def _rule(entry: Mapping[str, Any]) -> str:
    """Return the validation rule that a value breaks, as a phrase."""
    kind, limits = str(entry.get("type", "")), entry.get("ctx") or {}
    if limits.get("min_length") == 1:
        return "must not be empty"
    if kind == "too_long" and limits.get("field_type") == "Value":
        kind = "string_too_long"
    words = _RULES.get(kind)
    if words is None:
        return str(entry.get("msg", "is not valid")).removeprefix("Value error, ")
    try:
        return words.format(**limits)
    except (KeyError, IndexError):
        return str(entry.get("msg", "is not valid"))


def _field_error(entry: Mapping[str, Any], whole: str) -> dict[str, str]:
    where = [str(part) for part in entry.get("loc", ())]
    if where and where[0] in ("body", "query", "path", "header"):
        where = where[1:]
    if where and where[0].startswith("tagged-union-"):
        where = where[1:]
    where = [part for position, part in enumerate(where) if position == 0 or not _BRANCH.fullmatch(part)]
    message = _rule(entry)
    # Both are shortened, because they can contain text of the request body.
    return {"field": ".".join(where)[:_LONGEST_FIELD] or whole, "message": message[:_LONGEST_MESSAGE]}
