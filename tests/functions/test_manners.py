"""Behaviour of the API towards clients: error messages and their pages, headers, and HEAD."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from infra.openapi import openapi
from infra.openapi_operations import PROBLEMS
from llmready.domain.clock import new_id
from llmready.http.problems import field_errors
from llmready.http.schemas import auth, bulk, firecrawl, generations, keys, webhooks, websites
from llmready.http.schemas.common import Request
from testkit.emulator import Place
from tests.functions.member import member

pytestmark = pytest.mark.usefixtures("calls")


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "url", "is required"),
        ({"url": "https://example.org", "max_pages": 0}, "max_pages", "must be at least 1"),
        ({"url": "https://example.org", "max_pages": "7"}, "max_pages", "must be a whole number"),
        ({"url": "https://example.org", "max_pages": 1.5}, "max_pages", "must be a whole number"),
        ({"url": "https://example.org", "timeout": 7}, "timeout", "must be at least 30"),
        ({"url": "https://example.org", "is_active": "yes"}, "is_active", "must be true or false"),
        ({"url": "https://example.org", "speed": 7}, "speed", "is not a known field"),
        ({"url": "https://example.org", "name": 7}, "name", "must be text"),
        (
            {"url": "https://example.org", "link_target": "x"},
            "link_target",
            "must be 'page' or 'markdown'",
        ),
    ],
)
def test_a_validation_error_names_the_field_and_the_rule(
    place: Place, body: dict[str, Any], field: str, message: str
) -> None:
    status, problem = member(place).ask("POST", "/websites", body)
    assert (status, problem["code"]) == (422, "validation_error")
    assert {"field": field, "message": message} in problem["errors"]
    assert len({error["field"] for error in problem["errors"]}) == len(problem["errors"])
    assert f"{field}: {message}" in problem["detail"]


BAD_VALUES: tuple[object, ...] = (
    *(
        None,
        7,
        -7,
        1.5,
        True,
        "",
        " ",
        "x",
        "x" * 10_000,
        "\u202e",
        "a\nb",
        [],
        ["x"] * 100,
        [7],
        [""],
        ["a,b"],
        {},
    ),
    *({"a": 1}, 10**30, "http://", "2020-01-01", "2026-01-01T00:00:00", "2026-13-99T00:00:00Z"),
)


BODIES = {
    model
    for module in (auth, bulk, firecrawl, generations, keys, webhooks, websites)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Request) and model is not Request
}


@pytest.mark.parametrize("model", sorted(BODIES, key=str), ids=lambda model: str(model.__name__))
def test_no_message_about_a_field_has_the_words_of_the_validator(model: type[Request]) -> None:
    """Each field of each body gets each invalid value; every refusal has a message of LLMReady."""
    for field in [*model.model_fields, None]:
        for value in BAD_VALUES:
            try:
                model.model_validate(value if field is None else {field: value})
            except ValidationError as error:
                for entry in field_errors(error.errors(include_url=False)):
                    assert re.fullmatch(r"\w+(\.\w+)?", entry["field"]), entry
                    assert not re.search(r"Input|should|1 entries|1 characters", entry["message"]), entry


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_the_type_of_every_problem_is_a_page_that_explains_it(place: Place, code: str) -> None:
    answer = member(place).raw("GET", f"/problems/{code}")
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert code in answer["body"]
    assert str(PROBLEMS[code][0]) in answer["body"]


def test_a_type_is_a_whole_url(place: Place) -> None:
    ada = member(place)
    answer = ada.raw("GET", "/websites/x")
    problem = json.loads(answer["body"])
    parts = urlsplit(problem["type"])
    assert parts.scheme in ("http", "https")
    assert parts.path == "/api/v1/problems/website_not_found"
    assert ada.raw("GET", parts.path.removeprefix("/api/v1"))["statusCode"] == 200
    for unknown in ("nothing", "<script>", "a" * 500):
        assert ada.raw("GET", f"/problems/{unknown}")["statusCode"] == 404


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
@pytest.mark.parametrize(
    "value", ["Application/JSON", "application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"']
)
def test_the_case_and_parameters_of_a_content_type_do_not_matter(place: Place, name: str, value: str) -> None:
    body = {"url": "https://example.org"}
    status, website = member(place).ask("POST", "/websites", body, {name: value})
    assert (status, website["url"]) == (201, "https://example.org")


def test_head_is_get_without_a_body_on_every_route(place: Place) -> None:
    """The requests are for existing objects and, on routes with an ID, for objects that do not exist."""
    ada = member(place)
    _, website = ada.ask("POST", "/websites", {"url": "https://example.org"})
    _, key = ada.ask("POST", "/keys", {"name": "Deployment"})
    assert key["name"] == "Deployment"
    _, started = ada.ask("POST", "/generations/start", {"website_id": website["id"]})
    ids = {"website_id": website["id"], "generation_id": started["generation_id"], "code": "not_found"}
    routes = [path for path, operations in openapi()["paths"].items() if "get" in operations]
    assert len(routes) > 20
    statuses = set()
    for route in routes:
        of_others = re.sub(r"\{\w+\}", lambda _: new_id(), route)
        existing = re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], new_id()), route)
        for path in (existing, of_others):
            head, get = (ada.whole(method, path) for method in ("HEAD", "GET"))
            assert (head["statusCode"], head["body"]) == (get["statusCode"], ""), path
            assert head["headers"].get("Content-Type") == get["headers"].get("Content-Type"), path
            statuses.add(get["statusCode"])
    assert {200, 404} <= statuses
    assert 500 not in statuses
