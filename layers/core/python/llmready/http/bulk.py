"""Many at once: each item is done or refused for itself."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import ValidationError

from llmready.domain.errors import DomainError, TryAgain
from llmready.domain.website import Website
from llmready.http.problems import field_errors, status_of
from llmready.http.schemas.common import FieldError
from llmready.http.schemas.websites import BulkAnswer, BulkError, BulkResult, WebsiteAnswer


def do_each(
    items: Sequence[object],
    do: Callable[[object], tuple[str, Website | None]],
    *,
    status: int,
    clock: Callable[[], datetime],
    until: datetime,
) -> BulkAnswer:
    """Do something with each item and return what became of each.

    Args:
        items: As they came; nothing about them is known.
        do: Does one and returns its id, and the website if there still is one.
        status: Of an item that was done.
        clock: Tells the time.
        until: When to stop; what was not begun by then is to be sent again.
    """
    results = []
    for index, item in enumerate(items):
        try:
            if clock() >= until:
                raise TryAgain("There was no time left for this item; please send it again.")
            website_id, website = do(item)
        except ValidationError as error:
            errors = [FieldError(**entry) for entry in field_errors(error.errors(include_url=False))]
            detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors[:5])
            refusal = BulkError(
                code="validation_error", detail=f"The item is not valid. {detail}."[:1000], errors=errors
            )
            results.append(BulkResult(index=index, status=422, error=refusal))
        except DomainError as error:
            refusal = BulkError(code=error.code, detail=error.detail, errors=error.extra.get("errors"))
            results.append(BulkResult(index=index, status=status_of(error), error=refusal))
        else:
            shown = WebsiteAnswer.model_validate(website) if website is not None else None
            results.append(BulkResult(index=index, status=status, id=website_id, website=shown))
    failed = sum(result.error is not None for result in results)
    return BulkAnswer(results=results, succeeded=len(results) - failed, failed=failed)
