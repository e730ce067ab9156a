"""Run all benchmarks, one after the other.

    python -m bench [--only NAME] [--runs N]

Each is a separate program (`python -m bench.NAME`) that prints its figures with their limits.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec

MEASUREMENTS = {
    "crawl": "crawls compared with Crawlee and Scrapy: pages/s, CPU, memory, latency",
    "markdown": "the Markdown of pages compared with other extractors",
    "conversion": "converting pages",
    "llms_txt": "llms.txt",
    "pack": "packing an archive",
    "coverage": "pages found on real sites",
    "hostile": "hostile sites",
    "rendering": "pages that need a browser",
    "generation": "a generation from start to end",
    "unchanged": "a scheduled run of unchanged pages compared with a full run",
    "schedules": "reads of the minute tick with 100,000 websites, and the distribution of their runs",
    "webhooks": "from completion to the arrival of a webhook",
    "fairness": "users with one generation each beside a user with 500",
    "accounts": "sign-ins, warm routes, cold starts",
    "lists": "lists of a user with many websites and generations",
    "web": "the web app: first load, layout shifts, a result of 1,000 pages",
    "deployment": "synthesis, packages and cost of a deployment",
}
WITH_RUNS = {"crawl", "generation", "fairness", "deployment", "web"}
"""Benchmarks with the option `--runs`, the number of runs whose median is used."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=MEASUREMENTS)
    parser.add_argument("--runs", type=int, default=3)
    wanted = parser.parse_args()
    failed = []
    for name, about in MEASUREMENTS.items():
        if (wanted.only or name) != name or find_spec(f"bench.{name}") is None:
            continue
        print(f"== {name}: {about}", flush=True)
        runs = ["--runs", str(wanted.runs)] if name in WITH_RUNS else []
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *runs], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"benchmarks that failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
