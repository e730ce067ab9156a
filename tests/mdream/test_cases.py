"""Small pages with their expected Markdown: `cases/*.txt`, one file per subject.

A case consists of a line `### name` (with ` @ URL` if the address matters), the HTML (inserted into a page unless it
has a `<body>`), a line `--`, and lines about the Markdown: `+ text` and `- text` for text that it must and must not
contain, `| line` for lines that must follow each other exactly. `\\n` is a line break.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.failures import Failure
from llmready.crawler.single_pages import HTML_IN_UTF8, convert

FOLDER = Path(__file__).with_name("cases")
URL = "https://example.com/bakery/bread.html"
LEAD = "Baking at home takes a day, of which the baker works for less than half an hour."
MORE = "Flour, water and salt are all it needs, and a warm corner of the kitchen where the dough can rest."


@dataclass(frozen=True)
class Case:
    """One page, and the text that its Markdown must and must not contain."""

    name: str
    url: str
    page: str
    present: tuple[str, ...]
    absent: tuple[str, ...]
    lines: str


def _cases() -> list[Case]:
    found: list[Case] = []
    for file in sorted(FOLDER.glob("*.txt")):
        for block in ("\n" + file.read_text(encoding="utf-8")).split("\n### ")[1:]:
            head, _, rest = block.partition("\n")
            name, _, url = head.partition(" @ ")
            page, _, said = rest.partition("\n--\n")
            lines = said.strip("\n").split("\n")
            found.append(
                Case(
                    f"{file.stem}: {name}",
                    url or URL,
                    _whole(page),
                    tuple(line[2:].replace("\\n", "\n") for line in lines if line.startswith("+ ")),
                    tuple(line[2:].replace("\\n", "\n") for line in lines if line.startswith("- ")),
                    "\n".join(line[2:] for line in lines if line.startswith("|")),
                )
            )
    return found


def _whole(page: str) -> str:
    filled = page.replace("LEAD", f"<p>{LEAD}</p>").replace("MORE", f"<p>{MORE}</p>")
    if "<body" in filled:
        return filled
    main = f"<main><h1>Bread</h1><p>{LEAD}</p>{filled}</main>"
    return f"<html><head><title>Bread</title></head><body>{main}</body></html>"


CASES = _cases()


@cache
def _markdown() -> dict[str, str]:
    return _in_one_process(CASES)


def _in_one_process(cases: list[Case]) -> dict[str, str]:
    """Convert pages one after the other. Return their Markdown by name."""

    async def run() -> dict[str, str]:
        converter = Converter()
        await converter.start()
        try:
            return {case.name: await _converted(case, converter) for case in cases}
        finally:
            await converter.close()

    return asyncio.run(run())


async def _converted(case: Case, converter: Converter) -> str:
    try:
        return (await convert(case.page.encode(), HTML_IN_UTF8, case.url, converter)).markdown
    except Failure as failure:
        return str(failure.code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    markdown = _markdown()[case.name]
    assert [text for text in case.present if text not in markdown] == [], markdown
    assert [text for text in case.absent if text in markdown] == [], markdown
    assert case.lines in markdown, markdown
    assert case.present or case.absent or case.lines


def test_a_page_does_not_depend_on_the_pages_before_it() -> None:
    assert _in_one_process(CASES[::-1]) == _markdown()


def test_a_player_is_compared_with_the_players_of_its_page() -> None:
    """Both pages have the same elements."""

    def watched(name: str, early: str, late: str) -> Case:
        players = [f'<iframe src="https://www.youtube.com/embed/{film}"></iframe>' for film in (early, late)]
        page = _whole(f"<div><noscript>{players[0]}</noscript>{players[1]}</div>")
        return Case(name, URL, page, (), (), "")

    markdown = _in_one_process([watched("one film", "abc", "abc"), watched("two films", "abc", "def")])
    assert markdown["one film"].count("](https://www.youtube.com/embed/abc)") == 1
    assert [
        markdown["two films"].count(f"](https://www.youtube.com/embed/{film})") for film in ("abc", "def")
    ] == [1, 1]
