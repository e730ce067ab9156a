"""Measure the time from the last page of a crawl to the finished zip, and check that equal sites give equal bytes.

    .venv/bin/python -m bench.pack [--pages 1000] [--size 30000]

The site on loopback consists of generated pages. The time begins with the last request that the server received and
ends when the crawler reports completion, so it includes the conversion of the last pages.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bench.figures import Figures
from testkit.crawler_program import command, environment
from testkit.serving import Answer, Site, serving

SECONDS = 1.0
LETTERS = "eeeeetttaaaooiinnsshhrrddlluucmwfgypbvk"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pack", description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--size", type=int, default=30_000, help="bytes of text of a page")
    wanted = parser.parse_args()
    pages = generated(wanted.pages, wanted.size)
    figures = Figures()
    with serving(pages.get) as site, tempfile.TemporaryDirectory() as folder:
        crawls = [_crawled(site, Path(folder) / str(number), wanted.pages) for number in range(2)]
        after = min(seconds for seconds, _ in crawls)
        first, second = (_contents(archive) for _, archive in crawls)
        figures.note("pages in the zip", sum(name.startswith("md/") for name in first))
        figures.note("zip", crawls[0][1].stat().st_size / 1e6, "MB")
        figures.at_most("from the last page to the finished zip", after, SECONDS, "s")
        differing = [name for name in first | second if first.get(name) != second.get(name)]
        figures.at_most("files that differ in a second crawl, except manifest.json", len(differing) - 1, 0)
    return 1 if figures.missed or differing != ["manifest.json"] else 0


def generated(count: int, size: int) -> dict[str, Answer]:
    """Return a site of ``count`` pages with ``size`` bytes of words each, by path."""
    chance = random.Random(1)
    words = ["".join(chance.choices(LETTERS, k=chance.randint(2, 9))) for _ in range(20_000)]
    common = [1 / (rank + 1) ** 0.7 for rank in range(len(words))]
    pages: dict[str, Answer] = {}
    for number in range(count):
        text = chance.choices(words, common, k=size // 6)
        paragraphs = "".join(f"<p>{' '.join(text[at : at + 80])}.</p>\n" for at in range(0, len(text), 80))
        links = "".join(
            f'<li><a href="/part-{n % 12}/{n}">Page {n}</a></li>' for n in range(count)[number + 1 :][:50]
        )
        body = f"<main><h1>Page {number}</h1>{paragraphs}<ul>{links}</ul></main>"
        html = f"<!doctype html><html lang=en><head><title>Page {number}</title></head><body>{body}</body></html>"
        pages[f"/part-{number % 12}/{number}" if number else "/"] = Answer(html)
    return pages


def _crawled(site: Site, folder: Path, count: int) -> tuple[float, Path]:
    folder.mkdir()
    arguments = ("--zip", "--events", f"--max-pages={count}", "--timeout=600")
    crawler = subprocess.Popen(
        command(site.url, folder / "out", *arguments),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(site.address),
    )
    with crawler:
        last = [(time.monotonic(), json.loads(line)) for line in crawler.stdout or ()][-1]
    ended, event = last
    if event["event"] != "completed" or event["pages_crawled"] != count:
        sys.exit(f"the crawl failed: {event}")
    return ended - site.requests[-1].at, Path(event["archive"])


def _contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


if __name__ == "__main__":
    sys.exit(main())
