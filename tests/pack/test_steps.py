"""A site whose pages cannot be arranged in time gets an archive with a simpler structure, and a warning."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.fetch.response import Response
from llmready.crawler.pack import outline, steps
from llmready.crawler.page.text import read_text
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import links, page, serving

LIMIT = 0.1
SLOW = 1.0
"""Seconds of a step that is too slow. Without the limit it ends, so that the tests end as well."""
START = parse("https://bakery.example/")
STEPS = ("site_languages", "site_name", "page_titles", "page_descriptions", "arrange")
WARNING = "Arranging the pages took too long, so llms.txt lists them without sections."

_ARTICLE, _ = read_text(
    Response(START, 200, {"Content-Type": "text/markdown"}, b"# Rolls\n\nSome text of the page."), START, 0
)


@pytest.fixture(params=STEPS)
def _slow_step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SECONDS", LIMIT)
    monkeypatch.setattr(steps, "SECONDS_A_PAGE", 0.0)
    fast = getattr(outline, request.param)

    def slow(*arguments: Any, **named: Any) -> Any:
        end = time.monotonic() + SLOW
        while time.monotonic() < end:
            pass
        return fast(*arguments, **named)

    monkeypatch.setattr(outline, request.param, slow)


@pytest.mark.usefixtures("_slow_step")
def test_all_pages_are_listed_without_sections_if_a_step_takes_too_long() -> None:
    titles = ["Rolls", "Rolls", "Bread", ""]
    inner = [
        replace(
            _ARTICLE,
            url=START._replace(path=f"/part/{number}"),
            title=title,
            description=f"Text {number}.",
            depth=1,
        )
        for number, title in enumerate(titles)
    ]
    found = outline.make_outline([*inner, _ARTICLE], START, lambda _: "# Rolls\n\nSome text.")
    assert found.is_simplified
    assert len(found.sections) == 1
    assert [entry.page.url.path for entry in found.entries] == [
        "/",
        "/part/0",
        "/part/1",
        "/part/2",
        "/part/3",
    ]
    assert all(entry.title for entry in found.entries)
    assert len({entry.title for entry in found.entries}) == len(found.entries)


@pytest.mark.usefixtures("_slow_step")
def test_archive_is_complete_and_has_a_warning_if_a_step_takes_too_long(tmp_path: Path) -> None:
    paths = [f"/{part}/{number}" for part in ("bread", "rolls") for number in range(5)]
    pages = {path: page(f"Page {path}", f"<p>Text of {path}.</p>") for path in paths}
    with serving({"/": page("Home", links(*paths)), **pages}) as site:
        done = call(site.url, tmp_path, "--zip").completed()
        assert done.urls(site.url) == {"/", *paths}
        assert all(f"]({site.url}{path})" in done.llms for path in paths)
    assert done.manifest["warnings"] == [WARNING]
    assert done.last["simplified"] is True
    assert Path(done.last["archive"]).is_file()


def test_an_ordinary_site_has_no_warning(tmp_path: Path) -> None:
    with serving({"/": page("Home", links("/a")), "/a": page("A", "<p>Text.</p>")}) as site:
        done = call(site.url, tmp_path).completed()
    assert done.manifest["warnings"] == []
    assert done.last["simplified"] is False


def test_the_limit_grows_with_the_number_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    monkeypatch.setattr(steps, "SECONDS_A_PAGE", 1.0)
    assert steps.Steps(0).run(lambda: "full", lambda: "simple") == "simple"
    assert steps.Steps(1000).run(lambda: "full", lambda: "simple") == "full"
