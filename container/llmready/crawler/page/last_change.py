"""Decide whether a stated time of the last change is credible."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmready.crawler.page.meta_tags import iso_date

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response

TIME_OF_ANSWER = 60
"""Seconds around the time of a response within which a stated change is only the time at which the page was made."""


def last_change(response: Response, stated: str = "") -> str:
    """Return when a page was last changed, in ISO 8601, or an empty text if this is not known.

    Many servers put the time of the response into `Last-Modified` or into the page. This time differs at each
    request. Such a time is not the time of a change. A repeated response is compared with the date of the first
    response. The result therefore stays the same until the page changes.

    Args:
        response: Response to the request for the page.
        stated: Time that the page states, in ISO 8601, or empty.
    """
    answered = iso_date(response.first_sent or response.headers.get("Date", ""))
    moment = _seconds(answered) if answered else time.time()
    for date in (stated, iso_date(response.headers.get("Last-Modified", ""))):
        if date and not _is_near(date, moment):
            return date
    return ""


def _is_near(date: str, moment: float) -> bool:
    if "T" not in date:
        # A date without a time is not the time of the response, so it is used.
        return False
    return abs(_seconds(date) - moment) <= TIME_OF_ANSWER


def _seconds(date: str) -> float:
    """Return the Unix time of a date in ISO 8601. Without a time zone, it is in UTC, so it can be any valid date."""
    parsed = datetime.fromisoformat(date)
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()
