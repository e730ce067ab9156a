"""Compare a scheduled run of 500 unchanged pages with the full run before it.

    .venv/bin/python -m bench.unchanged [--pages 500]

It starts its own emulator and the real worker. The pages look like generated documentation and carry an ETag.
Bytes are counted where the site sends them, with the headers of its responses.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.figures import Figures
from bench.synthetic import documentation
from llmready.domain.generation import Generation, Status, Trigger
from llmready.domain.plans import Schedule
from llmready.domain.prices import FILE_PUT, task_hour
from testkit.emulator import Place, running_ministack
from testkit.people import new_generation, registered, with_website
from testkit.serving import Answer, Request, Site, folder, serving
from testkit.worker_process import Worker, now_stored

SHARE_LIMIT = 5  # percent
CPU, MEMORY = 1024, 2048  # CPU and memory of the small task
_STATUS_LINE = len("HTTP/1.1 200 OK\r\n")
_SERVER_HEADERS = len("Server: x\r\nDate: Sun, 29 Nov 2026 08:00:00 GMT\r\n\r\n")


@dataclass
class Traffic:
    """Responses that a site sent."""

    bytes: int = 0
    full: int = 0
    not_modified: int = 0


@dataclass(frozen=True)
class Run:
    """A generation, the traffic of its site, and the time of its worker."""

    generation: Generation
    traffic: Traffic
    seconds: float
    stored: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        pages_of = validated(folder(documentation(root / "site", pages)))
        emulator = root / "emulator"
        emulator.mkdir()
        with running_ministack(emulator) as running, serving({}) as site:
            first, second = runs(running.place(), site, pages_of, root, pages)
    return report(first, second)


def validated(answer: Callable[[str], Answer | None]) -> Callable[[Request, Traffic], Answer | None]:
    """Return a site that answers conditional requests and counts what it sends."""

    def respond(request: Request, traffic: Traffic) -> Answer | None:
        found = answer(request.path)
        if found is None:
            return None
        tag = f'"{hashlib.sha256(found.data).hexdigest()[:16]}"'
        headers = {**found.headers, "ETag": tag}
        conditions = {name.lower(): value for name, value in request.headers.items()}
        if conditions.get("if-none-match") == tag:
            traffic.not_modified += 1
            shown = Answer(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        else:
            traffic.full += 1
            shown = Answer(found.data, headers=headers)
        lines = sum(len(f"{name}: {value}\r\n") for name, value in shown.headers.items())
        traffic.bytes += _STATUS_LINE + lines + _SERVER_HEADERS + len(shown.data)
        return shown

    return respond


def runs(
    place: Place,
    site: Site,
    respond: Callable[[Request, Traffic], Answer | None],
    root: Path,
    pages: int,
) -> tuple[Run, Run]:
    """Generate a website twice, as its schedule would, and return both runs."""
    user = registered(place)
    website = with_website(place, user, f"{site.url}/", max_pages=pages, schedule=Schedule.DAILY)

    def run() -> Run:
        traffic = Traffic()
        site.answer_request = lambda request: respond(request, traffic)
        before = len(_archives(place))
        generation = new_generation(user, website, trigger=Trigger.SCHEDULE)
        place.generations.start(generation, quota_limit=10)
        place.jobs.send(generation)
        began = time.monotonic()
        worker = Worker(place, root, crawl_allow=site.address, lease_seconds=30)
        code = worker.wait(600)
        seconds = time.monotonic() - began
        done = now_stored(place, generation)
        if code or done.status is not Status.COMPLETED or done.pages_crawled != pages:
            raise SystemExit(f"not the requested generation: {done}")
        return Run(done, traffic, seconds, len(_archives(place)) - before)

    return run(), run()


def report(first: Run, second: Run) -> int:
    """Print both runs side by side; return 1 if a limit was missed."""
    figures = Figures()
    for name, run in (("full", first), ("unchanged", second)):
        figures.note(f"{name} run: bytes that the site sent", run.traffic.bytes, "bytes")
        figures.note(f"{name} run: pages sent whole", run.traffic.full)
        figures.note(f"{name} run: answers 304", run.traffic.not_modified)
        figures.note(f"{name} run: seconds from the worker's start to its end", run.seconds, "s")
        figures.note(f"{name} run: task and archive, thousandths of a cent", 1e5 * dollars(run))
    share = 100 * second.traffic.bytes / first.traffic.bytes
    figures.at_most("bytes of the unchanged run, in percent of the full run", share, SHARE_LIMIT, "%")
    figures.at_most("new archives of the unchanged run", second.stored, 0)
    figures.at_most("quota of the unchanged run", 0 if second.generation.is_free else 1, 0)
    return 1 if figures.missed else 0


def dollars(run: Run) -> float:
    """Return what the task and the stored archive cost, without traffic, which AWS does not charge inbound."""
    hour = task_hour(cpu=CPU, memory=MEMORY, architecture="arm64")
    return run.seconds / 3600 * hour + run.stored * FILE_PUT.dollars


def _archives(place: Place) -> list[str]:
    return [key for key in place.stored_keys() if key.endswith(".zip")]


if __name__ == "__main__":
    sys.exit(main())
