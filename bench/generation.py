"""Measure the time of a generation, from POST /start to `completed`, and the memory of its worker.

    .venv/bin/python -m bench.generation [--runs 5]

It starts its own local system. The documentation site is python3-doc, served by nginx on loopback. `cold` starts
without a running worker, `warm` with a worker that has just finished another generation.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bench.site import nginx, numbered_pages
from testkit.memory import Watch
from testkit.system import Person, System, wait_for

DOCUMENTATION = Path("/usr/share/doc/python3.11-doc/html")
LIMITS = {10: 3.0, 100: 5.0, 500: 10.0}  # seconds
MEMORY_LIMIT = 256  # MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    if not DOCUMENTATION.exists():
        raise SystemExit("this measurement needs python3-doc (on Debian: apt install python3-doc)")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        big = numbered_pages(folder / "site", 1000)
        folder.chmod(0o755)
        with nginx(DOCUMENTATION) as documentation, nginx(big) as thousand:
            began = time.monotonic()
            system = System(folder / "data", allow=f"{documentation},{thousand}").start()
            print(f"make run to ready, first start: {time.monotonic() - began:.1f} s (at most 20)")
            try:
                measure(system, f"http://{documentation}/", runs)
                memory(system, f"http://{thousand}/")
            finally:
                system.stop()
            began = time.monotonic()
            system.start()
            print(f"make run to ready, again: {time.monotonic() - began:.1f} s (at most 20)")
            system.stop()


def measure(system: System, url: str, runs: int) -> None:
    print(f"{'pages':>6} {'cold':>8} {'warm':>8} {'limit':>8}   medians of {runs} runs, seconds")
    for pages, limit in LIMITS.items():
        cold, warm = [], []
        for _ in range(runs):
            person = system.user("pro")
            website = person.website(url, max_pages=pages)
            wait_for(lambda: not running(system), within=120, every=0.5)
            cold.append(seconds(person, website, pages))
            warm.append(seconds(person, website, pages))
        print(
            f"{pages:>6} {statistics.median(cold):>8.2f} {statistics.median(warm):>8.2f} {limit:>8.1f}",
            flush=True,
        )


def seconds(person: Person, website: str, pages: int) -> float:
    began = time.monotonic()
    generation = person.start(website)
    done = wait_for(
        lambda: (found := person.generation(generation))["status"] not in ("pending", "processing") and found,
        within=120,
        every=0.02,
    )
    took = time.monotonic() - began
    if done["status"] != "completed" or done["pages_crawled"] != pages:
        raise SystemExit(f"not the requested generation: {done}")
    return took


def memory(system: System, url: str) -> None:
    person = system.user("pro")
    website = person.website(url, max_pages=1000)
    with Watch("-m llmready.worker", str(system.data)) as watch:
        took = seconds(person, website, 1000)
    print(
        f"worker with its crawler and Node child, 1,000 pages of 72 kB in {took:.1f} s: "
        f"peak {watch.peak:.0f} MB (at most {MEMORY_LIMIT})"
    )


def running(system: System) -> bool:
    ecs = system.aws("ecs")
    cluster = ecs.list_clusters()["clusterArns"][0]
    return bool(ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"])


if __name__ == "__main__":
    main()
