"""Compare the main text of labelled pages with other extractors in one run: `python -m bench.markdown --labelled
DIR`.

`DIR` has the format of the Web Content eXtraction Benchmark (WCXB): ``html/ID.html.gz``, and ``truth.jsonl.gz`` with
``id``, ``url``, ``type`` and ``main_content`` in each line. The metric is that of the benchmark: words (``\\w+``,
lower case) as multisets, precision, recall and F1 per page, then means over pages. Markdown is rendered first.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from bench.figures import Figures
from bench.labelled_parts import kept_parts, words_of
from llmready.crawler.convert.converters import Converters
from llmready.crawler.failures import Failure
from llmready.crawler.single_pages import MAX_WAITING, convert
from llmready.crawler.urls import BadUrl

PEERS = Path(__file__).resolve().parent / "peers"
OURS = "LLMReady"
F1, RECALL, MILLISECONDS = 0.87, 0.92, 4.0
KEEP = {
    "images": 0.93,
    "headings": 0.98,
    "list items": 0.96,
    "links": 0.97,
    "code": 0.96,
    "table rows": 0.98,
    "quotes": 0.96,
}
_render = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render
_AT_ONCE = 50
"""Pages per process of a peer, because jsdom does not free all of its memory."""
_WITH_TEXT = ("article", "documentation")


@dataclass(frozen=True)
class Page:
    """A page as it was served, with its label."""

    id: str
    url: str
    type: str
    truth: str
    html: bytes


@dataclass(frozen=True)
class Extracted:
    """Result of one extractor for all pages: Markdown or text by page ID, and total seconds."""

    texts: dict[str, str]
    seconds: float
    is_markdown: bool


def read(folder: Path) -> list[Page]:
    """Read the labelled pages of a folder. Raises: SystemExit when there are none."""
    try:
        lines = gzip.decompress((folder / "truth.jsonl.gz").read_bytes()).splitlines()
    except OSError as error:
        raise SystemExit(f"{folder} is not a folder of labelled pages: {error}") from None
    pages = []
    for line in lines:
        label = json.loads(line)
        file = folder / "html" / f"{label['id']}.html.gz"
        if file.is_file():
            html = gzip.decompress(file.read_bytes())
            pages.append(Page(label["id"], label["url"], label["type"], label["main_content"], html))
    if not pages:
        raise SystemExit(f"{folder} has labels but no pages in html/.")
    return pages


def sample(pages: list[Page], count: int) -> list[Page]:
    """Return about `count` pages: every n-th page of the pages in the order of their types and IDs."""
    step = max(1, round(len(pages) / max(1, count)))
    return sorted(pages, key=lambda page: (page.type, page.id))[::step]


def ours(pages: list[Page]) -> Extracted:
    """Convert with `llmready convert --jsonl`, and measure the conversion without reading and writing its lines.

    The times of the peers contain only their extraction: no start, no JSON. So the time is that of the function which
    the command calls for each page, with pages in memory and as many of them at the same time as in the command.
    """
    lines = "".join(
        json.dumps(
            {
                "id": page.id,
                "url": page.url,
                "body_base64": base64.b64encode(page.html).decode(),
                "content_type": "text/html",
            }
        )
        + "\n"
        for page in pages
    )
    program: list[str | Path] = [Path(sys.executable).with_name("llmready"), "convert", "--jsonl"]
    # Its exit code is not checked: 1 means that a page has no text, and its line contains the reason.
    done = subprocess.run(program, input=lines, stdout=subprocess.PIPE, text=True, check=False)
    texts = {line["id"]: line.get("markdown") or "" for line in _records(done.stdout)}
    return Extracted(texts, asyncio.run(_seconds(pages)), is_markdown=True)


async def _seconds(pages: list[Page]) -> float:
    """Return the seconds that the conversion of all pages takes, after the start of the converter."""
    waiting = iter(pages)
    converters = Converters()
    await converters.start()

    async def convert_one(page: Page) -> None:
        # A page without text or URL has no Markdown, which its score shows.
        with suppress(Failure, BadUrl):
            async with converters.least_busy() as converter:
                await convert(page.html, "text/html", page.url, converter)

    async def convert_others() -> None:
        for page in waiting:
            await convert_one(page)

    try:
        # The first pages start the converters.
        await asyncio.gather(*(convert_one(page) for page in pages[:MAX_WAITING]))
        began = time.perf_counter()
        await asyncio.gather(*(convert_others() for _ in range(MAX_WAITING)))
        return time.perf_counter() - began
    finally:
        await converters.close()


def _records(output: str) -> list[Any]:
    """Parse lines of JSON. `splitlines` would also split at line separators within texts."""
    return [json.loads(line) for line in output.split("\n") if line]


def peer(program: list[str | Path], pages: list[Page]) -> dict[str, Extracted]:
    """Run a program that reads `{id, url, html}` lines and writes one line `{name, seconds, texts}` for each peer."""
    found: dict[str, Extracted] = {}
    for start in range(0, len(pages), _AT_ONCE):
        lines = "".join(
            json.dumps({"id": page.id, "url": page.url, "html": page.html.decode("utf-8", "replace")}) + "\n"
            for page in pages[start : start + _AT_ONCE]
        )
        done = subprocess.run(program, input=lines, stdout=subprocess.PIPE, text=True, check=True)
        print(
            f"{Path(program[-1]).name}: {min(start + _AT_ONCE, len(pages))} of {len(pages)} pages", flush=True
        )
        for one in _records(done.stdout):
            before = found.get(one["name"], Extracted({}, 0.0, is_markdown=False))
            texts, seconds = before.texts | one["texts"], before.seconds + one["seconds"]
            found[one["name"]] = Extracted(texts, seconds, is_markdown=False)
    return found


def install_node_peers(folder: Path) -> list[str | Path]:
    """Install readability.js and defuddle into a separate folder. Returns: the command that runs them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "labelled_peers.mjs"):
        source = "labelled_package.json" if name == "package.json" else name
        (folder / name).write_bytes((PEERS / source).read_bytes())
    npm = Path(sys.executable).with_name("npm")
    subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return [Path(sys.executable).with_name("node"), folder / "labelled_peers.mjs"]


def measure(pages: list[Page], extracted: dict[str, Extracted]) -> bool:
    """Print the table, and LLMReady's shares of kept parts with their limits. Returns: whether all are met."""
    rows = {name: _rows(pages, one) for name, one in extracted.items()}
    kinds = sorted({page.type for page in pages})
    print(f"{len(pages)} pages; precision / recall / F1, means over pages")
    print(f"{'':14}{'all':>20}{'ms a page':>11}" + "".join(f"{kind:>15}" for kind in kinds))
    for name, found in rows.items():
        means = "/".join(f"{fmean(row[index] for row in found):.3f}" for index in range(3))
        by_kind = "".join(f"{_f1(pages, found, kind):>15.3f}" for kind in kinds)
        print(f"{name:14}{means:>20}{1000 * extracted[name].seconds / len(pages):>11.1f}{by_kind}")
    figures = Figures()
    mine = rows[OURS]
    figures.at_least("F1", fmean(row[2] for row in mine), F1)
    figures.at_least("recall", fmean(row[1] for row in mine), RECALL)
    for kind in kinds:
        best = max((_f1(pages, found, kind) for name, found in rows.items() if name != OURS), default=0.0)
        figures.at_least(f"F1 of {kind} pages, compared with the best peer", _f1(pages, mine, kind), best)
    figures.at_most("milliseconds a page", 1000 * extracted[OURS].seconds / len(pages), MILLISECONDS)
    for part, (kept, there) in _kept(pages, extracted[OURS].texts).items():
        figures.at_least(f"{part} kept, of {there:,}", kept / max(1, there), KEEP[part])
    texts = [page for page in pages if page.type in _WITH_TEXT]
    for part, (kept, there) in _kept(texts, extracted[OURS].texts).items():
        figures.note(f"{part} kept on articles and documentation, of {there:,}", kept / max(1, there))
    # Menus are no main text, but some labels contain them.
    for part, (kept, there) in _kept(pages, extracted[OURS].texts, without_menus=True).items():
        figures.note(f"{part} kept outside of nav and footer, of {there:,}", kept / max(1, there))
    return not figures.missed


def _rows(pages: list[Page], one: Extracted) -> list[tuple[float, float, float]]:
    rows = []
    for page in pages:
        text = one.texts.get(page.id, "")
        text = _text(_render(text)) if one.is_markdown else text
        rows.append(_scores(Counter(words_of(text)), Counter(words_of(page.truth))))
    return rows


def _scores(found: Counter[str], wanted: Counter[str]) -> tuple[float, float, float]:
    both = (found & wanted).total()
    precision, recall = both / max(1, found.total()), both / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0


def _f1(pages: list[Page], rows: list[tuple[float, float, float]], kind: str) -> float:
    return fmean(row[2] for page, row in zip(pages, rows, strict=True) if page.type == kind)


def _kept(
    pages: list[Page], markdown: dict[str, str], *, without_menus: bool = False
) -> dict[str, tuple[int, int]]:
    """Count by kind the parts of all pages that the Markdown keeps, and those that are main text."""
    kept, there = Counter[str](), Counter[str]()
    for page in pages:
        converted = _render(markdown.get(page.id, ""))
        with_images = page.type in _WITH_TEXT
        parts = kept_parts(
            page.html, page.url, converted, page.truth, with_images=with_images, without_menus=without_menus
        )
        for kind, (one_kept, one_there) in parts.items():
            kept[kind] += one_kept
            there[kind] += one_there
    return {part: (kept[part], there[part]) for part in KEEP}


def _text(html: str) -> str:
    body = LexborHTMLParser(html).body
    return body.text(separator=" ") if body is not None else ""
