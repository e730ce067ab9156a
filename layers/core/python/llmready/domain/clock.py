"""The clock and the source of IDs that all code uses."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import uuid_utils
from pydantic import PlainSerializer


def now() -> datetime:
    """Return the current time in UTC, rounded down to milliseconds, the precision of stored times."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562). IDs sort by their time of creation."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Return whether ``text`` has the format of an ID of this service."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def created_at(identifier: str) -> datetime:
    """Return the time of creation that an ID contains (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((UUID(identifier).int >> 80) / 1000, UTC)


def timestamp(time: datetime) -> str:
    """Return ``time`` as ISO 8601 in UTC with milliseconds and ``Z``; such texts sort by time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


Moment = Annotated[datetime, PlainSerializer(timestamp, return_type=str, when_used="json")]
