"""Check the llms.txt of ten sites with the parser of the format and three validators.

    .venv/bin/python -m bench.llms_txt [--max-pages 400]

The ten sites of tests/pack, crawled whole. From PyPI: llms-txt (the format's own parser), llms-txt-kit and
llms-txt-audit; from npm, installed into .build: @25xcodes/llmstxt-parser, which also gives a score.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import unquote

import aiohttp
import llms_txt_audit
import llmstxt
from llms_txt import parse_llms_file

from bench.figures import Figures
from testkit.crawler_program import Run, run
from testkit.packages import MissingPackageError
from testkit.sample_sites import SITES, Answering, TestSite
from testkit.serving import Answer, serving

LONGEST = 50_000
OK = 200
ROOT = Path(__file__).parent.parent
NPM = ROOT / ".build" / "validators"
PARSER = "@25xcodes/llmstxt-parser@1.2.0"
_JUDGE = """
import { parseAndValidate } from "@25xcodes/llmstxt-parser";
import { readFileSync } from "node:fs";
const found = process.argv.slice(1).map((file) => parseAndValidate(readFileSync(file, "utf8")).validation);
console.log(JSON.stringify(found));
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.llms_txt", description=__doc__)
    parser.add_argument("--max-pages", type=int, default=400)
    wanted = parser.parse_args()
    NPM.mkdir(parents=True, exist_ok=True)
    npm = [str(Path(sys.executable).with_name("npm")), "install", "--silent", "--prefix", str(NPM), PARSER]
    subprocess.run(npm, check=True, capture_output=True, timeout=120)
    figures = Figures()
    accepted = judged = answering = links = 0
    scores: list[int] = []
    longest = 0
    for site in SITES:
        try:
            answer = site.answering()
        except MissingPackageError as missing:
            print(f"  {site.name}: left out, {missing}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = _judged(site, answer, Path(folder), wanted.max_pages)
        judged += 1
        accepted += not found.refused
        answering += found.answering
        links += found.links
        longest = max(longest, found.longest)
        scores.append(found.score)
        refused = f", refused by {', '.join(found.refused)}" if found.refused else ""
        print(
            f"  {site.name:<18} {found.pages:>5} pages {found.files:>3} files {found.sections:>3} sections,"
            f" our score {found.score:>3}, llmstxt-parser's {found.theirs:>3}{refused}",
            flush=True,
        )
    figures.at_least("sites whose llms.txt all four accept", accepted, len(SITES))
    figures.at_most("links that do not answer 200", links - answering, 0)
    figures.at_most("characters of the longest file", longest, LONGEST)
    figures.note("links", links)
    figures.note("our median score", median(scores))
    return 1 if figures.missed or judged < len(SITES) else 0


class Judged(NamedTuple):
    """The results for one site."""

    refused: list[str]
    links: int
    answering: int
    longest: int
    score: int
    theirs: int
    pages: int
    files: int
    sections: int


class Verdict(NamedTuple):
    """The result of llmstxt-parser for a file."""

    valid: bool
    score: int


def _judged(site: TestSite, answering: Answering, folder: Path, max_pages: int) -> Judged:
    uploaded = folder / "out"

    def answer(path: str) -> Answer | None:
        file = uploaded / unquote(path).lstrip("/")
        own = path.startswith(("/llms", "/md/")) and file.is_file()
        return Answer(file.read_bytes(), headers={"Content-Type": "text/plain"}) if own else answering(path)

    with serving(answer) as server:
        arguments = (f"--max-pages={max_pages}", "--timeout=240")
        done = run(server.url + site.start, folder, *arguments, allow=server.address, seconds=300).completed()
        files = [done.out / "llms.txt", *sorted(done.out.glob("llms/*.txt"))]
        links = [link for file in files for link in _links(file)]
        statuses = asyncio.run(_statuses(links))
    return Judged(
        refused=_refused(files),
        links=len(links),
        answering=sum(status == OK for status in statuses),
        longest=max(len(file.read_text()) for file in files),
        score=done.last["quality"]["score"],
        theirs=min(verdict.score for verdict in _theirs(files)),
        pages=done.last["pages_crawled"],
        files=len(files),
        sections=len(_sections(done)),
    )


def _sections(done: Run) -> list[str]:
    return list(parse_llms_file(done.llms).sections)


def _links(file: Path) -> list[str]:
    return [link.url for part in parse_llms_file(file.read_text()).sections.values() for link in part]


def _refused(files: list[Path]) -> list[str]:
    refused = set()
    for file in files:
        text = file.read_text()
        parsed = parse_llms_file(text)
        if not (parsed.title and parsed.summary and parsed.sections):
            refused.add("llms-txt")
        if not llmstxt.validate(text).ok:
            refused.add("llms-txt-kit")
        if not llms_txt_audit.audit_text(text).ok:
            refused.add("llms-txt-audit")
    if not all(verdict.valid for verdict in _theirs(files)):
        refused.add("llmstxt-parser")
    return sorted(refused)


def _theirs(files: list[Path]) -> list[Verdict]:
    node = str(Path(sys.executable).with_name("node"))
    command = [node, "--input-type=module", "-e", _JUDGE, *map(str, files)]
    done = subprocess.run(command, cwd=NPM, check=True, capture_output=True, text=True, timeout=60)
    return [Verdict(found["valid"], found["score"]) for found in json.loads(done.stdout)]


async def _statuses(links: list[str]) -> list[int]:
    async with aiohttp.ClientSession() as session:
        gate = asyncio.Semaphore(8)

        async def status(link: str) -> int:
            async with gate, session.get(link) as answer:
                return answer.status

        return list(await asyncio.gather(*map(status, links)))


if __name__ == "__main__":
    sys.exit(main())
