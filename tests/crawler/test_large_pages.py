"""While a large page is cleaned, other pages are read."""

import asyncio
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler import single_pages
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.page import prepare
from testkit.crawler_program import call
from testkit.serving import Answer, Request, links, page, serving

DEADLINE_SECONDS = 10
URL = "https://example.com/"
LARGE = page("Large", f"<p>{'word ' * (prepare.LARGE // 4)}</p>")


def test_other_pages_are_fetched_while_a_large_page_is_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, later_fetched = threading.Event(), threading.Event()
    in_time: list[bool] = []
    clean = clean_markdown

    def slow(markdown: str) -> str:
        if len(markdown) >= prepare.LARGE:
            begun.set()
            in_time.append(later_fetched.wait(DEADLINE_SECONDS))
        return clean(markdown)

    def answer(request: Request) -> Answer | None:
        if request.path == "/first":
            # Its link to /later is found only while the large page is cleaned.
            begun.wait(DEADLINE_SECONDS)
        elif request.path == "/later":
            later_fetched.set()
        return Answer(pages[request.path]) if request.path in pages else None

    monkeypatch.setattr(prepare, "clean_markdown", slow)
    pages = {
        "/": page("Home", links("/large", "/first")),
        "/large": LARGE,
        "/first": page("First", links("/later")),
        "/later": page("Later"),
    }
    with serving(pages) as site:
        site.answer_request = answer
        done = call(site.url, tmp_path).completed()
        assert done.urls(site.url) == {"/", "/large", "/first", "/later"}
    assert in_time == [True]


def test_other_lines_are_converted_while_a_large_page_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    later_cleaned = threading.Event()
    in_time: list[bool] = []
    clean = clean_markdown

    def slow(markdown: str) -> str:
        if len(markdown) >= prepare.LARGE:
            in_time.append(later_cleaned.wait(DEADLINE_SECONDS))
        else:
            later_cleaned.set()
        return clean(markdown)

    monkeypatch.setattr(prepare, "clean_markdown", slow)
    lines = [{"id": 1, "url": URL, "html": LARGE}, {"id": 2, "url": URL, "html": page("Later")}]
    answers = converted("".join(json.dumps(line) + "\n" for line in lines))
    assert [answer["id"] for answer in answers] == [1, 2]
    assert not any("error" in answer for answer in answers)
    assert in_time == [True]


def converted(lines: str) -> list[dict[str, Any]]:
    """Return the answers to lines of `llmready convert --jsonl`."""
    written = io.BytesIO()
    asyncio.run(single_pages.convert_lines(io.BytesIO(lines.encode()), written))
    return [json.loads(line) for line in written.getvalue().splitlines()]
