"""Measure speed, CPU time and memory of crawls, compared with Crawlee and Scrapy in the same run.

    .venv/bin/python -m bench.crawl [--runs 3] [--only peers|size|latency|real] [--without-peers]

The sites are served on loopback: synthetic documentation of 1,000 and 5,000 pages of 72 kB, the same with 50 ms of
latency, and the documentation of Python. Each crawler runs with its default checks and 16 connections, and writes
one Markdown file per page; LLMReady writes the whole archive. Seconds are measured from the start to the end of the
program.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.delayed import delayed
from bench.figures import Figures
from bench.process import Measured, measured
from bench.site import nginx
from bench.synthetic import documentation

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".build" / "bench"
PEERS = ROOT / "bench" / "peers"
REAL = Path("/usr/share/doc/python3.11-doc/html")

CONNECTIONS = 16
LATENCY = 0.05  # seconds
FAR_CONNECTIONS = 20

TIMES_SCRAPY = 5.0
TIMES_CRAWLEE = 8.0
PART_OF_CRAWLEES_CPU = 0.25
MEMORY = 200.0  # MB
MEMORY_GROWTH = 15.0  # per cent
PART_OF_LATENCY_BOUND = 80.0  # per cent

Crawler = Callable[[str, Path, int], Measured]


def ours(address: str, out: Path, pages: int, connections: int = CONNECTIONS) -> Measured:
    """Crawl with this repository's crawler."""
    environment = {
        **os.environ,
        "LLMREADY_CRAWL_ALLOW": address,
        "LLMREADY_CRAWL_CONNECTIONS": str(connections),
        "LLMREADY_CRAWL_MB": "1000",
        # The image contains compiled modules; here the first crawl compiles them.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    command = [
        sys.executable,
        "-m",
        "llmready.crawler",
        f"http://{address}/",
        "--out",
        str(out),
        "--max-pages",
        str(pages),
    ]
    figures = measured([*command, "--timeout", "600"], environment)
    manifest = json.loads((out / "manifest.json").read_text())
    _check("ours", len(manifest["pages"]), pages)
    return Measured(figures.seconds, figures.cpu, figures.peak, manifest["duration_sec"])


def crawlee(address: str, out: Path, pages: int) -> Measured:
    """Crawl with Crawlee's CheerioCrawler and mdream."""
    figures = measured(
        ["node", KEPT / "crawlee" / "crawlee.mjs", f"http://{address}/", out, str(CONNECTIONS)]
    )
    _check("crawlee", len(list(out.iterdir())), pages)
    return figures


def scrapy(address: str, out: Path, pages: int) -> Measured:
    """Crawl with Scrapy and html-to-markdown."""
    python = KEPT / "scrapy" / "bin" / "python"
    figures = measured([python, PEERS / "scrapy_spider.py", f"http://{address}/", out, str(CONNECTIONS)])
    _check("scrapy", len(list(out.iterdir())), pages)
    return figures


def _check(who: str, found: int, pages: int) -> None:
    # For the peers, "/" and "/index.html" are different pages.
    if not pages <= found <= pages + 1:
        raise SystemExit(f"{who} found {found} of {pages} pages")


def install_peers() -> None:
    """Install the peers into a separate folder, unless they are installed."""
    wanted = (PEERS / "package.json").read_text() + (PEERS / "requirements.txt").read_text()
    stamp = KEPT / "peers.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        print("installing the peers …", flush=True)
        folder = KEPT / "crawlee"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(PEERS / "package.json", folder)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
        subprocess.run([sys.executable, "-m", "venv", KEPT / "scrapy"], check=True)
        pip = [
            str(KEPT / "scrapy" / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "-r", PEERS / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    # Beside the packages, where Node searches for them.
    shutil.copy(PEERS / "crawlee.mjs", KEPT / "crawlee")


def site(count: int) -> Path:
    """Return the folder of a synthetic site, which is generated once."""
    folder = KEPT / f"site-{count}"
    stamp = KEPT / f"site-{count}.txt"
    source = (ROOT / "bench" / "synthetic.py").read_text()
    if not stamp.exists() or stamp.read_text() != source:
        documentation(folder, count)
        stamp.write_text(source)
    return folder


def medians(crawlers: Sequence[Crawler], address: str, pages: int, runs: int) -> list[Measured]:
    """Return the medians of some runs of each crawler. The crawlers alternate, so that other load affects all of
    them."""
    found: list[list[Measured]] = [[] for _ in crawlers]
    for _ in range(runs):
        for crawler, its in zip(crawlers, found, strict=True):
            with tempfile.TemporaryDirectory() as scratch:
                its.append(crawler(address, Path(scratch) / "out", pages))
    return [
        Measured(
            *(
                statistics.median(getattr(one, name) for one in its)
                for name in ("seconds", "cpu", "peak", "fetching")
            )
        )
        for its in found
    ]


def show(who: str, pages: int, figures: Measured) -> None:
    """Print one crawler's figures."""
    print(
        f"  {who:<34} {pages / figures.seconds:8.1f} pages/s {1000 * figures.cpu / pages:7.2f} ms of CPU a page "
        f"{figures.peak:6.0f} MB {figures.seconds:7.2f} s on {figures.cpu / figures.seconds:.2f} processors",
        flush=True,
    )


def beside_peers(figures: Figures, runs: int, *, peers: bool) -> float:
    """Crawl 1,000 pages and compare with the peers. Returns: LLMReady's peak memory in MB."""
    print(f"1,000 synthetic pages of 72 kB, loopback, {CONNECTIONS} connections, medians of {runs} runs")
    if peers:
        install_peers()
    crawlers = (ours, scrapy, crawlee) if peers else (ours,)
    with nginx(site(1000)) as address:
        own, *others = medians(crawlers, address, 1000, runs)
    show("LLMReady, whole archive", 1000, own)
    if others:
        first, second = others
        show("Scrapy + html-to-markdown", 1000, first)
        show("Crawlee CheerioCrawler + mdream", 1000, second)
        figures.at_least("pages/s, relative to Scrapy", first.seconds / own.seconds, TIMES_SCRAPY, "times")
        figures.at_least("pages/s, relative to Crawlee", second.seconds / own.seconds, TIMES_CRAWLEE, "times")
        figures.at_most("CPU against Crawlee's", own.cpu / second.cpu, PART_OF_CRAWLEES_CPU)
    figures.at_most("peak memory of the process tree, 1,000 pages", own.peak, MEMORY, "MB")
    return own.peak


def larger(figures: Figures, runs: int, smaller: float | None) -> None:
    """Crawl 5,000 pages and compare the memory with that of 1,000 pages."""
    print(f"5,000 synthetic pages of 72 kB, loopback, medians of {runs} runs")
    with nginx(site(5000)) as address:
        (own,) = medians([ours], address, 5000, runs)
    show("LLMReady, whole archive", 5000, own)
    figures.at_most("peak memory of the process tree, 5,000 pages", own.peak, MEMORY, "MB")
    if smaller is not None:
        growth = 100 * abs(own.peak / smaller - 1)
        figures.at_most("difference between the peaks of 1,000 and 5,000 pages", growth, MEMORY_GROWTH, "%")


def far_away(figures: Figures, runs: int) -> None:
    """Crawl 1,000 pages with 50 ms of latency."""
    bound = FAR_CONNECTIONS / LATENCY
    print(
        f"1,000 pages 50 ms away, {FAR_CONNECTIONS} connections (at most {bound:.0f} pages/s), medians of {runs} runs"
    )

    def crawler(address: str, out: Path, pages: int) -> Measured:
        return ours(address, out, pages, FAR_CONNECTIONS)

    with delayed(site(1000), LATENCY) as address:
        (own,) = medians([crawler], address, 1000, runs)
    show("LLMReady, whole archive", 1000, own)
    figures.at_least(
        "of connections ÷ latency, first request to last page",
        _part(own.fetching),
        PART_OF_LATENCY_BOUND,
        "%",
    )
    figures.note("the same, start and packing included", _part(own.seconds), "%")


def _part(seconds: float) -> float:
    return 100 * 1000 / seconds / (FAR_CONNECTIONS / LATENCY)


def real(figures: Figures, runs: int) -> None:
    """Crawl real documentation."""
    if not REAL.exists():
        print(
            "real documentation: left out, python3-doc is not installed (on Debian: apt install python3-doc)"
        )
        return
    pages = 500
    print(
        f"Python's documentation, {pages} pages, loopback, {CONNECTIONS} connections, medians of {runs} runs"
    )
    with nginx(REAL) as address:
        (own,) = medians([ours], address, pages, runs)
    show("LLMReady, whole archive", pages, own)
    figures.at_most("peak memory of the process tree", own.peak, MEMORY, "MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=("peers", "size", "latency", "real"))
    parser.add_argument("--without-peers", action="store_true")
    wanted = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    figures = Figures()
    print(f"{os.cpu_count()} processors, load before the start: {os.getloadavg()[0]:.1f}")
    peak = None
    if wanted.only in (None, "peers"):
        peak = beside_peers(figures, wanted.runs, peers=not wanted.without_peers)
    if wanted.only in (None, "size"):
        larger(figures, wanted.runs, peak)
    if wanted.only in (None, "latency"):
        far_away(figures, wanted.runs)
    if wanted.only in (None, "real"):
        real(figures, wanted.runs)


if __name__ == "__main__":
    main()
