"""Opaque cursors: positions in a list."""

import base64
import binascii

from llmready.domain.clock import is_id
from llmready.domain.errors import Invalid


def cursor_at(entry_id: str) -> str:
    """Return the cursor of the position after an entry."""
    return base64.urlsafe_b64encode(entry_id.encode()).decode().rstrip("=")


def place_of(cursor: str) -> str:
    """Return the ID after which a list continues.

    The owner of the list comes from the credentials, not from the cursor.

    Raises:
        Invalid: The cursor was not created by this service.
    """
    try:
        entry_id = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        entry_id = ""
    if not is_id(entry_id):
        raise Invalid("cursor", "The cursor is not valid.")
    return entry_id
