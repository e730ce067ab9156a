"""The time of packing and of reading a front page does not grow with the product of pages, links and elements."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from string import ascii_lowercase

import pytest

from llmready.crawler.fetch.response import Response
from llmready.crawler.pack.no_descriptions import describes
from llmready.crawler.pack.outline import make_outline
from llmready.crawler.page.brand import read_brand
from llmready.crawler.page.meta_tags import description
from llmready.crawler.page.metadata import read_metadata
from llmready.crawler.page.text import read_text
from llmready.crawler.store.navigation import SiteNavigation
from llmready.crawler.urls import parse
from testkit.raw_facts import NO_FACTS

START = parse("https://bakery.example/")
SHORTEST_SECONDS = 0.05
MOST_TIMES = 9.0
"""Four times the size may take nine times as long; quadratic time would be sixteen times as long."""
MEASUREMENTS = 3

_ARTICLE, _ = read_text(
    Response(START, 200, {"Content-Type": "text/markdown"}, b"# Rolls\n\nSome text of the page."), START, 0
)
_TAGS = ["".join(letters) for letters in product("bcdg", ascii_lowercase, ascii_lowercase)]


def _divide_folders(size: int) -> None:
    """Arrange pages in folders below a front page whose headings and links name none of them."""
    home = replace(_ARTICLE, title="The bakery")
    inner = [
        replace(
            _ARTICLE, url=START._replace(path=f"/f{number // 2}/p{number}"), title=f"Roll {number}", depth=1
        )
        for number in range(size)
    ]
    text = "# The bakery\n\n" + "## Bread\n\n- [Bread](https://bakery.example/bread)\n" * (10 * size)
    make_outline([home, *inner], START, lambda page: text if page is home else "Some text.")


def _divide_languages(size: int) -> None:
    """Arrange pages that state hundreds of languages, with menus of many links."""
    home = replace(_ARTICLE, title="The bakery", lang="en")
    inner = [
        replace(
            _ARTICLE,
            url=START._replace(path=f"/p{number}"),
            title=f"Roll {number}",
            depth=1,
            lang=_TAGS[number // 2],
        )
        for number in range(size)
    ]
    navigation = SiteNavigation()
    menu = [[f"Roll {number}", f"/x{number}"] for number in range(20 * size)]
    navigation.add(json.dumps([menu]), START, START, is_whole=True)
    make_outline([home, *inner], START, lambda _: "Some text.", navigation)


def _refresh(size: int) -> None:
    read_metadata(
        {**NO_FACTS, "metas": [("", "refresh", f"0.{'1' * size}''x")]},
        START,
    )


WORK: dict[str, tuple[Callable[[int], object], int]] = {
    "folders": (_divide_folders, 50),
    "languages": (_divide_languages, 150),
    "logos": (lambda size: read_brand("<div class=logo>" * (size // 10) + "<img alt=a>" * size), 4000),
    "titles of a site": (
        lambda size: read_brand("<header>" * (size // 10) + "<i class=logo></i>" * size),
        6000,
    ),
    "comments": (lambda size: description({"description": "<!--" * size + "&#10;x"}), 2000),
    "refresh": (_refresh, 2000),
    "number of a figure": (lambda size: describes(f"Figure {'1' * size}x"), 2000),
}
"""The work, and the smallest size that is measured."""


def _seconds(call: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    call(size)
    return time.process_time() - began


@pytest.mark.parametrize("name", WORK)
def test_four_times_the_size_takes_at_most_nine_times_as_long(name: str) -> None:
    call, size = WORK[name]
    short = max(SHORTEST_SECONDS, min(_seconds(call, size) for _ in range(MEASUREMENTS)))
    long = min(_seconds(call, 4 * size) for _ in range(MEASUREMENTS))
    assert long <= MOST_TIMES * short, f"{short:.3f} s, then {long:.3f} s"
