"""The pages that a generation could not include: stored by its worker, read page by page."""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from llmready.domain.errors import Invalid
from llmready.domain.generation import Generation, PageError
from llmready.domain.generation_files import errors_key
from llmready.services import Services

MOST_ERRORS = 1000
"""Greatest number of page errors that are stored for a generation. ``pages_failed`` counts all page errors."""

_ERRORS = TypeAdapter(list[PageError])


class ErrorPage(NamedTuple):
    """One page of the list of page errors."""

    items: list[PageError]
    next_cursor: str | None


def store_errors(services: Services, generation: Generation, errors: Sequence[PageError]) -> None:
    """Store the page errors of the running attempt: the first 1,000 in the order of their URLs."""
    if errors:
        kept = sorted(errors, key=lambda error: (error.url, error.code))[:MOST_ERRORS]
        services.archives.put(_key(generation), _ERRORS.dump_json(kept))


def read_errors(services: Services, generation: Generation, *, limit: int, cursor: str | None) -> ErrorPage:
    """Return up to ``limit`` page errors of an ended generation, after the page that gave ``cursor``.

    Raises:
        Invalid: The cursor was not created by this list.
    """
    start = _position(cursor)
    if not generation.status.is_final:
        return ErrorPage([], None)
    document = services.archives.read(_key(generation))
    try:
        errors = _ERRORS.validate_json(document) if document else []
    except ValidationError:
        errors = []
    end = start + limit
    return ErrorPage(errors[start:end], _cursor(end) if end < len(errors) else None)


def _key(generation: Generation) -> str:
    return errors_key(generation.user_id, generation.id, generation.fence)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"errors:{position}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (ValueError, binascii.Error):
        text = ""
    word, _, number = text.partition(":")
    if (
        word != "errors"
        or not number.isdecimal()
        or int(number) > MOST_ERRORS
        or _cursor(int(number)) != cursor
    ):
        raise Invalid(
            "cursor", "This cursor does not belong to this list; use the next_cursor of its previous page."
        )
    return int(number)
