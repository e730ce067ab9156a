"""``/v1/llmstxt``, compatible with Firecrawl's endpoint of the same path."""

import json
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import is_id
from llmready.domain.errors import Conflict, NotFound
from llmready.domain.generation import Generation, Status
from llmready.http.api import Api
from llmready.http.problems import CONTENT_TYPE
from llmready.http.schemas.firecrawl import LlmsTextBody, LlmsTextData, LlmsTextStarted, LlmsTextStatus
from llmready.http.starts import start as start_for
from llmready.usecases.archive_files import fits_an_answer
from llmready.usecases.serve_firecrawl import (
    Texts,
    fresh_generation,
    running_id,
    texts_expire_at,
    texts_of,
    too_large,
)

# Firecrawl's own statuses where they differ from those of /api/v1, by code and by status.
_BY_CODE = {"quota_exceeded": 402, "website_inactive": 403}
_BY_STATUS = {413: 400, 415: 400, 422: 400}

app = Api()


@app.post("/v1/llmstxt", summary="Start a generation, in the format of Firecrawl", tags=["firecrawl"])
def start(body: Annotated[LlmsTextBody, Body()]) -> LlmsTextStarted:
    """Start a generation by URL, as Firecrawl's `/v1/llmstxt` did.

    With `cache`, the answer can be a completed generation of the website that is less than 24 hours old. Its page
    limit must be at least `maxUrls`. If a generation of the website is running, its ID is returned. `maxUrls` applies
    to this run only.
    """
    services = bootstrap.services()
    found = None
    if body.cache:
        found = fresh_generation(services, app.user_id, body.url, body.maxUrls, app.account)
    if found is None:
        try:
            found = start_for(app, url=body.url, max_pages=body.maxUrls).id
        except Conflict as conflict:
            found = running_id(conflict)
            if found is None:
                raise
    services.text_requests.remember(app.user_id, found, full=body.showFullText, time=services.clock())
    return LlmsTextStarted(id=found)


@app.get(
    "/v1/llmstxt/<generation_id>",
    summary="Get the status of a generation, in the format of Firecrawl",
    tags=["firecrawl"],
)
def status(generation_id: str) -> Response[str]:
    """Return the status of a generation, and its texts after it completed."""
    services = bootstrap.services()
    if not is_id(generation_id):
        user, generation = services.users.get(app.user_id), None
    else:
        user, generation = services.generations.get_for_user(app.user_id, generation_id)
    app.account(user)
    if generation is None:
        raise NotFound("generation_not_found", "There is no such generation.")
    shown = _status(generation)
    text = json.dumps(shown, ensure_ascii=False)
    # Quotes and line breaks are longer in JSON than in the files, and Lambda encodes the body once more.
    if not fits_an_answer(text):
        text = json.dumps(_failed(generation, too_large(generation)), ensure_ascii=False)
    return Response(HTTPStatus.OK, content_type="application/json", body=text)


def _status(generation: Generation) -> dict[str, Any]:
    if generation.status in (Status.FAILED, Status.CANCELLED):
        reason = generation.error_message or f"The generation was {generation.status}."
        return _failed(generation, reason)
    if generation.status is not Status.COMPLETED:
        return _shown(generation, "processing", LlmsTextData())
    services = bootstrap.services()
    full = services.text_requests.wants_full(generation.user_id, generation.id)
    texts = texts_of(services, generation, full=full)
    if not isinstance(texts, Texts):
        return _failed(generation, texts)
    return _shown(generation, "completed", LlmsTextData(llmstxt=texts.llms_txt, llmsfulltxt=texts.full))


def _failed(generation: Generation, reason: str) -> dict[str, Any]:
    return _shown(generation, "failed", LlmsTextData(), error=reason)


def _shown(
    generation: Generation, status_word: str, data: LlmsTextData, *, error: str | None = None
) -> dict[str, Any]:
    answer = LlmsTextStatus.model_validate(
        {
            "success": error is None,
            "status": status_word,
            "data": data,
            "error": error,
            "expiresAt": texts_expire_at(generation),
        }
    )
    # The Node SDK treats every answer with the key "error" as a failure, even if its value is empty.
    return answer.model_dump(mode="json", exclude_none=True)


_answer = app.entry()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request. Errors have Firecrawl's format."""
    answer = _answer(event, context)
    if answer["headers"].get("Content-Type") != CONTENT_TYPE:
        return answer
    shown = answer["statusCode"]
    headers = {**answer["headers"], "Content-Type": "application/json"}
    if not answer["body"]:  # HEAD
        return {**answer, "statusCode": _BY_STATUS.get(shown, shown), "headers": headers}
    problem = json.loads(answer["body"])
    refusal: dict[str, Any] = {"success": False, "error": problem["detail"]}
    if "errors" in problem:
        refusal["details"] = problem["errors"]
    code = _BY_CODE.get(problem["code"], _BY_STATUS.get(shown, shown))
    return {**answer, "statusCode": code, "headers": headers, "body": json.dumps(refusal)}
