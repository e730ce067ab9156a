"""Many at once: each item is done or refused for itself."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from llmready.domain.errors import DomainError
from llmready.domain.website import Website
from llmready.http.problems import field_errors, status_of
from llmready.http.schemas.common import FieldError
from llmready.http.schemas.websites import BulkAnswer, BulkError, BulkResult, WebsiteAnswer

T = TypeVar("T")


def answer_each(
    items: Sequence[object],
    parse: Callable[[object], T],
    do: Callable[[list[T]], Sequence[Website | str | DomainError]],
    *,
    status: int,
    show: Callable[[Website], WebsiteAnswer],
) -> BulkAnswer:
    """Do something with all items and return what became of each.

    Args:
        items: As they came; nothing about them is known.
        parse: Makes what is wanted of one item, or raises pydantic's ValidationError.
        do: Performs the changes; returns for each item the website, the ID of a deleted one, or a refusal.
        status: Of an item that was done.
        show: Returns a website as the API shows it.
    """
    results: dict[int, BulkResult] = {}
    wanted: dict[int, T] = {}
    for index, item in enumerate(items):
        try:
            wanted[index] = parse(item)
        except ValidationError as error:
            results[index] = BulkResult(index=index, status=422, error=_not_valid(error))
    outcomes = do(list(wanted.values())) if wanted else []
    for index, outcome in zip(wanted, outcomes, strict=True):
        results[index] = _result(index, outcome, status, show)
    failed = sum(result.error is not None for result in results.values())
    return BulkAnswer(
        results=[results[index] for index in range(len(items))], succeeded=len(items) - failed, failed=failed
    )


def _result(
    index: int,
    outcome: Website | str | DomainError,
    status: int,
    show: Callable[[Website], WebsiteAnswer],
) -> BulkResult:
    if isinstance(outcome, DomainError):
        error = BulkError(code=outcome.code, detail=outcome.detail, errors=outcome.extra.get("errors"))
        return BulkResult(index=index, status=status_of(outcome), error=error)
    if isinstance(outcome, str):
        return BulkResult(index=index, status=status, id=outcome)
    return BulkResult(index=index, status=status, id=outcome.id, website=show(outcome))


def _not_valid(error: ValidationError) -> BulkError:
    errors = [FieldError(**entry) for entry in field_errors(error.errors(include_url=False))]
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors[:5])
    return BulkError(
        code="validation_error", detail=f"The item is not valid. {detail}."[:1000], errors=errors
    )
