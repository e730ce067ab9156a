"""Compare the CPU time of a crawl with that of another revision, in pairs of runs.

    .venv/bin/python -m bench.against REVISION [--at REVISION] [--folder DIR] [--start /index.html] [--pages 1000]
        [--runs 7]

The other revision is checked out into ``.build/bench`` with its own environment. ``--at`` measures a second revision
in place of the working tree, to find which change costs how much. nginx serves a folder on loopback (by default the
synthetic documentation of ``bench.crawl``). Both revisions crawl it alternately. Each pair gives one ratio; the
median of the ratios is the result. CPU seconds are those of the whole program and its children. Other load on the
machine affects both runs of a pair equally.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.crawl import CONNECTIONS, KEPT, ROOT, site
from bench.figures import Figures
from bench.process import Measured, measured
from bench.site import nginx

MOST_TIMES = 1.05
"""Maximum ratio of this revision's CPU time to the other's."""


def checkout(revision: str) -> Path:
    """Check out a revision into a separate folder and create its environment, unless they exist.

    Args:
        revision: A commit, a tag or a branch.

    Returns:
        The folder.

    Raises:
        SystemExit: git does not know the revision, or its environment could not be made.
    """
    known = subprocess.run(
        ["git", "rev-parse", "--verify", "--short", f"{revision}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if known.returncode:
        raise SystemExit(
            f"git does not know the revision {revision}; run git fetch, or choose another revision"
        )
    folder = KEPT / f"revision-{known.stdout.strip()}"
    try:
        if not folder.exists():
            # A clone, because a worktree would stay registered after `make clean`.
            subprocess.run(["git", "clone", "--quiet", "--no-checkout", ROOT, folder], check=True)
            subprocess.run(["git", "checkout", "--quiet", known.stdout.strip()], cwd=folder, check=True)
        stamps = [".venv/stamps/python", ".venv/stamps/mdream"]
        subprocess.run(["make", "--silent", *stamps], cwd=folder, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"the environment of {revision} could not be created in {folder}; the lines above say why"
        ) from error
    return folder


def crawl(repository: Path, address: str, start: str, pages: int) -> tuple[Measured, int]:
    """Crawl with the command line of a repository. Returns: the figures, and the number of stored pages."""
    environment = {
        **os.environ,
        "LLMREADY_CRAWL_ALLOW": address,
        "LLMREADY_CRAWL_CONNECTIONS": str(CONNECTIONS),
        "LLMREADY_CRAWL_MB": "1000",
        # The image contains compiled modules; here the first crawl compiles them.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        command = [str(repository / ".venv" / "bin" / "llmready"), "crawl", f"http://{address}{start}"]
        with (Path(scratch) / "output").open("w") as output:
            figures = measured(
                [*command, "--out", str(out), "--max-pages", str(pages)], environment, output=output.fileno()
            )
        return figures, sum(1 for _ in (out / "md").rglob("*.md"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision")
    parser.add_argument(
        "--at", metavar="REVISION", help="the revision to measure (default: the working tree)"
    )
    parser.add_argument("--folder", type=Path, help="the website (default: synthetic documentation)")
    parser.add_argument("--start", default="/")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    wanted = parser.parse_args()
    other = checkout(wanted.revision)
    this = checkout(wanted.at) if wanted.at else ROOT
    folder = wanted.folder.resolve() if wanted.folder else site(wanted.pages)
    ratios = []
    with nginx(folder) as address:
        print(
            f"CPU of a page at {wanted.revision} and {wanted.at or 'here'}, ms; the first pair only compiles modules",
            flush=True,
        )
        for run in range(wanted.runs + 1):
            before, pages_before = crawl(other, address, wanted.start, wanted.pages)
            now, pages = crawl(this, address, wanted.start, wanted.pages)
            cpu_before, cpu = 1000 * before.cpu / pages_before, 1000 * now.cpu / pages
            print(
                f"  {cpu_before:6.2f} ({pages_before} pages) {cpu:6.2f} ({pages} pages) {cpu / cpu_before:6.3f}",
                flush=True,
            )
            if run:
                ratios.append(cpu / cpu_before)
    figures = Figures()
    figures.at_most(f"CPU of a page, times that of {wanted.revision}", statistics.median(ratios), MOST_TIMES)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
