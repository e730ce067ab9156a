"""Dates in the answers and pages of a site, however odd, never end the crawl of a page."""

import itertools

import pytest

from llmready.crawler.fetch.http_cache import fresh_seconds
from llmready.crawler.fetch.response import Response
from llmready.crawler.page.last_change import last_change
from llmready.crawler.page.meta_tags import iso_date
from llmready.crawler.urls import parse

PAGE = parse("https://example.org/")
ODD = [
    *("", "0", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00", "9999-12-31T23:59:59"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T24:00:00", "2026-13-45"),
    *(
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 -0000",
    ),
    *("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", "Thu, 01 Jan 99999999999 00:00:00 GMT"),
    *("\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0661", ", : + -", "1 Jan \u00b2026", "9" * 5000),
]


@pytest.mark.parametrize("date", ODD)
def test_odd_dates_are_no_errors(date: str) -> None:
    for modified, stated in itertools.product(ODD, ODD):
        headers = {"Date": date, "Last-Modified": modified}
        found = last_change(Response(PAGE, 200, headers, b""), iso_date(stated))
        assert isinstance(found, str)
    headers = {"Date": date, "Expires": date, "Age": date, "Retry-After": date}
    assert fresh_seconds(headers) >= 0
    assert fresh_seconds({"Cache-Control": f"max-age={date}", "Age": date}) >= 0
    wanted = Response(PAGE, 503, headers, b"").retry_after
    assert wanted is None or wanted >= 0
