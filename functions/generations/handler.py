"""``/generations``: start, progress, files and download of generations."""

import re
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Query

from llmready import bootstrap
from llmready.domain.clock import is_id, now
from llmready.domain.errors import NotFound, Unauthenticated
from llmready.domain.generation import Generation, Status
from llmready.domain.quota import month_of, resets_at
from llmready.domain.rate_limits import Rate
from llmready.domain.tokens import Audience, Claims, Keys, check
from llmready.http.api import PREFIX, Api, offset_of, pages_of
from llmready.http.gate import header, signed_in
from llmready.http.schemas.common import Message
from llmready.http.schemas.generations import (
    ChangesAnswer,
    DownloadAnswer,
    FileAnswer,
    FileLinkAnswer,
    FilesAnswer,
    GenerationAnswer,
    History,
    HistoryEntry,
    PageErrorAnswer,
    PageErrors,
    QuotaAnswer,
    StartBody,
    Started,
)
from llmready.http.starts import start as start_for
from llmready.usecases.archive_files import FileContent, content_type, list_files, read_file
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.compare_generations import compare_generations
from llmready.usecases.delete_generation import delete_generation
from llmready.usecases.download import download
from llmready.usecases.page_errors import read_errors

_POLL_SECONDS = "1"
# Extractions of large files in a minute. Each takes seconds, and all functions share the account's concurrency.
_EXTRACTS = Rate(10)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[\\x21-\\x7e]+$",
        description="Any unique text. A repeated request with the same key returns the answer of the first one.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]

_DOWNLOAD = re.compile(rf"{PREFIX}/generations/([^/]+)/download")


def _signed_in_or_ticket(event: dict[str, Any], keys: Keys) -> Claims:
    """Return the claims of a request; the download also accepts the token of a mail's link."""
    ticket = (event.get("queryStringParameters") or {}).get("token")
    link = _DOWNLOAD.fullmatch(event["rawPath"])
    if not ticket or not link or header(event, "authorization"):
        return signed_in(event, keys)
    claims = check(keys, Audience.DOWNLOAD, ticket)
    if claims.scope != link[1]:
        raise Unauthenticated("invalid_token", "The link is not valid for this generation.")
    return claims


app = Api(authenticate=_signed_in_or_ticket)


@app.post(f"{PREFIX}/generations/start", summary="Start a generation", status_code=202, tags=["generations"])
def start(body: Annotated[StartBody, Body()], idempotency_key: IdempotencyKey = None) -> Response[Started]:
    """Take one generation of the monthly quota and queue the crawl of a website.

    Name the website by its `website_id` or by its `url`. A `url` without a website adds a website. A refused start
    adds no website. With an `Idempotency-Key`, a repeated request within 24 hours gets the first answer. A repeated
    key with a different body is refused. If as many generations run as the plan allows, the new one is accepted and
    stays `pending` until another has ended.
    """
    started = start_for(app, website_id=body.website_id, url=body.url, idempotency_key=idempotency_key)
    return Response(
        HTTPStatus.ACCEPTED,
        content_type="application/json",
        body=Started.of(started),
        headers={
            "Location": f"{PREFIX}/generations/{started.id}",
            "Retry-After": _POLL_SECONDS,
        },
    )


@app.post(f"{PREFIX}/generations", summary="Start a generation", status_code=202, tags=["generations"])
def start_short(
    body: Annotated[StartBody, Body()], idempotency_key: IdempotencyKey = None
) -> Response[Started]:
    """The same as ``/generations/start``."""
    return start(body, idempotency_key)


@app.get(
    f"{PREFIX}/generations/quota/check", summary="Get the quota of the current month", tags=["generations"]
)
def quota() -> QuotaAnswer:
    """Return how many generations are used and how many remain. The month is a UTC calendar month."""
    time = now()
    user = app.account(bootstrap.services().users.get(app.user_id))
    use = bootstrap.services().quotas.get(user.id, month_of(time), user.quota_ledger)
    remaining = use.remaining(user.plan)
    return QuotaAnswer(
        can_generate=remaining > 0,
        generations_used=use.taken,
        generations_limit=user.plan.generations_per_month,
        remaining_generations=remaining,
        resets_at=resets_at(time),
        message=use.message(user.plan),
    )


@app.get(f"{PREFIX}/generations/history", summary="List the generations", tags=["generations"])
def history(
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    website_id: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    status: Annotated[Status | None, Query()] = None,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> History:
    """Return one page of generations, newest first; ``cursor`` is the ``next_cursor`` of the previous page."""
    offset = 0 if cursor else offset_of(page, per_page)
    app.limit_list(per_page, offset)
    user = app.account(bootstrap.services().users.get(app.user_id))
    found = bootstrap.services().generations.history(
        user.id, limit=per_page, offset=offset, cursor=cursor, website_id=website_id, status=status
    )
    total = bootstrap.services().generations.count(user, website_id=website_id, status=status)
    time = now()
    return History(
        items=[HistoryEntry.of(generation, time) for generation in found.items],
        total=total,
        page=page,
        per_page=per_page,
        pages=pages_of(total, per_page),
        next_cursor=found.next_cursor,
    )


@app.get(f"{PREFIX}/generations/<generation_id>", summary="One generation", tags=["generations"])
def read(generation_id: str) -> Response[GenerationAnswer]:
    """Return a generation with its progress.

    Until it has ended, `Retry-After` contains the seconds until the next request: 1 after progress, and up to 10
    while nothing changes.
    """
    found = _generation(generation_id)
    return Response(
        HTTPStatus.OK,
        content_type="application/json",
        body=GenerationAnswer.of(found, now()),
        headers={} if found.status.is_final else {"Retry-After": str(found.retry_after(now()))},
    )


@app.get(
    f"{PREFIX}/generations/<generation_id>/download",
    summary="Download the files",
    tags=["generations"],
    responses={
        200: {"description": "The download URL, for redirect=false"},
        302: {"description": "The files"},
    },
)
def fetch(
    generation_id: str,
    redirect: Annotated[bool, Query()] = True,  # noqa: FBT002 - a query parameter
) -> Response[DownloadAnswer | None]:
    """Redirect to the zip, or return its URL if ``redirect=false``."""
    found = download(bootstrap.services(), _generation(generation_id))
    if redirect:
        return Response(HTTPStatus.FOUND, headers={"Location": found.url})
    answer = DownloadAnswer(
        download_url=found.url,
        expires_at=found.expires_at,
        file_size=found.file_size,
        sha256=found.sha256,
    )
    return Response(HTTPStatus.OK, content_type="application/json", body=answer)


@app.get(
    f"{PREFIX}/generations/<generation_id>/changes",
    summary="Compare with an earlier generation",
    tags=["generations"],
)
def changes(
    generation_id: str, since: Annotated[str | None, Query(min_length=1, max_length=64)] = None
) -> ChangesAnswer:
    """Compare a completed generation with the website's previous completed one, or with ``since``."""
    found = compare_generations(bootstrap.services(), _generation(generation_id), since)
    return ChangesAnswer.of(found)


@app.get(
    f"{PREFIX}/generations/<generation_id>/files",
    summary="List the files of the archive",
    tags=["generations"],
)
def files(generation_id: str) -> FilesAnswer:
    """Return the files of the archive in its order: llms.txt, the pages by section, llms-full.txt, the manifest."""
    found = list_files(bootstrap.services(), _generation(generation_id))
    return FilesAnswer(items=[FileAnswer.model_validate(file) for file in found])


# "path" may contain slashes, which parameters of Powertools do not match.
@app.get(
    f"{PREFIX}/generations/<generation_id>/files/.+",
    summary="Get one file of the archive",
    tags=["generations"],
    responses={
        200: {"description": "The file; for a large file and redirect=false, its download URL"},
        302: {"description": "Redirect to the download URL of a large file"},
    },
)
def file(
    generation_id: str,
    redirect: Annotated[bool, Query()] = True,  # noqa: FBT002 - a query parameter
) -> Response[str | FileLinkAnswer | None]:
    """Return a file as it is in the archive, without unpacking the zip.

    For a file over 4 MB, the answer contains a presigned URL. The same applies if the JSON answer with the
    content would exceed 6 MB. A file over 250 MB is only in the archive.
    """
    generation = _generation(generation_id)
    found = read_file(
        bootstrap.services(),
        generation,
        _path(app.current_event.path),
        before_extracting=lambda: app.limit("extracts", _EXTRACTS, key=app.user_id),
    )
    if isinstance(found, FileContent):
        return Response(
            HTTPStatus.OK,
            content_type=content_type(found.file.path),
            body=found.data.decode(errors="replace"),
            headers={"Content-Security-Policy": "sandbox; default-src 'none'"},
        )
    if redirect:
        return Response(HTTPStatus.FOUND, headers={"Location": found.url})
    answer = FileLinkAnswer(download_url=found.url, expires_at=found.expires_at, file_size=found.file.bytes)
    return Response(HTTPStatus.OK, content_type="application/json", body=answer)


@app.get(
    f"{PREFIX}/generations/<generation_id>/errors", summary="List the pages that failed", tags=["generations"]
)
def errors(
    generation_id: str,
    per_page: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> PageErrors:
    """Return the pages that failed; ``cursor`` is the ``next_cursor`` of the previous page."""
    app.limit_list(per_page)
    found = read_errors(bootstrap.services(), _generation(generation_id), limit=per_page, cursor=cursor)
    return PageErrors(
        items=[PageErrorAnswer.model_validate(error) for error in found.items], next_cursor=found.next_cursor
    )


@app.post(
    f"{PREFIX}/generations/<generation_id>/cancel",
    summary="Cancel a generation",
    status_code=202,
    tags=["generations"],
)
def cancel(generation_id: str) -> Response[GenerationAnswer]:
    """Cancel a pending or running generation. It costs no quota, and its website is unlocked.

    The worker notices this within five seconds, and then stops the crawl. Cancelling it again gives the same answer.
    """
    ended = cancel_generation(bootstrap.services(), _generation(generation_id))
    return Response(
        HTTPStatus.ACCEPTED,
        content_type="application/json",
        body=GenerationAnswer.of(ended, now()),
        headers={"Location": f"{PREFIX}/generations/{ended.id}", "Retry-After": _POLL_SECONDS},
    )


@app.delete(f"{PREFIX}/generations/<generation_id>", summary="Delete a generation", tags=["generations"])
def delete(generation_id: str) -> Message:
    """Delete an ended generation and its files."""
    delete_generation(bootstrap.services(), _generation(generation_id))
    return Message(message="Generation deleted successfully.")


def _path(request_path: str) -> str:
    """Return the path within the archive from a request; API Gateway has already decoded it once."""
    return request_path.partition("/files/")[2]


def _generation(generation_id: str) -> Generation:
    if not is_id(generation_id):
        user, generation = bootstrap.services().users.get(app.user_id), None
    else:
        user, generation = bootstrap.services().generations.get_for_user(app.user_id, generation_id)
    app.account(user)
    if generation is None:
        raise NotFound("generation_not_found", "There is no such generation.")
    return generation


handler = app.entry()
