"""The one clock, and the one maker of ids."""

from datetime import UTC, datetime

import uuid_utils


def now() -> datetime:
    """Return the current time in UTC, to the millisecond (what is stored equals what is shown)."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def timestamp(time: datetime) -> str:
    """Return ``time`` as ISO 8601 in UTC with milliseconds and ``Z``; such texts sort by time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"
