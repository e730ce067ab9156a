"""Compare scores with a reader's ratings of the same results.

    python -m bench.quality DIR RATINGS [--table]

DIR holds one folder for each archive, as `llmready crawl --out` writes it. RATINGS is a JSON object with a rating for
the name of each folder: 1 (would not publish it) to 5 (would publish it as it is). The scores are computed anew from
the files, so that a change of a rule can be judged without another crawl. Every third archive, in the order of the
names, is held out: rules and weights are chosen without it. Prints Spearman's rank correlation for both parts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.figures import Figures
from llmready.crawler.failures import Code
from llmready.crawler.model import Coverage, PageFailure, Quality, StoredPage, Truncation
from llmready.crawler.pack.no_descriptions import describes
from llmready.crawler.pack.outline import Entry, Outline, Section
from llmready.crawler.pack.quality import judge
from llmready.crawler.pack.text_faults import TextFaults
from llmready.crawler.urls import parse

LEAST_CORRELATION = 0.8
EVERY = 3
"""The last of each group of this many archives is held out."""

_FRONT = re.compile(r"\A---\n(.*?)\n---\n(?:\n> [^\n]*\n)?", re.DOTALL)
_URL = re.compile(r"^URL: (\S+)$", re.MULTILINE)
_CUT = re.compile(r"([\d,]+) of ([\d,]+) pages ha")


def score_of(archive: Path) -> Quality:
    """Return the score of an archive's files. Raises: OSError, ValueError."""
    manifest = json.loads((archive / "manifest.json").read_text())
    failures = [PageFailure(one["url"], Code(one["code"]), one["detail"]) for one in manifest["failures"]]
    faults = TextFaults(failures)
    by_url = {page["url"]: page for page in manifest["pages"]}
    sections: defaultdict[str, list[Entry]] = defaultdict(list)
    listed = _URL.findall((archive / "llms-full.txt").read_text())
    for url in dict.fromkeys(url for url in listed if url in by_url):
        page = by_url[url]
        facts, text = _read(archive / page["path"])
        stored = StoredPage(parse(url), 0, "", "", "", "", "", page["sha256"], lang=facts.get("lang", ""))
        title, description = page["title"], facts.get("description", "")
        sections[page["section"]].append(Entry(stored, title, description))
        faults.read(stored.url, title, text.encode())
    summary = _summary((archive / "llms.txt").read_text())
    is_stated = describes(summary) and not summary.startswith(f"{manifest['site_name']}: ")
    outline = Outline(
        manifest["site_name"],
        summary,
        is_stated,
        [Section(title, entries) for title, entries in sections.items()],
    )
    return judge(outline, manifest["pages"], failures, _coverage(manifest), faults)


def _read(file: Path) -> tuple[dict[str, str], str]:
    """Return the front matter and the text of a page."""
    whole = file.read_text(errors="replace")
    front = _FRONT.match(whole)
    if front is None:
        return {}, whole
    lines = (line.partition(": ") for line in front[1].split("\n") if ': "' in line)
    return {name: json.loads(value) for name, _, value in lines}, whole[front.end() :]


def _summary(llms_txt: str) -> str:
    return next((line[2:] for line in llms_txt.split("\n") if line.startswith("> ")), "")


def _coverage(manifest: dict[str, Any]) -> Coverage:
    """Return how much of the site was crawled, without the lists that were left out."""
    kept, reason = len(manifest["pages"]), manifest["truncated_by"]
    stated = next((one["detail"] for one in manifest["quality"]["reasons"] if one["code"] == "pages_cut"), "")
    cut = _CUT.match(stated)
    left = int(cut[1].replace(",", "")) if cut else 0
    return Coverage(kept, kept + left + len(manifest["failures"]), Truncation(reason) if reason else None)


def correlation(first: list[float], second: list[float]) -> float:
    """Return Spearman's rank correlation of two lists of equal length; equal values share their mean rank."""
    ranks = [_ranks(values) for values in (first, second)]
    means = [sum(row) / len(row) for row in ranks]
    apart = [[value - mean for value in row] for row, mean in zip(ranks, means, strict=True)]
    product = sum(one * other for one, other in zip(*apart, strict=True))
    squares = [sum(value * value for value in row) for row in apart]
    return float(product / (squares[0] * squares[1]) ** 0.5) if all(squares) else 0.0


def _ranks(values: list[float]) -> list[float]:
    order = sorted(values)
    return [order.index(value) + (order.count(value) - 1) / 2 for value in values]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("archives", type=Path, metavar="DIR")
    parser.add_argument("ratings", type=Path, metavar="RATINGS")
    parser.add_argument("--table", action="store_true", help="print a table of all archives in Markdown")
    wanted = parser.parse_args()
    ratings = {name: float(rating) for name, rating in json.loads(wanted.ratings.read_text()).items()}
    names = sorted(ratings)
    scores = {name: score_of(wanted.archives / name) for name in names}
    held_out = set(names[EVERY - 1 :: EVERY])
    if wanted.table:
        print("| archive | part | rating | score | reasons |\n|---|---|---|---|---|")
        for name in sorted(names, key=lambda name: (-ratings[name], name)):
            reasons = ", ".join(f"`{one.code}` {one.points}" for one in scores[name].reasons)
            part = "held out" if name in held_out else "calibration"
            print(f"| {name} | {part} | {ratings[name]:g} | {scores[name].score} | {reasons} |")
    figures = Figures()
    for what, members in (
        ("calibration", sorted(set(names) - held_out)),
        ("held out", sorted(held_out)),
    ):
        found = correlation(
            [float(scores[name].score) for name in members], [ratings[name] for name in members]
        )
        figures.at_least(f"rank correlation, {what} ({len(members)} archives)", found, LEAST_CORRELATION)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
