"""Answer a request about many websites item by item: a refused item does not affect the others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from llmready.domain.errors import DomainError
from llmready.domain.website import Website
from llmready.http.problems import field_errors, status_of
from llmready.http.schemas.bulk import BulkAnswer, BulkError, BulkItem, BulkResult
from llmready.http.schemas.common import FieldError
from llmready.http.schemas.websites import WebsiteAnswer

T = TypeVar("T")
_SHOWN_ERRORS = 5
_LONGEST_DETAIL = 1000  # characters


def answer_each(
    items: Sequence[BulkItem[T]],
    do: Callable[[list[T]], Sequence[Website | str | DomainError]],
    *,
    status: int,
    show: Callable[[Website], WebsiteAnswer],
) -> BulkAnswer:
    """Process all valid items and return the result of each item.

    Args:
        items: The items of the request, each valid or with its errors.
        do: Performs the changes. Returns for each item the website, the ID of a deleted website, or a refusal.
        status: Status of an item that was done.
        show: Returns a website as the API shows it.
    """
    results: dict[int, BulkResult] = {}
    wanted: dict[int, T] = {}
    for index, item in enumerate(items):
        if isinstance(item.checked, ValidationError):
            results[index] = _refused(index, 422, _not_valid(index, item.checked))
        else:
            wanted[index] = item.checked
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
        return _refused(index, status_of(outcome), error)
    if isinstance(outcome, str):
        return BulkResult(index=index, status=status, id=outcome, website=None, error=None)
    return BulkResult(index=index, status=status, id=outcome.id, website=show(outcome), error=None)


def _refused(index: int, status: int, error: BulkError) -> BulkResult:
    return BulkResult(index=index, status=status, id=None, website=None, error=error)


def _not_valid(index: int, error: ValidationError) -> BulkError:
    errors = [FieldError(**entry) for entry in field_errors(error.errors(include_url=False), whole="item")]
    reasons = "; ".join(f"{entry.field}: {entry.message}" for entry in errors[:_SHOWN_ERRORS])
    return BulkError(
        code="validation_error",
        detail=f"The item at index {index} is not valid. {reasons}."[:_LONGEST_DETAIL],
        errors=errors,
    )
