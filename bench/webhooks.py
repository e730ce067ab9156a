"""Time from the completion of a generation to the arrival of its webhook.

    .venv/bin/python -m bench.webhooks [--generations 40]

Runs the whole local system: the worker, the outbox, its queue, the notifier and a receiver on loopback.
"""

import argparse
import json
import statistics
import tempfile
from datetime import datetime
from pathlib import Path

from bench.figures import Figures
from testkit.ports import free_port
from testkit.receiver import Receiver, receiving
from testkit.sites import numbered, serve
from testkit.system import Person, System, wait_for

LIMIT = 3.0  # seconds
WEBSITES = 5  # each path of one site is a separate website
QUOTA = 25  # generations a month of the plan that each person has
PAGES = 5
WARM_UP = 10  # generations that are not counted: the functions and their clients start with them


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=40)
    wanted = parser.parse_args().generations
    figures = Figures()
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as data,
        serve(numbered(PAGES)) as site,
        receiving(port=port) as receiver,
    ):
        system = System(Path(data), allow=f"{site.host},{receiver.host}").start()
        try:
            generate(system.user("pro"), site.url, receiver, WARM_UP)
            cold = waits(receiver)
            receiver.requests.clear()
            for start in range(0, wanted, QUOTA):
                generate(system.user("pro"), site.url, receiver, min(QUOTA, wanted - start))
        finally:
            system.stop()
    figures.note(f"the longest of the first {WARM_UP} after the start of the system", cold[-1], "s")
    warm = waits(receiver)
    figures.at_least("webhooks that arrived", len(warm), wanted)
    figures.note("from completion to delivery: median", statistics.median(warm), "s")
    figures.at_most("p95", warm[int(0.95 * (len(warm) - 1))], LIMIT, "s")
    figures.note("the longest", warm[-1], "s")
    return 1 if figures.missed else 0


def generate(person: Person, site: str, receiver: Receiver, count: int) -> None:
    """Generate websites of one person, a few at the same time, and wait for the webhooks."""
    assert person.http.post("/webhooks", json={"url": receiver.url}).status_code == 201  # noqa: S101
    before = len(receiver.requests)
    websites = [person.website(f"{site}/?copy={number}") for number in range(WEBSITES)]
    for start in range(0, count, WEBSITES):
        started = [person.start(website) for website in websites[: min(WEBSITES, count - start)]]
        for generation in started:
            person.finished(generation)
    wait_for(lambda: len(receiver.requests) - before >= count, within=60)


def waits(receiver: Receiver) -> list[float]:
    """Return the seconds from the end of each generation to the first arrival of its webhook, sorted."""
    first = {request.headers["webhook-id"]: request for request in reversed(receiver.requests)}
    return sorted(request.received_at - completed_at(request.body) for request in first.values())


def completed_at(body: bytes) -> float:
    """Return the time in seconds since 1970 at which the generation ended, as its webhook says."""
    return datetime.fromisoformat(json.loads(body)["data"]["completed_at"]).timestamp()


if __name__ == "__main__":
    raise SystemExit(main())
