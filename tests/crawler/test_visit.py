"""A visit turns a response into an outcome and the links of the page, and changes nothing else."""

from __future__ import annotations

from typing import Any, cast

import pytest

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.engine.candidate import Candidate
from llmready.crawler.engine.scope import Scope
from llmready.crawler.engine.visit import Copy, Fail, Outcome, Redirect, Skip, Store, Visit, visit
from llmready.crawler.failures import Code
from llmready.crawler.fetch.response import Response
from llmready.crawler.fetch.robots import Robots
from llmready.crawler.urls import parse
from llmready.patterns import Patterns

START = parse("https://example.com/")
PAGE = parse("https://example.com/guide/page")
HTML = {"Content-Type": "text/html; charset=utf-8"}


class Reported:
    """A converter that reports the given facts of every page."""

    def __init__(self, **facts: Any) -> None:
        self.facts = {
            "lang": "",
            "title": "A page",
            "heading": "A page",
            "metas": [],
            "related": [],
            "dates": [],
            "links": ["/a", "/b"],
            "page_type": "article",
            "navigation": "",
            "published": [],
            "offer": [],
            "is_menu": False,
            "is_frameset": False,
            **facts,
        }

    async def read(self, _html: bytes, _url: str) -> tuple[dict[str, Any], str]:
        return self.facts, "# A page\n\nIts text."


async def judge(
    response: Response | None = None,
    *,
    stays: bool = False,
    robots: str = "",
    exclude: str = "",
    **facts: Any,
) -> Visit:
    return await visit(
        response or Response(PAGE, 200, HTML, b"<p>Text"),
        Candidate(PAGE, depth=1, stays=stays),
        Scope(START, Robots(START, robots), Patterns(exclude=[exclude])),
        cast("Converter", Reported(**facts)),
        None,
    )


async def test_page_is_stored_with_its_links() -> None:
    found = await judge()
    assert isinstance(found.outcome, Store)
    assert [str(url) for url in found.links[0].urls] == ["https://example.com/a", "https://example.com/b"]


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (301, {"Location": "/new"}, Redirect(parse("https://example.com/new"))),
        (301, {}, Code.HTTP_ERROR),
        (404, {}, Code.HTTP_ERROR),
        (429, {}, Code.RATE_LIMITED),
        (500, {}, Code.SERVER_ERROR),
        (200, {"Content-Type": "application/pdf"}, Code.NOT_HTML),
    ],
)
async def test_status_and_type_decide_without_a_converter(
    status: int, headers: dict[str, str], outcome: Outcome | Code
) -> None:
    found = (await judge(Response(PAGE, status, headers, b""))).outcome
    assert (found.failure.code if isinstance(found, Fail) else found) == outcome


async def test_page_that_names_another_as_canonical_is_a_copy() -> None:
    related = [("canonical", "/original", "", False)]
    found = (await judge(related=related)).outcome
    assert isinstance(found, Copy)
    assert found.original == parse("https://example.com/original")
    assert isinstance((await judge(related=related, stays=True)).outcome, Store)
    assert isinstance((await judge(related=related, exclude="original")).outcome, Store)
    assert isinstance((await judge(related=related, robots="User-agent: *\nDisallow: /orig")).outcome, Store)


@pytest.mark.parametrize("canonical", ["/", "https://other.example/x", "/guide/page?"])
async def test_canonical_that_would_lose_the_page_is_not_followed(canonical: str) -> None:
    assert isinstance((await judge(related=[("canonical", canonical, "", False)])).outcome, Store)


async def test_short_refresh_is_a_redirect() -> None:
    found = await judge(metas=[("", "refresh", "0; url=/next")])
    assert found.outcome == Redirect(parse("https://example.com/next"))


async def test_robots_rules_and_patterns_skip_a_page_and_keep_its_links() -> None:
    for found in (await judge(metas=[("robots", "", "noindex")]), await judge(exclude="/guide")):
        assert found.outcome == Skip()
        assert len(found.links[0].urls) == 2
    assert (await judge(metas=[("robots", "", "nofollow")])).links[0].urls == []


async def test_markdown_is_stored_with_its_links() -> None:
    response = Response(
        PAGE, 200, {"Content-Type": "text/markdown"}, b"# T\n\n[a](/a) <https://example.com/b>\n"
    )
    found = await judge(response)
    assert isinstance(found.outcome, Store)
    assert [url.path for url in found.links[0].urls] == ["/a", "/b"]
    response = Response(
        PAGE, 200, {"Content-Type": "text/markdown", "X-Robots-Tag": "none"}, b"# T\n\n[a](/a)\n"
    )
    assert await judge(response) == Visit(Skip())


async def test_internal_error_fails_only_the_page() -> None:
    found = (await judge(title=None)).outcome
    assert isinstance(found, Fail)
    assert found.failure.code == Code.INTERNAL_ERROR
