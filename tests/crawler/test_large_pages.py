"""Large pages: the crawl goes on while one of them is cleaned."""

import threading
from pathlib import Path

import pytest

from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.page import prepare
from testkit.crawler_program import call
from testkit.serving import Answer, Request, links, page, serving

DEADLINE_SECONDS = 10
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
