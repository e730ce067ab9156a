"""Compare the Markdown of labelled pages with other extractors: `python -m bench.markdown [--pages | --labelled
DIR [--sample N]]`.

Main text (precision, recall and F1 over runs of four words), code blocks kept line by line, their languages, rows of
tables. The pages and labels are those of tests/quality; the peers are installed into a folder of their own.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean

from bench import labelled
from bench.figures import Figures
from llmready.crawler.convert.node_child import Converter
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.urls import parse
from testkit.labels import Label, available
from testkit.scores import Score, score

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
KEPT = ROOT / ".build" / "bench" / "markdown"
URL = parse("https://example.com/docs/page.html")
F1, KEEP = 0.90, 0.98
OURS = "LLMReady"


def install_peers() -> Path:
    """Install the peers, unless they are installed. Returns: their Python."""
    python, stamp = KEPT / "bin" / "python", KEPT / "peers.txt"
    wanted = (PEERS / "markdown.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("installing the peers …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", KEPT], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", PEERS / "markdown.txt"], check=True)
        stamp.write_text(wanted)
    return python


def of_peers(pages: list[str]) -> dict[str, list[str]]:
    program = [install_peers(), PEERS / "markdown_peers.py"]
    done = subprocess.run(program, input=json.dumps(pages), stdout=subprocess.PIPE, text=True, check=True)
    converted: dict[str, list[str]] = json.loads(done.stdout)
    return converted


async def of_ours(pages: list[str]) -> list[str]:
    converter = Converter()
    await converter.start()
    try:
        return [clean_markdown(await converter.convert(page.encode(), str(URL))) for page in pages]
    finally:
        await converter.close()


def table(found: list[Label], scores: dict[str, list[Score]], *, pages: bool) -> None:
    print(
        f"{len(found)} pages of {len({label.maker for label in found})} makers, means over pages; parts kept"
    )
    print(
        f"{'':18} {'precision':>9} {'recall':>7} {'F1':>6} {'code':>10} {'languages':>10} {'table rows':>11}"
    )
    for name, ones in scores.items():
        parts = ("code", "languages", "rows")
        kept = [f"{sum(p[1] for p in got)}/{sum(p[0] for p in got)}" for got in _parts(ones, parts)]
        means = fmean(one.precision for one in ones), fmean(one.recall for one in ones), f1(ones)
        print(
            f"{name:18} {means[0]:9.3f} {means[1]:7.3f} {means[2]:6.3f} "
            f"{kept[0]:>10} {kept[1]:>10} {kept[2]:>11}"
        )
    if pages:
        for number, label in enumerate(found):
            each = "  ".join(f"{name} {ones[number].f1:.3f}" for name, ones in scores.items())
            print(f"  {label.name:56} {each}")


def _parts(ones: list[Score], parts: tuple[str, ...]) -> list[list[tuple[int, int]]]:
    return [[getattr(one, part) for one in ones] for part in parts]


def f1(ones: list[Score]) -> float:
    return fmean(one.f1 for one in ones)


def of_folder(folder: Path, sample: int | None) -> int:
    """Compare labelled pages of the open web, or a sample of them, with trafilatura, readability.js and defuddle."""
    pages = labelled.read(folder)
    if sample is not None:
        pages = labelled.sample(pages, sample)
    node = labelled.install_node_peers(KEPT / "node")
    extracted = {
        OURS: labelled.ours(pages),
        **labelled.peer([install_peers(), PEERS / "labelled_peers.py"], pages),
        **labelled.peer(node, pages),
    }
    return 0 if labelled.measure(pages, extracted) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", action="store_true", help="also print the F1 of each page")
    parser.add_argument(
        "--labelled", type=Path, metavar="DIR", help="measure the pages of a folder in the format of WCXB"
    )
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="with --labelled: measure about N pages, with the same share of each page type",
    )
    wanted = parser.parse_args()
    if wanted.labelled is not None:
        return of_folder(wanted.labelled, wanted.sample)
    found, missing = available()
    for reason in missing:
        print(f"left out: {reason}")
    if not found:
        raise SystemExit("no labelled pages are available on this machine")
    pages = [label.html for label in found]
    converted = {OURS: asyncio.run(of_ours(pages)), **of_peers(pages)}
    scores = {
        name: [score(label, text) for label, text in zip(found, texts, strict=True)]
        for name, texts in converted.items()
    }
    table(found, scores, pages=wanted.pages)
    figures = Figures()
    figures.at_least("labelled pages", len(found), 30)
    figures.at_least("F1 of the main text", f1(scores[OURS]), F1)
    best = max(f1(ones) for name, ones in scores.items() if name != OURS)
    figures.at_least("F1 of the main text, above the best peer by", f1(scores[OURS]) - best, 0.001)
    for part in ("code", "languages", "rows"):
        (counts,) = _parts(scores[OURS], (part,))
        share = sum(kept for _, kept in counts) / max(1, sum(total for total, _ in counts))
        figures.at_least(f"{part} kept", share, KEEP)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
