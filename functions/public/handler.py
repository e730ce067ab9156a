"""What needs no account: health, plans, the OpenAPI text and its page; and every address that there is not."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from llmready.domain.plans import PLANS
from llmready.http.api import PREFIX, Api
from llmready.http.docs_page import docs_page
from llmready.http.schemas.common import Answer
from llmready.http.schemas.plans import PlanAnswer, PlansAnswer
from llmready.version import __version__

_OPENAPI = Path(__file__).with_name("openapi.json")


class Health(Answer):
    """Whether the API answers, and which version it is."""

    status: str = "ok"
    version: str = __version__


app = Api(open_paths=None)


@app.get(f"{PREFIX}/health", summary="Health", tags=["public"])
def health() -> Health:
    """Return the version when the API serves."""
    return Health()


@app.get(f"{PREFIX}/plans", summary="All plans", tags=["public"])
def plans() -> PlansAnswer:
    """Return what each plan gives."""
    return PlansAnswer(items=[PlanAnswer.model_validate(plan) for plan in PLANS.values()])


@app.get(f"{PREFIX}/openapi.json", summary="This description", tags=["public"])
def openapi() -> Response[str]:
    """Return the description of the whole API."""
    return Response(200, content_type="application/json", body=_OPENAPI.read_text("utf-8"))


@app.get(f"{PREFIX}/docs", summary="A page to browse the API with", tags=["public"])
def docs() -> Response[str]:
    """Return a page to browse the API with; it loads nothing from elsewhere."""
    html, headers = docs_page(_OPENAPI.read_text("utf-8"))
    return Response(200, content_type="text/html; charset=utf-8", body=html, headers=dict(headers))


handler = app.entry()
