"""Measure what the dispatcher's minute tick reads with 100,000 scheduled websites, and how their starts are spread.

    .venv/bin/python -m bench.schedules [--websites 100000]

It fills a table of the local emulator and runs the tick in this process. Items, calls and read units are counted. The
printed time is the emulator's; it says nothing about DynamoDB. The spread depends only on the IDs of the websites.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from bench.figures import Figures
from bench.reads import noted_reads
from llmready.domain.clock import new_id
from llmready.domain.plans import Schedule
from llmready.domain.schedules import next_run, slot_of
from llmready.observability import logger
from llmready.usecases.run_schedules import run_schedules
from testkit.emulator import Place, running_ministack
from testkit.items import stored_websites
from testkit.people import new_website, registered

OF_ONE_USER = 500
DUE = (0, 1, 50)  # runs that are due at the ticks that are measured
ITEMS_A_RUN = 8  # at most: the run, its website, its account, and what a start reads
CALL = 0.010  # seconds of one DynamoDB call, for the estimate of a tick's time
AT_ONCE = 8  # starts that the tick runs side by side
MINUTE, HOUR = 60, 3600  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--websites", type=int, default=100_000)
    websites = parser.parse_args().websites
    figures = Figures()
    logger.setLevel("ERROR")
    with tempfile.TemporaryDirectory() as folder, running_ministack(Path(folder)) as emulator:
        calls = ticks(figures, emulator.place(), websites)
    spread(figures, websites, calls)
    return 1 if figures.missed else 0


def ticks(figures: Figures, place: Place, websites: int) -> float:
    """Measure ticks at which few runs are due; return the calls for each run."""
    begin = time.perf_counter()
    due = sorted(filled(place, websites))
    print(f"{websites:,} websites, filled in {time.perf_counter() - begin:.0f} s", flush=True)
    reads = noted_reads(place)
    calls = 0.0
    done = 0
    for wanted in DUE:
        # The runs of earlier ticks are no longer due.
        moment = due[done + wanted - 1] if wanted else due[0] - timedelta(seconds=1)
        reads.clear()
        began = time.perf_counter()
        # Metrics are printed.
        with contextlib.redirect_stdout(io.StringIO()):
            ran = run_schedules(place.services_at(moment), until=moment + timedelta(hours=1))
        seconds = time.perf_counter() - began
        runs = len(ran.started) + ran.skipped
        done += runs
        assert runs == wanted, (runs, wanted)  # noqa: S101 - the figures would be of something else
        items, units = sum(read.items for read in reads), sum(read.units for read in reads)
        what = f"a tick with {wanted} runs due: items read of {3 * websites:,}"
        figures.at_most(what, items, max(1, ITEMS_A_RUN * wanted), "items")
        print(
            f"      reads: {len(reads)}, read units: {units:g}; {seconds:.1f} s on the emulator", flush=True
        )
        calls = len(reads) / wanted if wanted else 0.0
    return calls


def filled(place: Place, websites: int) -> list[datetime]:
    """Store websites with a daily schedule, and return when their next runs are due."""
    due = []
    for start in range(0, websites, OF_ONE_USER):
        user = registered(place, "pro")
        count = min(OF_ONE_USER, websites - start)
        some = [new_website(user, schedule=Schedule.DAILY) for _ in range(count)]
        stored_websites(place, user, some)
        found = [next_run(website.schedule, website.id, website.updated_at) for website in some]
        due += [moment for moment in found if moment is not None]
    return due


def spread(figures: Figures, websites: int, reads: float) -> None:
    """Print how many runs start in each minute of a day, and of an hour in which all of them are due."""
    a_day = Counter(slot_of(new_id()).second // MINUTE for _ in range(websites))
    figures.note("runs per minute, if all are due within a day: mean", websites / 1440)
    figures.at_most("runs of the busiest minute of that day", max(a_day.values()), 2 * websites / 1440)
    a_hour: list[int] = []
    while len(a_hour) < websites:
        second = slot_of(new_id()).second
        if second < HOUR:
            a_hour.append(second)
    minutes = Counter(second // MINUTE for second in a_hour)
    counts = [minutes[minute] for minute in range(HOUR // MINUTE)]
    figures.note("runs of a minute, if all are due within one hour: median", statistics.median(counts))
    figures.at_least("runs of the quietest minute of that hour", min(counts), 0.8 * websites / 60)
    figures.at_most("runs of the busiest minute of that hour", max(counts), 1.2 * websites / 60)
    # A start also writes one transaction and one message.
    seconds = max(counts) * (reads + 2) * CALL / AT_ONCE
    figures.at_most(
        f"estimated time of that minute's tick at {CALL * 1000:g} ms a call", seconds, MINUTE, "s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
