"""Routes that need no account: health, plans, the OpenAPI document, and its page. Answers unknown paths as well."""

from functools import cache
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from llmready.domain.errors import NotFound
from llmready.domain.plans import PLANS
from llmready.http.api import PREFIX, Api
from llmready.http.docs_page import PAGE_HEADERS, docs_page, docs_part
from llmready.http.problem_page import problem_page
from llmready.http.schemas.common import Answer
from llmready.http.schemas.plans import PlanAnswer, PlansAnswer
from llmready.http.static_content import StaticContent
from llmready.version import __version__

_OPENAPI = Path(__file__).with_name("openapi.json")


class Health(Answer):
    """The status and the version of the API."""

    status: str = "ok"
    version: str = __version__


app = Api(open_paths=None)


@app.get(f"{PREFIX}/health", summary="Health", tags=["public"])
def health() -> Health:
    """Return the status and the version of the API."""
    return Health()


@app.get(f"{PREFIX}/plans", summary="All plans", tags=["public"])
def plans() -> PlansAnswer:
    """Return the plans and their limits."""
    return PlansAnswer(items=[PlanAnswer.model_validate(plan) for plan in PLANS.values()])


@app.get(f"{PREFIX}/openapi.json", summary="This description", tags=["public"])
def openapi() -> Response[str | None]:
    """Return the OpenAPI document."""
    return _openapi().answer(app.event)


@app.get(f"{PREFIX}/docs", summary="Show the documentation of the API", tags=["public"])
def docs() -> Response[str | None]:
    """Return the documentation page of the API, which loads nothing from other hosts."""
    return docs_page(PREFIX).answer(app.event, PAGE_HEADERS)


@app.get(f"{PREFIX}/docs/<name>", include_in_schema=False)
def docs_file(name: str) -> Response[str | None]:
    """Return a file of the documentation page."""
    part = docs_part(PREFIX, name)
    if part is None:
        raise NotFound("not_found", "This path does not exist.")
    return part.answer(app.event)


@app.get(f"{PREFIX}/problems/<code>", include_in_schema=False)
def problem(code: str) -> Response[str]:
    """Return the page that explains a problem. The type of each problem is the URL of its page."""
    page = problem_page(code, _OPENAPI.read_text("utf-8"))
    if page is None:
        raise NotFound("not_found", "This path does not exist.")
    policy = {"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"}
    return Response(200, content_type="text/html; charset=utf-8", body=page, headers=dict(policy))


@cache
def _openapi() -> StaticContent:
    return StaticContent(_OPENAPI.read_text("utf-8"), "application/json")


handler = app.entry()
