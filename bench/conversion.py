"""Compare the conversion with Mdream alone: `python -m bench.conversion`.

The labelled pages of tests/quality and one synthetic page of 72 kB, through the same persistent Node child: the whole
page to Markdown by Mdream alone, and the main part to Markdown by LLMReady's converter, which the sanitiser then
cleans; one page at a time, then with as many pages in progress as in a crawl. Rounds alternate, so that other load
affects both. Then pages with special structures.
"""

import argparse
import asyncio
import os
import statistics
import time
from operator import truediv
from pathlib import Path

from bench.figures import Figures
from bench.site import numbered_pages
from llmready.crawler.convert.node import SCRIPT
from llmready.crawler.convert.node_child import MAX_WAITING, Converter
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.failures import Failure
from llmready.crawler.urls import parse
from testkit.labels import available

ALONE = Path(__file__).with_name("mdream_alone.mjs")
URL = parse("https://example.com/docs/page.html")
MOST = 1.5
WARM_UP = 5
TICKS = os.sysconf("SC_CLK_TCK")


class Side:
    """A converter with its seconds for each round."""

    def __init__(self, name: str, script: Path, *, safe: bool):
        self.name, self.safe = name, safe
        self.converter = Converter(script)
        self.begin(in_hand=1)

    def begin(self, *, in_hand: int) -> None:
        """Reset the measurement; the converter limits the number of pages in progress."""
        self.in_hand = in_hand
        self.wall: list[float] = []
        self.cpu = 0.0

    async def start(self) -> None:
        await self.converter.start()

    def used(self) -> float:
        """CPU seconds of the child, and of this process."""
        child = self.converter._child  # noqa: SLF001 - its number is nowhere else
        if child is None:
            raise RuntimeError("the converter does not run; call start first")
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS + time.process_time()

    async def convert(self, page: bytes) -> None:
        markdown = await self.converter.convert(page, str(URL))
        if self.safe:
            clean_markdown(markdown)

    async def round(self, pages: list[bytes], *, counts: bool) -> None:
        before, began = self.used(), time.perf_counter()
        if self.in_hand == 1:
            for page in pages:
                await self.convert(page)
        else:
            await asyncio.gather(*map(self.convert, pages))
        if counts:
            self.wall.append(time.perf_counter() - began)
            self.cpu += self.used() - before


HOSTILE = {
    "100,000 nested elements": "<div>" * 100_000,
    "4,900 nested elements, 100,000 texts": "<div>" * 4_900 + "<b>x</b> y " * 100_000,
    "100,000 siblings": "<main>" + "<p>x</p>" * 100_000,
    "100,000 links": "<main>" + "<a href=x>y</a>" * 100_000,
    "a table of 100,000 cells": "<main><table>"
    + ("<tr>" + "<td rowspan=50 colspan=50>x" * 10) * 10_000
    + "</table>",
    "400 nested tables": "<table><tr><td>x<td>" * 400,
    "a code block of 5 MB": "<main><pre>" + "x = 1 &lt; 2\n" * 400_000 + "</pre>",
    "end tags without a start": "<div>" * 400
    + "<table><tr><td>"
    + "<span>" * 90
    + "</section></b></p>" * 60_000,
    "a million signs that begin no tag": "<main>" + "<" * 1_000_000,
    "formatting that crosses blocks": "<main>" + "<b><i><a href=x><div></b></i></a>" * 5_000,
    "names of many parts": "<main>"
    + "".join(f"<div class='nav-{n} sidebar-{n}'>x</div>" for n in range(50_000)),
}


async def compare(
    alone: Side, ours: Side, pages: list[bytes], *, rounds: int, in_hand: int, figures: Figures
) -> None:
    """Run both sides alternately and print their times, with a number of pages in progress."""
    for side in (alone, ours):
        side.begin(in_hand=in_hand)
    for number in range(WARM_UP + rounds):
        for side in (alone, ours):
            await side.round(pages, counts=number >= WARM_UP)
    for side in (alone, ours):
        wall = statistics.median(side.wall) / len(pages) * 1000
        print(f"{side.name:30} median {wall:6.2f}  CPU {side.cpu / rounds / len(pages) * 1000:6.2f}")
    # Each round is compared with the previous round of the other side, because the machine's speed changes during a
    # run.
    share = statistics.median(map(truediv, ours.wall, alone.wall))
    figures.at_most(f"time, ours to Mdream's, {in_hand} in hand", share, MOST)
    figures.at_most(f"CPU of both processes, {in_hand} in hand", ours.cpu / alone.cpu, MOST)


async def measure(rounds: int) -> bool:
    found, missing = available()
    for reason in missing:
        print(f"left out: {reason}")
    folder = numbered_pages(Path(".build/conversion"), 1)
    pages = [*(label.html.encode() for label in found), (folder / "page-0.html").read_bytes()]
    alone = Side("mdream alone", ALONE, safe=False)
    ours = Side("main part, converted, made safe", SCRIPT, safe=True)
    for side in (alone, ours):
        await side.start()
    figures = Figures()
    print(f"{len(pages)} pages, {sum(map(len, pages)) / 1e6:.2f} MB, {rounds} rounds; ms a page")
    for in_hand in (1, MAX_WAITING):
        await compare(alone, ours, pages, rounds=rounds, in_hand=in_hand, figures=figures)
    for name, page in HOSTILE.items():
        began = time.perf_counter()
        try:
            _, markdown = await ours.converter.read(page.encode(), str(URL))
            said = f"{len(clean_markdown(markdown)) / 1000:.0f} kB"
        except Failure as failure:
            said = failure.code
        print(f"{name:40} {len(page) / 1e6:5.1f} MB {time.perf_counter() - began:6.2f} s  {said}")
    for side in (alone, ours):
        await side.converter.close()
    return not figures.missed


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=61)
    options = arguments.parse_args()
    raise SystemExit(0 if asyncio.run(measure(options.rounds)) else 1)


if __name__ == "__main__":
    main()
